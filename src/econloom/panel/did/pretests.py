"""What a test of pre-trends can see, and what passing it does to the estimates (Roth 2022)."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import polars as pl
from scipy import optimize, special, stats

from econloom.core.errors import UsageError, listed
from econloom.core.labels import Label
from econloom.panel.absorb import FloatArray
from econloom.panel.did.trend_paths import Target, Trends, Weights, target, trends, whole_level

Kind = Literal["individual", "joint"]
LABELS = {
    "individual": Label(zh="逐期检验：任一处理前系数显著", en="any pre-period is significant"),
    "joint": Label(zh="联合检验", en="joint test of all pre-periods"),
}
_POINTS = 14  # 2^14 points of a Sobol sequence


@dataclass(frozen=True, eq=False)
class Passing:
    """The law of the pre-periods' estimates given that the test passes: its probability and their mean (p,)."""

    probability: float
    mean: FloatArray


@dataclass(frozen=True, eq=False)
class Hypothesis:
    """One trend that is supposed, and what the test makes of it.

    Attributes
    ----------
    name : str
    slope : float or None
        Of a linear trend, in units of the outcome a period.
    path : (m,) array
        The trend at the estimated event times, zero at the base.
    after : (m,) array
        Expected estimates (without an effect) given that the test passes.
    power : float
        Probability that the test rejects.
    bayes_factor : float
        Probability of passing under this trend by that under parallel trends.
    likelihood_ratio : float
        Density of the pre-periods' estimates under this trend by that under parallel trends.
    bias, bias_after : float
        Of the target, unconditional and given that the test passes.
    """

    name: str
    slope: float | None
    path: FloatArray
    after: FloatArray
    power: float
    bayes_factor: float
    likelihood_ratio: float
    bias: float
    bias_after: float


@dataclass(frozen=True, repr=False)
class PretrendPower:
    """Power of a pre-test against trends.

    Attributes
    ----------
    hypotheses : tuple of Hypothesis
        Slopes that the test detects with the wanted powers, then the trend that was supposed.
    test : str
        ``individual`` or ``joint``.
    level : float
        Of the pre-test: 0.95 is a test at 5 per cent.
    target : str
    outcome : str
    events : tuple of int
    estimates, std_errors : (m,) arrays
    n_pre : int
    notes : tuple of str
    """

    hypotheses: tuple[Hypothesis, ...]
    test: Kind
    level: float
    target: str
    outcome: str
    events: tuple[int, ...]
    estimates: FloatArray
    std_errors: FloatArray
    n_pre: int
    notes: tuple[str, ...] = ()

    @property
    def label(self) -> Label:
        """The test in Chinese and English."""
        return LABELS[self.test]

    def tidy(self) -> pl.DataFrame:
        """One row a trend: hypothesis, slope, power, bayes_factor, likelihood_ratio, bias, bias_after."""
        numbers = ("slope", "power", "bayes_factor", "likelihood_ratio", "bias", "bias_after")
        rows = [(h.name, *(getattr(h, c) for c in numbers)) for h in self.hypotheses]
        schema = {"hypothesis": pl.String, **dict.fromkeys(numbers, pl.Float64)}
        return pl.DataFrame(rows, schema=schema, orient="row")

    def paths(self) -> pl.DataFrame:
        """One row a trend and event time: hypothesis, event_time, estimate, std_error, trend, mean_after_pretest."""
        frames = [
            pl.DataFrame(
                {
                    "hypothesis": [h.name] * len(self.events), "event_time": self.events, "estimate": self.estimates,
                    "std_error": self.std_errors, "trend": h.path, "mean_after_pretest": h.after,
                }
            )
            for h in self.hypotheses
        ]  # fmt: skip
        return pl.concat(frames)

    def text(self, lang: Literal["zh", "en"] = "en") -> str:
        """Each trend in one sentence."""
        zh = "{}：功效 {:.3f}，目标偏差 {:.4g}，通过检验后 {:.4g}"
        en = "{}: power {:.3f}, bias {:.4g}, given that the test passes {:.4g}"
        form = zh if lang == "zh" else en
        return "\n".join(form.format(h.name, h.power, h.bias, h.bias_after) for h in self.hypotheses)

    def __repr__(self) -> str:
        head = f"{self.outcome or 'effects'}: {self.label.text('en')} at {1 - self.level:.3g}; bias of {self.target}"
        return "\n".join([head, self.text(), *(f"note: {n}" for n in self.notes)])


