"""econloom turns an empirical economics paper into a program."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

# name -> (module, attribute or None for the module itself); imported on first use, so `import econloom` stays quick
_PUBLIC: dict[str, tuple[str, str | None]] = {
    "iid": ("econloom.core.covariances", "iid"),
    "hc1": ("econloom.core.covariances", "hc1"),
    "hc2": ("econloom.core.covariances", "hc2"),
    "hc3": ("econloom.core.covariances", "hc3"),
    "cluster": ("econloom.core.covariances", "cluster"),
    "cr2": ("econloom.core.covariances", "cr2"),
    "cr3": ("econloom.core.covariances", "cr3"),
    "wild": ("econloom.core.covariances", "wild"),
    "newey_west": ("econloom.core.covariances", "newey_west"),
    "driscoll_kraay": ("econloom.core.covariances", "driscoll_kraay"),
    "conley": ("econloom.core.covariances", "conley"),
    "wild_bootstrap": ("econloom.panel.inference.bootstrap", "wild_bootstrap"),
    "pairs_bootstrap": ("econloom.panel.inference.pairs", "pairs_bootstrap"),
    "ols": ("econloom.panel.fit", "ols"),
    "iv": ("econloom.panel.fit", "iv"),
    "poisson": ("econloom.panel.generalised", "poisson"),
    "logit": ("econloom.panel.generalised", "logit"),
    "random_effects": ("econloom.panel.panels", "random_effects"),
    "between": ("econloom.panel.panels", "between"),
    "first_difference": ("econloom.panel.panels", "first_difference"),
    "dynamic_panel": ("econloom.panel.dynamics", "dynamic_panel"),
    "bias_corrected": ("econloom.panel.dynamics", "bias_corrected"),
    "gmm_iv": ("econloom.panel.dynamics", "gmm_iv"),
    "std_iv": ("econloom.panel.dynamics", "std_iv"),
    "tobit": ("econloom.panel.limited", "tobit"),
    "fractional": ("econloom.panel.limited", "fractional"),
    "shift_share": ("econloom.panel.designs.shift_share", "shift_share"),
    "did": ("econloom.panel.did", None),
    "tests": ("econloom.panel.hypotheses", None),
    "moderation": ("econloom.panel.designs.moderation", None),
    "space": ("econloom.panel.designs.space", None),
    "sensitivity": ("econloom.panel.designs.sensitivity", None),
    "multiple": ("econloom.panel.designs.multiple_testing", None),
    "mediation": ("econloom.panel.designs.mediation", None),
    "heterogeneity": ("econloom.panel.designs.heterogeneity", None),
    "placebo": ("econloom.panel.designs.placebo", None),
    "specifications": ("econloom.panel.designs.specifications", None),
    "influence": ("econloom.panel.designs.influence", None),
    "matching": ("econloom.panel.matching", None),
    "read": ("econloom.data.readers", "read"),
    "iot": ("econloom.iot", None),
    "clean": ("econloom.data.clean", None),
    "regions": ("econloom.data.regions", None),
    "simulate": ("econloom.simulate", None),
    "lights": ("econloom.lights", None),
    "measures": ("econloom.measures", None),
    "audit": ("econloom.audit", None),
    "study": ("econloom.study", "study"),
    "diff": ("econloom.study.diff", "diff"),
    "event_plot": ("econloom.report.effects", "event_plot"),
    "etable": ("econloom.report.tables", "etable"),
    "errors": ("econloom.core.errors", None),
}

__all__ = [*_PUBLIC, "__version__"]


def __getattr__(name: str) -> Any:
    if name not in _PUBLIC:
        raise AttributeError(f"module 'econloom' has no attribute {name!r}")
    module, attribute = _PUBLIC[name]
    loaded = import_module(module)
    return loaded if attribute is None else getattr(loaded, attribute)


def __dir__() -> list[str]:
    return sorted(__all__)


if TYPE_CHECKING:
    from econloom.core import errors as errors
    from econloom.core.covariances import cluster as cluster
    from econloom.core.covariances import conley as conley
    from econloom.core.covariances import cr2 as cr2
    from econloom.core.covariances import cr3 as cr3
    from econloom.core.covariances import driscoll_kraay as driscoll_kraay
    from econloom.core.covariances import hc1 as hc1
    from econloom.core.covariances import hc2 as hc2
    from econloom.core.covariances import hc3 as hc3
    from econloom.core.covariances import iid as iid
    from econloom.core.covariances import newey_west as newey_west
    from econloom.core.covariances import wild as wild
