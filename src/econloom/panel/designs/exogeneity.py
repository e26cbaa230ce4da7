"""Instruments that may have an effect of their own: bounds of Conley, Hansen and Rossi (2012).

With instruments Z that enter the equation, ``y = X b + Z g + u``, 2SLS of ``y - Z g`` is linear in g::

    b(g) = b - A g,   A = (X'P X)^-1 X'P Z = (X'P X)^-1 X'Z,   residuals  e(g) = e - (Z - X A) g

so nothing is estimated again: the covariance is computed anew from e(g) on the absorbed columns. The ends of the
interval of b(g) are concave and convex in g (the variance is a quadratic form), so that the union of the intervals
over a box of g has its ends at the corners of the box: no grid is needed.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product

import numpy as np
import polars as pl
from scipy import special
from scipy.optimize import brentq

from econloom.core.errors import EstimationError, UsageError, did_you_mean, listed
from econloom.core.estimate import CONSTANT
from econloom.panel.absorb import FloatArray
from econloom.panel.fitted import Fit, assembled
from econloom.panel.inference.sandwich import LEVEL, Inference
from econloom.panel.instrumented import instrumented
from econloom.panel.linear.constant import Offset
from econloom.panel.linear.iv import IVEstimate

MOST = 12
"""Instruments with a range: the box has two to this power corners."""
NODES = 64


@dataclass(frozen=True)
class Uniform:
    """A prior that is flat from ``low`` to ``high``."""

    low: float
    high: float

    def __post_init__(self) -> None:
        if not (math.isfinite(self.low) and math.isfinite(self.high) and self.low < self.high):
            raise UsageError(f"a uniform prior from {self.low:g} to {self.high:g}: low < high")


Support = Mapping[str, float | tuple[float, float]]
Prior = Mapping[str, Uniform | tuple[float, float]]


@dataclass(frozen=True, repr=False)
class PlausiblyExogenous:
    """Intervals of one coefficient where instruments may have direct effects.

    Attributes
    ----------
    term : str
    level : float
    exogenous : (float, float, float, float)
        Estimate, standard error and interval of the fit: no direct effect.
    union : (float, float) or None
        Ends of the union of the intervals over the support.
    local : (float, float, float, float) or None
        Estimate, standard error and interval of the local-to-zero approximation.
    loadings : mapping of str to float
        What a unit of an instrument's direct effect takes off the estimate.
    points : polars.DataFrame
        The corners of the support: a column for each instrument, estimate, std_error, conf_low, conf_high.
    """

    term: str
    level: float
    exogenous: tuple[float, float, float, float]
    union: tuple[float, float] | None
    local: tuple[float, float, float, float] | None
    loadings: Mapping[str, float]
    points: pl.DataFrame

    def tidy(self) -> pl.DataFrame:
        """A row for each method: term, method, estimate, std_error, conf_low, conf_high; null where it has none."""
        rows: list[tuple[object, ...]] = [(self.term, "exogenous", *self.exogenous)]
        if self.union is not None:
            rows.append((self.term, "union", None, None, *self.union))
        if self.local is not None:
            rows.append((self.term, "local_to_zero", *self.local))
        names = ("estimate", "std_error", "conf_low", "conf_high")
        schema = {"term": pl.String, "method": pl.String, **dict.fromkeys(names, pl.Float64)}
        return pl.DataFrame(rows, schema=schema, orient="row")

    def __repr__(self) -> str:
        return f"{self.term}, plausibly exogenous instruments, {100 * self.level:g} per cent\n{self.tidy()}"


def plausibly_exogenous(
    fit: Fit, support: Support | None = None, prior: Prior | None = None, term: str | None = None, level: float = LEVEL
) -> PlausiblyExogenous:
    """Bounds of a coefficient where instruments may have a direct effect g on the outcome.

    Parameters
    ----------
    fit : Fit
        Of ``el.iv`` by 2SLS (or LIML with as many instruments as endogenous variables), with any covariance.
    support : mapping of str to (float, float) or float, optional
        For the union of confidence intervals: the range of each instrument's direct effect, in units of the outcome by
        unit of the instrument. Instruments that are not named have none.
    prior : mapping of str to (float, float) or Uniform, optional
        For the local-to-zero approximation: mean and standard deviation of a normal prior, or a flat one; independent.
    term : str, optional
        The first endogenous variable by default.
    level : float

    Raises
    ------
    UsageError
        Neither support nor prior, an unknown instrument or term, a range that is none, a level out of range.
    EstimationError
        A fit whose coefficients are not linear in the outcome (GMM, over-identified LIML), or that fits perfectly.

    Notes
    -----
    The union covers with at least its level for every g in the support. Locally to zero, with g ~ F independent of the
    data, ``b ~ N(b_hat, V) - A g``: for a normal prior ``N(b_hat - A mu, V + A Omega A')``, for a flat one the
    quantiles of the convolution; the law of b_hat is the normal one.

    References
    ----------
    Conley, T. G., C. B. Hansen and P. E. Rossi (2012). Plausibly exogenous. Review of Economics and Statistics 94,
    260-272. Clarke, D. and B. Matta (2018). Practical considerations for questionable IVs. Stata Journal 18, 663-691.

    Examples
    --------
    >>> import econloom as el
    >>> frame = pl.DataFrame({"z": [0.0, 0, 1, 1, 2, 2, 3, 3], "x": [0.0, 1, 1, 2, 2, 3, 3, 4],
    ...                       "y": [1.0, 1, 3, 4, 5, 5, 7, 9]})
    >>> fit = el.iv("y ~ 1 | x ~ z", frame)
    >>> found = plausibly_exogenous(fit, support={"z": (0, 0.5)}, prior={"z": (0, 0.2)})
    >>> [[round(v, 3) for v in row] for row in (found.union, found.local)]
    [[1.108, 3.063], [2.25, 0.388, 1.49, 3.01]]
    """
    estimate = _linear(fit)
    if not support and not prior:
        raise UsageError("what may the direct effects be?", hint="support={'z': (0, 0.1)}, or prior={'z': (0, 0.05)}")
    if not 0 < level < 1:
        raise UsageError(f"level={level:g}: between 0 and 1, such as 0.95")
    name = term or estimate.stages.endogenous_names[0]
    if name not in estimate.names:
        raise UsageError(f"no coefficient {name!r}{did_you_mean(name, estimate.names)}")
    at, names = estimate.names.index(name), estimate.stages.instrument_names
    box = {n: _range(n, given) for n, given in (support or {}).items()}
    for given in (box, prior or {}):
        _refuse_unknown(fit, given)
    moved = _Moved.of(fit, estimate)
    plain = (float(estimate.coefficients[at]), *_interval(fit, fit.inference, at, level))
    points = _corners(fit, moved, box, at, level)
    loadings = dict(zip(names, map(float, moved.A[at]), strict=True))
    return PlausiblyExogenous(
        term=name,
        level=level,
        exogenous=plain,
        union=(min(points["conf_low"]), max(points["conf_high"])) if box else None,
        local=_local(plain[0], plain[1], loadings, prior, level) if prior else None,
        loadings=loadings,
        points=points,
    )


def _linear(fit: Fit) -> IVEstimate:
    """The estimate, where its coefficients are linear in the outcome."""
    estimate = instrumented(fit)
    if fit.request.method == "gmm":
        raise EstimationError(
            "the weights of two-step GMM change with the direct effects: bounds are defined for 2SLS",
            hint="method='2sls'",
        )
    if estimate.kappa != 1.0:
        raise EstimationError(
            "over-identified LIML is not linear in the outcome: bounds are defined for 2SLS", hint="method='2sls'"
        )
    if estimate.perfect_fit:
        raise EstimationError("the model fits perfectly: there is no precision to speak of")
    return estimate


def _range(name: str, given: float | Sequence[float]) -> tuple[float, float]:
    ends = (given, given) if isinstance(given, int | float) else tuple(given)
    if len(ends) != 2 or not all(isinstance(e, int | float) and math.isfinite(e) for e in ends) or ends[0] > ends[1]:
        raise UsageError(f"support of {name!r}: (low, high), not {given!r}")
    return float(ends[0]), float(ends[1])


def _refuse_unknown(fit: Fit, given: Mapping[str, object]) -> None:
    names = instrumented(fit).stages.instrument_names
    for name in given:
        if name in names:
            continue
        gone = dict(fit.estimate.removed).get(name)
        why = f" (left out: {gone})" if gone else did_you_mean(name, names)
        raise UsageError(f"no instrument {name!r}{why}", hint=f"instruments: {listed(names)}")
    if len(given) > MOST:
        raise UsageError(f"direct effects of {len(given)} instruments: at most {MOST} at once")


@dataclass(frozen=True)
class _Moved:
    """How coefficients and residuals move with direct effects of the instruments.

    Attributes
    ----------
    A : (p, l) array
        What a unit of each direct effect takes off the coefficients.
    D : (n, l) array
        And off the residuals, ``Z - X A``.
    """

    A: FloatArray
    D: FloatArray

    @classmethod
    def of(cls, fit: Fit, estimate: IVEstimate) -> _Moved:
        """``A`` and ``D`` from the absorbed columns, in the data's units."""
        absorbed, stages = fit.absorbed, estimate.stages
        at = list(stages.instruments)
        used = [*stages.endogenous, *stages.exogenous]
        Z = absorbed.block[:, at] * absorbed.scales[at]
        k = estimate.regressors
        basis = absorbed.block[:, list(estimate.columns)] @ estimate.whitening
        slopes = estimate.transform[:k, :k] @ (basis.T @ absorbed.weighted(Z))
        D = Z - absorbed.block[:, used] @ (absorbed.scales[used][:, None] * slopes)
        offset = fit.shared.offset
        if estimate.names[-1] == CONSTANT and isinstance(offset, Offset):
            constant = offset.levels[at] - offset.levels[used] @ slopes
            slopes = np.vstack([slopes, constant])
        return cls(slopes, D)

    def fit(self, fit: Fit, estimate: IVEstimate, g: FloatArray) -> Fit:
        """The fit of ``y - Z g``."""
        e = estimate.residuals - self.D @ g
        other = replace(
            estimate, coefficients=estimate.coefficients - self.A @ g, residuals=e, rss=fit.absorbed.total(e**2)
        )
        return assembled(fit.request, fit.sample, fit.shared, other, fit.stage)


def _corners(fit: Fit, moved: _Moved, box: Mapping[str, tuple[float, float]], at: int, level: float) -> pl.DataFrame:
    """Estimate and interval at each corner of the support."""
    estimate = instrumented(fit)
    names = estimate.stages.instrument_names
    rows = []
    for corner in product(*(dict.fromkeys(ends) for ends in box.values())) if box else ():
        g = np.zeros(len(names))
        for name, value in zip(box, corner, strict=True):
            g[names.index(name)] = value
        there = moved.fit(fit, estimate, g)
        numbers = (float(there.estimate.coefficients[at]), *_interval(there, there.inference, at, level))
        rows.append((*corner, *numbers))
    columns = [*box, "estimate", "std_error", "conf_low", "conf_high"]
    return pl.DataFrame(rows, schema=dict.fromkeys(columns, pl.Float64), orient="row")


def _interval(fit: Fit, law: Inference, at: int, level: float) -> tuple[float, float, float]:
    """Standard error and interval of a coefficient."""
    error, b = float(law.std_error[at]), float(fit.estimate.coefficients[at])
    if math.isnan(error):
        raise EstimationError(f"{fit.estimate.names[at]} has no standard error: {listed(law.warnings)}")
    if level == LEVEL:
        return error, float(law.conf_low[at]), float(law.conf_high[at])
    df = law.df if law.dfs is None else float(law.dfs[at])
    upper = (1 + level) / 2
    reach = error * float(special.ndtri(upper) if df is None else special.stdtrit(df, upper))
    return error, b - reach, b + reach


# local to zero -------------------------------------------------------------------------------------------------------


def _local(
    b: float, error: float, loadings: Mapping[str, float], prior: Prior, level: float
) -> tuple[float, float, float, float]:
    """Estimate, standard error and interval of ``N(b, error^2) - sum_j a_j g_j``."""
    centre, variance, added = b, error**2, 0.0
    flat: list[float] = []
    for name, given in prior.items():
        a = loadings[name]
        if isinstance(given, Uniform):
            centre -= a * (given.low + given.high) / 2
            half = abs(a) * (given.high - given.low) / 2
            added += half**2 / 3
            flat += [half] if half > 0 else []
        else:
            mean, spread = _normal(name, given)
            centre -= a * mean
            variance += (a * spread) ** 2
    s = math.sqrt(variance)
    reach = s * float(special.ndtri((1 + level) / 2)) if not flat else _quantile(s, sorted(flat), (1 + level) / 2)
    return centre, math.sqrt(variance + added), centre - reach, centre + reach


def _normal(name: str, given: Sequence[float]) -> tuple[float, float]:
    ends = tuple(given) if isinstance(given, Sequence) else ()
    if len(ends) != 2 or not all(isinstance(e, int | float) and math.isfinite(e) for e in ends) or ends[1] < 0:
        hint = "(mean, standard deviation), or el.sensitivity.Uniform(low, high)"
        raise UsageError(f"prior of {name!r}: {given!r}", hint=hint)
    return float(ends[0]), float(ends[1])


def _quantile(s: float, halves: Sequence[float], share: float) -> float:
    """Quantile of ``N(0, s^2)`` plus independent flat variables of some half widths, ascending.

    The widest is integrated exactly, ``s/(2h) [G((x+h)/s) - G((x-h)/s)]`` with ``G(t) = t Phi(t) + phi(t)``; the
    others by Gauss-Legendre nodes.
    """
    node, weight = np.polynomial.legendre.leggauss(NODES)
    shift, mass = np.zeros(1), np.ones(1)
    for h in halves[:-1]:
        shift = (shift[:, None] + h * node).ravel()
        mass = (mass[:, None] * weight / 2).ravel()
    widest = halves[-1]

    def missing(x: float) -> float:
        high, low = ((x - shift + sign * widest) / s for sign in (1, -1))
        return float(mass @ (_integral(high) - _integral(low))) * s / (2 * widest) - share

    end = sum(halves) + s * 40
    return float(brentq(missing, -end, end, xtol=1e-14 * end, rtol=1e-14))


def _integral(t: FloatArray) -> FloatArray:
    """Integral of the normal distribution function up to t."""
    return np.asarray(t * special.ndtr(t) + np.exp(-0.5 * t**2) / math.sqrt(2 * math.pi))