def pretrend_power(
    effects: Any,
    slope: float | Mapping[int, float] | None = None,
    power: float | Iterable[float] = (0.5, 0.8),
    *,
    test: Kind = "individual",
    event: int | None = None,
    weights: Weights | None = None,
    level: float = 0.95,
    base: int | None = None,
    seed: int = 0,
) -> PretrendPower:
    """Which trends a test of pre-trends detects, and what is left in the estimates where it passes (Roth 2022).

    The estimates are normal around the trend delta. The test passes where ``|b_t| <= z se_t`` at every pre-period
    (``individual``), or where ``b'V^-1 b`` is below the quantile of chi-squared (``joint``). Given that it passes,

    ``E[b_post] = delta_post + V_21 V_11^-1 (E[b_pre | pass] - delta_pre)``.

    Parameters
    ----------
    effects : DynamicEffects, or tuple of (event times, estimates, covariance)
    slope : float or mapping, optional
        A trend that is supposed: its slope a period, or its value at every event time.
    power : float or iterable of float
        Slopes with these powers are sought.
    test : {"individual", "joint"}
    event, weights : optional
        The target whose bias is told, as in :func:`honest`.
    level : float
        Of the pre-test.
    base : int, optional
        Of arrays: the base period, -1 by default.
    seed : int
        Of the scrambled Sobol points that integrate the normal law over the box of passing; the joint test needs none.

    Returns
    -------
    PretrendPower

    Raises
    ------
    UsageError
        No pre- or post-period; a slope without a single base period; a power that no slope has.
    EstimationError
        A covariance that is undefined or singular.

    References
    ----------
    Roth, J. (2022), Pretest with Caution: Event-Study Estimates after Testing for Parallel Trends, American Economic
    Review: Insights 4(3).

    Examples
    --------
    >>> import econloom as el
    >>> import numpy as np
    >>> V = 0.01 * (np.eye(4) + 1) / 2
    >>> found = el.did.pretrend_power(([-3, -2, 0, 1], [0.02, -0.01, 0.60, 0.70], V), power=0.5)
    >>> round(found.hypotheses[0].slope, 2), round(found.hypotheses[0].power, 3)
    (0.09, 0.5)
    """
    if test not in LABELS:
        raise UsageError(f"test: {' or '.join(map(repr, LABELS))}, not {test!r}")
    level = whole_level(level)
    found = trends(effects, base)
    aim = target(found, event, weights)
    passing = _passing(found, test, level, seed)
    wanted = [] if power is None else _powers(power, level, test)
    lines = [(f"slope with power {p:g}", _slope(found, passing, p)) for p in wanted]
    paths: list[tuple[str, float | None, FloatArray]] = [(name, s, s * _since_base(found)) for name, s in lines]
    if slope is not None:
        paths.append(_supposed(found, slope))
    if not paths:
        raise UsageError("neither a power nor a slope")
    null = passing(np.zeros(found.n_pre)).probability
    return PretrendPower(
        tuple(_hypothesis(found, aim, passing, null, *p) for p in paths), test, level, aim.name, found.outcome,
        tuple(map(int, found.events)), found.estimates, np.sqrt(np.diag(found.vcov)), found.n_pre, found.notes,
    )  # fmt: skip


def _powers(power: float | Iterable[float], level: float, test: Kind) -> list[float]:
    try:
        values = [float(power)] if isinstance(power, int | float) else [float(p) for p in power]
    except (TypeError, ValueError):
        raise UsageError(f"power: numbers between 0 and 1, not {power!r}") from None
    if not all(1 - level < p < 1 for p in values):
        raise UsageError(f"power: above the test's size {1 - level:.3g} and below 1, not {listed(values)}")
    return values


def _since_base(found: Trends) -> FloatArray:
    if len(found.base) != 1:
        have = "none" if not found.base else listed(found.base)
        raise UsageError(
            f"a linear trend needs one base period, where it is zero; these effects have {have}",
            hint="slope={event time: value, ...} with power=None, or an estimator with one base period",
        )
    return (found.events - found.base[0]).astype(float)


