"""Honest intervals: what an event study shows when trends were not parallel (Rambachan and Roth 2023)."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import polars as pl
from scipy import special

from econloom.core.errors import UsageError
from econloom.core.labels import Label
from econloom.panel.did.fixed_length import fixed_length
from econloom.panel.did.relative_magnitudes import conditional_hybrid
from econloom.panel.did.trend_paths import (
    Target,
    Trends,
    Weights,
    consecutive,
    steps_before,
    tail_weights,
    target,
    trends,
    whole_level,
)

Restriction = Literal["relative_magnitudes", "smoothness"]
LABELS = {
    "relative_magnitudes": Label(zh="相对幅度限制", en="relative magnitudes"),
    "smoothness": Label(zh="平滑性限制", en="smoothness"),
}
METHODS = {"relative_magnitudes": "C-LF", "smoothness": "FLCI"}
_LARGEST = 1e6  # of M, in units of the largest step (or second difference) that the data allow: beyond is infinity


@dataclass(frozen=True)
class Bounds:
    """The interval at one M.

    Attributes
    ----------
    m : float
    low, high : float
        Not a number where every value is rejected.
    set_low, set_high : float
        The identified set with the pre-periods' effects as they are estimated; not a number where they contradict M.
    """

    m: float
    low: float
    high: float
    set_low: float
    set_high: float


@dataclass(frozen=True, repr=False)
class Honest:
    """Intervals of a target by how far trends may depart from parallel ones.

    Attributes
    ----------
    restriction : str
        ``relative_magnitudes`` or ``smoothness``.
    method : str
        ``C-LF`` or ``FLCI``.
    bounds : tuple of Bounds
        One an M, ascending.
    estimate, low, high : float
        The target with its interval under parallel trends.
    breakdown : float or None
        Largest M whose interval leaves out zero; None where already that at M = 0 holds it, infinity where none does.
    target : str
    level : float
    outcome : str
    n_pre, n_post : int
    notes : tuple of str
        What a reader of the numbers has to know.
    """

    restriction: Restriction
    method: str
    bounds: tuple[Bounds, ...]
    estimate: float
    low: float
    high: float
    breakdown: float | None
    target: str
    level: float
    outcome: str
    n_pre: int
    n_post: int
    notes: tuple[str, ...] = ()

    @property
    def label(self) -> Label:
        """The restriction's name in Chinese and English."""
        return LABELS[self.restriction]

    @property
    def symbol(self) -> str:
        """How M is written: ``Mbar`` or ``M``."""
        return "Mbar" if self.restriction == "relative_magnitudes" else "M"

    def tidy(self) -> pl.DataFrame:
        """One row an M after the original interval, whose m is null: m, low, high, set_low, set_high, method."""
        rows: list[tuple[float | str | None, ...]] = [(None, self.low, self.high, None, None, "original")]
        rows += [(b.m, *map(_known, (b.low, b.high, b.set_low, b.set_high)), self.method) for b in self.bounds]
        numbers = ("m", "low", "high", "set_low", "set_high")
        return pl.DataFrame(
            rows, schema={**dict.fromkeys(numbers, pl.Float64), "method": pl.String}, orient="row"
        )  # fmt: skip

    def text(self, lang: Literal["zh", "en"] = "en") -> str:
        """The breakdown value in one sentence."""
        v, m = self.breakdown, self.symbol
        if v is None:
            zh, en = f"{m} = 0 时区间已包含零", f"the interval holds zero already at {m} = 0"
        elif math.isinf(v):
            zh, en = f"无论 {m} 多大，区间均不含零", f"no {m} brings zero into the interval"
        else:
            zh, en = f"{m} 不超过 {v:.4g} 时区间不含零", f"the interval leaves out zero up to {m} = {v:.4g}"
        return f"{self.label.text(lang)}: {en}" if lang == "en" else f"{self.label.text(lang)}：{zh}"

    def __repr__(self) -> str:
        head = f"{self.outcome or 'effects'}, {self.target}: {self.estimate:.6g}"
        lines = [f"{head}, {self.level:.0%} interval [{self.low:.6g}, {self.high:.6g}] under parallel trends"]
        lines += [f"{self.symbol} = {b.m:<8.4g} [{b.low:.6g}, {b.high:.6g}]  {self.method}" for b in self.bounds]
        return "\n".join([*lines, self.text(), *(f"note: {n}" for n in self.notes)])


