"""Estimators of a study that have an entry point of their own, and their options under ``with``."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import polars as pl

from econloom.core.covariances import VcovSpec
from econloom.core.errors import EconloomError, UsageError, did_you_mean
from econloom.core.frame import Panel
from econloom.panel import dynamics, generalised, limited, panels
from econloom.study import staggered

_GIVEN = {"formula", "data", "unit", "time", "vcov", "where", "ssc", "weights", "system"}


@dataclass(frozen=True)
class Estimator:
    """An estimator by name.

    Attributes
    ----------
    fit : callable
        Its entry point.
    by_unit : bool
        Whether it is told the panel's unit.
    """

    fit: Callable[..., Any]
    by_unit: bool = True

    @property
    def parameters(self) -> Mapping[str, inspect.Parameter]:
        """Of the entry point."""
        return inspect.signature(self.fit).parameters

    @property
    def options(self) -> list[str]:
        """What ``with`` may give."""
        return [name for name in self.parameters if name not in _GIVEN]


ESTIMATORS: Mapping[str, Estimator] = {
    "random_effects": Estimator(panels.random_effects),
    "between": Estimator(panels.between),
    "first_difference": Estimator(panels.first_difference),
    "poisson": Estimator(generalised.poisson),
    "logit": Estimator(generalised.logit),
    "difference_gmm": Estimator(partial(dynamics.dynamic_panel, system=False)),
    "system_gmm": Estimator(partial(dynamics.dynamic_panel, system=True)),
    "bias_corrected": Estimator(dynamics.bias_corrected),
    "tobit": Estimator(limited.tobit, by_unit=False),
    "tobit_re": Estimator(limited.tobit),
    "fractional": Estimator(limited.fractional),
    **{name: Estimator(partial(staggered.column, method=name)) for name in staggered.ROBUST},
}


def check_options(name: str, options: Mapping[str, Any]) -> list[tuple[str, EconloomError]]:
    """Faults of the options of an estimator that can be seen without data, each with its key."""
    found: list[tuple[str, EconloomError]] = []
    if name not in ESTIMATORS:
        return [(key, UsageError(f"the estimator {name} takes no options")) for key in options]
    known = ESTIMATORS[name].options
    for key, value in options.items():
        if key not in known:
            hint = f"it has {', '.join(known)}" if known else None
            found.append((key, UsageError(f"{name} has no option {key!r}{did_you_mean(key, known)}", hint=hint)))
        elif key == "instruments":
            try:
                instruments_of(value)
            except UsageError as error:
                found.append((key, error))
    return found


def fit(panel: Panel, model: Mapping[str, Any], vcov: VcovSpec, where: pl.Series | None) -> Any:
    """Fit a planned model.

    Raises
    ------
    UsageError
        An option that the estimator does not have, weights, or clusters that it cannot bear.
    """
    name = model["estimator"]
    estimator = ESTIMATORS[name]
    for _, fault in check_options(name, model["options"]):
        raise fault
    options = {k: instruments_of(v) if k == "instruments" else v for k, v in model["options"].items()}
    parameters = estimator.parameters
    offered = {"unit": panel.unit if estimator.by_unit else None, "time": panel.time, "vcov": vcov, "where": where}
    given = {k: v for k, v in offered.items() if k in parameters} | options
    if "vcov" not in parameters and vcov.clusters not in ((), (panel.unit,)):
        raise UsageError(
            f"{name} has errors clustered by {panel.unit}, not {vcov}", hint=f"vcov: {{cluster: {panel.unit}}}"
        )
    if "weights" in parameters:
        given["weights"] = model["weights"]
    elif model["weights"] is not None:
        raise UsageError(f"{name} takes no weights")
    return estimator.fit(model["formula"], panel, **given)


def instruments_of(written: Any) -> list[dynamics.GmmIV | dynamics.StdIV]:
    """``{gmm: w, lags: [2, 4], equation: both, collapse: true}`` and ``{std: k, equation: level}`` as instruments.

    Raises
    ------
    UsageError
    """
    if not isinstance(written, Sequence) or isinstance(written, str):
        raise UsageError("instruments is a list", hint="[{gmm: y, lags: [2, 4]}, {std: x}]")
    return [_instrument(one) for one in written]


def _instrument(one: Any) -> dynamics.GmmIV | dynamics.StdIV:
    allowed = {"gmm": {"lags", "equation", "collapse"}, "std": {"equation", "untransformed"}}
    kinds = [k for k in allowed if isinstance(one, Mapping) and k in one]
    if len(kinds) != 1:
        raise UsageError(f"an instrument is {{gmm: ...}} or {{std: ...}}, not {one!r}")
    kind, rest = kinds[0], {k: v for k, v in one.items() if k != kinds[0]}
    for key in rest:
        if key not in allowed[kind]:
            raise UsageError(f"no key {key!r} of {{{kind}: ...}}{did_you_mean(key, allowed[kind])}")
    names = str(one[kind])
    if kind == "std":
        return dynamics.std_iv(names, **rest)
    if "lags" in rest:
        lags = rest["lags"]
        if not isinstance(lags, Sequence) or isinstance(lags, str) or len(lags) != 2:
            raise UsageError(f"lags: [nearest, farthest], not {lags!r}", hint="[2, 4], or [2, null] for all")
        rest = {**rest, "lags": tuple(lags)}
    return dynamics.gmm_iv(names, **rest)
