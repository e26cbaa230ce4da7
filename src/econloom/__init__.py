"""econloom turns an empirical economics paper into a program."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

# name -> (module, attribute or None for the module itself); imported on first use, so `import econloom` stays quick
_PUBLIC: dict[str, tuple[str, str | None]] = {
    "iid": ("econloom.core.spec", "iid"),
    "hc1": ("econloom.core.spec", "hc1"),
    "hc2": ("econloom.core.spec", "hc2"),
    "hc3": ("econloom.core.spec", "hc3"),
    "cluster": ("econloom.core.spec", "cluster"),
    "ols": ("econloom.panel.fit", "ols"),
    "iv": ("econloom.panel.fit", "iv"),
    "poisson": ("econloom.panel.generalised", "poisson"),
    "logit": ("econloom.panel.generalised", "logit"),
    "random_effects": ("econloom.panel.panels", "random_effects"),
    "between": ("econloom.panel.panels", "between"),
    "first_difference": ("econloom.panel.panels", "first_difference"),
    "tests": ("econloom.panel.hypotheses", None),
    "iot": ("econloom.iot", None),
    "study": ("econloom.study", "study"),
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
    from econloom.core.spec import cluster as cluster
    from econloom.core.spec import hc1 as hc1
    from econloom.core.spec import hc2 as hc2
    from econloom.core.spec import hc3 as hc3
    from econloom.core.spec import iid as iid