def honest(
    effects: Any,
    restriction: Restriction = "relative_magnitudes",
    m: float | Iterable[float] | None = None,
    *,
    event: int | None = None,
    weights: Weights | None = None,
    level: float = 0.95,
    base: int | None = None,
) -> Honest:
    """Intervals of an effect that stay right when trends were not parallel, by how far they may depart from it.

    With ``b = tau + delta``, effects (zero before adoption) plus a difference in trends, the target is
    ``l'tau`` after adoption, and delta is bounded by what one believes of it:

    - ``relative_magnitudes``: each step ``|delta_t+1 - delta_t|`` after adoption is at most Mbar times the largest
      step before it. The set is that of the conditional test with a least favourable first stage (Andrews, Roth and
      Pakes 2023; a tenth of the error rate goes to the first stage), over every step and sign.
    - ``smoothness``: the slope changes by at most M a period, ``|delta_t+1 - 2 delta_t + delta_t-1| <= M``; M = 0 is a
      linear trend. The interval is the shortest of fixed length around an affine estimator.

    Parameters
    ----------
    effects : DynamicEffects, or tuple of (event times, estimates, covariance)
        Of any estimator with one base period; of arrays, event times below 0 are before adoption.
    restriction : {"relative_magnitudes", "smoothness"}
    m : float or iterable of float, optional
        Mbar (no unit), or M in units of the outcome a period squared. By default 0, 0.5, 1, 1.5, 2; or five values
        from 0 to the upper limit of the largest second difference before adoption.
    event : int, optional
        The post-period that is the target; the first by default.
    weights : {"equal"}, mapping or sequence, optional
        A weighted sum of post-periods in its place.
    level : float
    base : int, optional
        Of arrays: the base period, -1 by default.

    Returns
    -------
    Honest

    Raises
    ------
    UsageError
        No pre-period or post-period, no single base period, gaps between event times, m that is negative.
    EstimationError
        A covariance that is undefined or singular.

    References
    ----------
    Rambachan, A. and J. Roth (2023), A More Credible Approach to Parallel Trends, Review of Economic Studies 90(5).
    Andrews, I., J. Roth and A. Pakes (2023), Inference for Linear Conditional Moment Inequalities, Review of Economic
    Studies 90(6).

    Examples
    --------
    >>> import econloom as el
    >>> import numpy as np
    >>> V = 0.01 * (np.eye(4) + 1) / 2
    >>> found = el.did.honest(([-3, -2, 0, 1], [0.02, -0.01, 0.60, 0.70], V), m=[0, 1])
    >>> found.tidy().select("m", "low", "high").row(0)[1:] == (found.low, found.high)
    True
    >>> 0 < found.breakdown < 10
    True
    """
    if restriction not in METHODS:
        raise UsageError(f"restriction: {' or '.join(map(repr, METHODS))}, not {restriction!r}")
    level = whole_level(level)
    found = consecutive(trends(effects, base))
    aim = target(found, event, weights)
    sizes = _sizes(m) if m is not None else _default_sizes(found, restriction, level)
    at = _interval(found, aim, restriction, level)
    bounds = tuple(Bounds(v, *at(v), *identified_set(found, aim, restriction, v)) for v in sizes)
    w = np.concatenate([np.zeros(found.n_pre), aim.weights])
    estimate, reach = float(w @ found.estimates), float(special.ndtri((1 + level) / 2)) * math.sqrt(w @ found.vcov @ w)
    return Honest(
        restriction, METHODS[restriction], bounds, estimate, estimate - reach, estimate + reach,
        breakdown(at, _scale(found, restriction)), aim.name, level, found.outcome, found.n_pre, len(found.post),
        found.notes,
    )  # fmt: skip


def _interval(
    found: Trends, aim: Target, restriction: Restriction, level: float
) -> Callable[[float], tuple[float, float]]:
    if restriction == "smoothness":
        return lambda m: fixed_length(found, aim, m, level).interval
    return lambda m: conditional_hybrid(found, aim, m, level) or (math.nan, math.nan)


def _sizes(m: float | Iterable[float]) -> list[float]:
    try:
        values = [float(m)] if isinstance(m, int | float) else [float(v) for v in m]
    except (TypeError, ValueError):
        raise UsageError(f"m: numbers of at least zero, not {m!r}") from None
    if not values or not all(math.isfinite(v) and v >= 0 for v in values):
        raise UsageError(f"m: finite numbers of at least zero, not {values}")
    return sorted(set(values))


def _default_sizes(found: Trends, restriction: Restriction, level: float) -> list[float]:
    if restriction == "relative_magnitudes":
        return [0.0, 0.5, 1.0, 1.5, 2.0]
    D = steps_before(found)
    C = np.diff(D, axis=0) if len(D) > 1 else D  # one pre-period has no second difference: its step
    spread = np.sqrt(np.einsum("ij,jk,ik->i", C, found.vcov, C))
    top = float((np.abs(C @ found.estimates) + special.ndtri(level) * spread).max())
    return [float(v) for v in np.linspace(0, top, 5)]


def _scale(found: Trends, restriction: Restriction) -> float:
    """A unit for M: 1, or the size of the estimates."""
    if restriction == "relative_magnitudes":
        return 1.0
    return float(np.abs(found.estimates).max() + np.sqrt(np.diag(found.vcov)).max())


def identified_set(found: Trends, aim: Target, restriction: Restriction, m: float) -> tuple[float, float]:
    """The target's set with the pre-periods' effects as estimated; not a number where they contradict M.

    ``l'b - sum of L_t d_t`` over the steps after adoption that the restriction allows.
    """
    L = tail_weights(aim.weights)
    steps = steps_before(found) @ found.estimates
    centre = float(aim.weights @ found.estimates[found.n_pre :])
    if restriction == "relative_magnitudes":
        reach = m * float(np.abs(L).sum() * np.abs(steps).max())
        return centre - reach, centre + reach
    if len(steps) > 1 and float(np.abs(np.diff(steps)).max()) > m:
        return math.nan, math.nan
    centre -= float(steps[-1] * L.sum())
    reach = m * float(np.abs(tail_weights(L)).sum())
    return centre - reach, centre + reach


def breakdown(interval: Callable[[float], tuple[float, float]], unit: float) -> float | None:
    """Largest M whose interval leaves out zero, to a relative 1e-7: doubled until it holds zero, then halved.

    Parameters
    ----------
    interval : callable
        M -> lowest and highest value.
    unit : float
        A size of M to begin with.
    """

    def excludes(m: float) -> bool:
        low, high = interval(m)
        return not low <= 0 <= high

    if not excludes(0.0):
        return None
    low, high = 0.0, unit / 64
    while excludes(high):
        low, high = high, 2 * high
        if high > unit * _LARGEST:
            return math.inf
    while high - low > 1e-7 * high:
        mid = (low + high) / 2
        low, high = (mid, high) if excludes(mid) else (low, mid)
    return low


def _known(value: float) -> float | None:
    return None if math.isnan(value) else value