def _supposed(found: Trends, slope: float | Mapping[int, float]) -> tuple[str, float | None, FloatArray]:
    if isinstance(slope, Mapping):
        known = {*map(int, found.events), *found.base}
        absent = [e for e in map(int, found.events) if e not in slope]
        if absent or (strange := [e for e in slope if e not in known]):
            which = f"no value at {listed(absent)}" if absent else f"values at unknown event times {listed(strange)}"
            raise UsageError(f"slope: {which}", hint=f"event times: {listed(found.events, 40)}")
        if any(slope.get(b, 0.0) != 0 for b in found.base):
            raise UsageError(f"slope: a trend is zero at the base period {listed(found.base)}")
        path = np.array([slope[int(e)] for e in found.events], dtype=float)
        name, s = "supposed trend", None
    elif isinstance(slope, int | float):
        s = float(slope)
        name, path = f"slope {s:g}", s * _since_base(found)
    else:
        raise UsageError(f"slope: a number or {{event time: value}}, not {type(slope).__name__}")
    if not np.isfinite(path).all():
        raise UsageError("slope: finite numbers")
    return name, s, path


def _slope(found: Trends, passing: Callable[[FloatArray], Passing], power: float) -> float:
    """The slope, above zero, that the test detects with this power."""
    t = _since_base(found)[: found.n_pre]

    def gap(s: float) -> float:
        return 1 - passing(s * t).probability - power

    if gap(0.0) >= 0:
        raise UsageError(f"power: parallel trends are rejected with probability {gap(0.0) + power:.4g} already")
    high = float(np.sqrt(np.diag(found.vcov))[: found.n_pre].max())
    while gap(high) < 0:
        high *= 2
    return float(optimize.brentq(gap, 0.0, high, xtol=1e-12 * high, rtol=1e-12))


def _hypothesis(
    found: Trends, aim: Target, passing: Callable[[FloatArray], Passing], null: float, name: str, slope: float | None,
    path: FloatArray,
) -> Hypothesis:  # fmt: skip
    p = found.n_pre
    V, b = found.vcov[:p, :p], found.estimates[:p]
    law = passing(path[:p])
    shift = np.linalg.solve(V, law.mean - path[:p])
    after = np.concatenate([law.mean, path[p:] + found.vcov[p:, :p] @ shift])
    toward = np.linalg.solve(V, path[:p])
    ratio = math.exp(float(toward @ b) - float(toward @ path[:p]) / 2)
    w = aim.weights
    bias, bias_after = float(w @ path[p:]), float(w @ after[p:])
    return Hypothesis(
        name, slope, path, after, 1 - law.probability, law.probability / null, ratio, bias, bias_after
    )  # fmt: skip


def _passing(found: Trends, test: Kind, level: float, seed: int) -> Callable[[FloatArray], Passing]:
    V = found.vcov[: found.n_pre, : found.n_pre]
    if test == "joint":
        return lambda delta: _ellipsoid(delta, V, level)
    z = float(special.ndtri((1 + level) / 2)) * np.sqrt(np.diag(V))
    points = stats.qmc.Sobol(len(V), scramble=True, rng=seed).random_base2(_POINTS)
    points = np.clip(points, 1e-12, 1 - 1e-12)
    return lambda delta: _box(delta, V, z, points)


def _ellipsoid(delta: FloatArray, V: FloatArray, level: float) -> Passing:
    """Passing ``b'V^-1 b <= c``: both from non-central chi-squared laws of q and q + 2 degrees of freedom."""
    q, noncentral = len(delta), float(delta @ np.linalg.solve(V, delta))
    c = float(special.chdtri(q, 1 - level))
    inside = float(special.chndtr(c, q, noncentral))
    return Passing(inside, delta * float(special.chndtr(c, q + 2, noncentral)) / inside)


def _box(delta: FloatArray, V: FloatArray, z: FloatArray, points: FloatArray) -> Passing:
    """Passing ``|b_t| <= z_t`` for all t: variables one after another, each in its interval (Genz 1992)."""
    C = np.linalg.cholesky(V)
    n, p = points.shape
    e, weight = np.zeros((n, p)), np.ones(n)
    for t in range(p):
        centre = delta[t] + e[:, :t] @ C[t, :t]
        low, high = (-z[t] - centre) / C[t, t], (z[t] - centre) / C[t, t]
        flip = low > 0  # in the upper tail differences of probabilities near one lose digits
        low, high = np.where(flip, -high, low), np.where(flip, -low, high)
        below, above = special.ndtr(low), special.ndtr(high)
        weight *= above - below
        draw = special.ndtri(np.clip(below + points[:, t] * (above - below), 1e-300, 1.0))
        e[:, t] = np.where(flip, -draw, draw)
    total = float(weight.sum())
    return Passing(total / n, delta + C @ (weight @ e) / total)
