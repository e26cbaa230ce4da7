"""How strong must what is left out be to overturn a result? ``el.sensitivity`` is this module.

:func:`oster` compares selection on unobservables with selection on the controls (Oster 2019); :func:`robustness` asks
for partial R2 of an omitted variable with treatment and outcome (Cinelli and Hazlett 2020);
:func:`plausibly_exogenous` lets instruments have effects of their own (Conley, Hansen and Rossi 2012). Effects and, in
:func:`oster`, the terms of ``base`` are taken out of everything first, so that every R2 is a within one.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import polars as pl
from scipy import special

from econloom.core.errors import EstimationError, UsageError
from econloom.panel.absorb import FloatArray
from econloom.panel.designs.exogeneity import PlausiblyExogenous, Uniform, plausibly_exogenous
from econloom.panel.designs.stability import Oster, known_term, oster, oster_of, refuse_unfit, regressors_of
from econloom.panel.diagnostics.wald import quadratic
from econloom.panel.fit import Fit
from econloom.panel.fitted import fitted
from econloom.panel.formula import retyped

__all__ = [
    "Oster",
    "PlausiblyExogenous",
    "Robustness",
    "Uniform",
    "adjusted",
    "oster",
    "oster_of",
    "plausibly_exogenous",
    "robustness",
]


@dataclass(frozen=True)
class Robustness:
    """What an omitted variable must explain (Cinelli and Hazlett 2020).

    Attributes
    ----------
    treatment : str
    estimate, std_error, statistic : float
        Of least squares with iid errors.
    df : int
        Rows less everything estimated.
    partial_r2 : float
        Of the treatment with the outcome; were a variable to explain all of the rest of the outcome, it would have to
        explain this share of the treatment to bring the estimate to zero.
    rv : float
        An omitted variable that explains less than this share of both treatment and outcome (of what is left of
        them) cannot lower the estimate by q of its size.
    rv_alpha : float
        Nor make it insignificant at alpha.
    q, alpha : float
    bounds : polars.DataFrame
        For omitted variables some times as strong as a control: benchmark, times, r2_treatment, r2_outcome, estimate,
        std_error, statistic, conf_low, conf_high.
    """

    treatment: str
    estimate: float
    std_error: float
    statistic: float
    df: int
    partial_r2: float
    rv: float
    rv_alpha: float
    q: float
    alpha: float
    bounds: pl.DataFrame

    def tidy(self) -> pl.DataFrame:
        """One row."""
        names = ("treatment", "estimate", "std_error", "statistic", "df", "partial_r2", "rv", "rv_alpha", "q", "alpha")
        return pl.DataFrame({n: [getattr(self, n)] for n in names})


def robustness(
    fit: Fit,
    treatment: str | None = None,
    benchmarks: Sequence[str] | str = (),
    times: Sequence[float] = (1, 2, 3),
    q: float = 1.0,
    alpha: float = 0.05,
) -> Robustness:
    """Robustness values, partial R2, and bounds by benchmark controls.

    Parameters
    ----------
    fit : Fit
        Least squares.
    treatment : str, optional
        The first regressor by default.
    benchmarks : str or sequence of str
        Controls with whose strength an omitted variable is compared.
    times : sequence of float
        How many times as strong.
    q : float
        Share of the estimate that is explained away; 1 brings it to zero.
    alpha : float

    Raises
    ------
    UsageError
        A term that the model does not have, the treatment as its own benchmark, q or alpha out of range.
    EstimationError
        Instruments, a perfect fit, or a benchmark so strong that its multiple would explain all of the treatment.

    Notes
    -----
    With ``f = |t| / sqrt(df)`` and ``f_q = q f``: ``RV = (sqrt(f_q^4 + 4 f_q^2) - f_q^2) / 2``; for alpha f_q is
    lessened by the critical value of t(df - 1) over ``sqrt(df - 1)``. The bias of an omitted variable is
    ``se sqrt(df R2_yz R2_dz / (1 - R2_dz))``. Errors are iid there, whatever the fit's covariance.

    Examples
    --------
    >>> import econloom as el, polars as pl
    >>> frame = pl.DataFrame({"x": [0.0, 1, 0, 1, 1, 0, 1, 0], "w": [0.0, 1, 1, 2, 0, 0, 2, 1],
    ...                       "y": [0.1, 2, 1.2, 2.9, 1, 0.2, 3.3, 0.7]})
    >>> found = robustness(el.ols("y ~ x + w", frame), "x")
    >>> 0 < found.rv_alpha < found.rv < 1
    True
    """
    refuse_unfit(fit)
    if not q > 0 or not 0 < alpha < 1:
        raise UsageError(f"q is positive and alpha between 0 and 1, not {q:g} and {alpha:g}")
    term = known_term(fit, treatment or regressors_of(fit)[0])
    df = fit.counts.n - fit.counts.regressors - fit.counts.absorbed_rank
    V = fit.estimate.bread(fit.absorbed) * fit.estimate.rss / df
    at = fit.estimate.names.index(term)
    b, error = float(fit.estimate.coefficients[at]), math.sqrt(float(V[at, at]))
    t = b / error
    named = [benchmarks] if isinstance(benchmarks, str) else list(benchmarks)
    rows = [row for name in named for row in _bounded(fit, V, term, name, times, (b, error, df, alpha))]
    schema = {"benchmark": pl.String, **dict.fromkeys(_BOUNDS, pl.Float64)}
    return Robustness(term, b, error, t, df, t**2 / (t**2 + df), robustness_value(t, df, q),
                      robustness_value(t, df, q, alpha), q, alpha, pl.DataFrame(rows, schema=schema))  # fmt: skip


_BOUNDS = ("times", "r2_treatment", "r2_outcome", "estimate", "std_error", "statistic", "conf_low", "conf_high")


def robustness_value(t: float, df: float, q: float = 1.0, alpha: float | None = None) -> float:
    """The robustness value of a t statistic.

    Parameters
    ----------
    t : float
    df : float
    q : float
    alpha : float, optional
        Level at which the estimate is to stay significant; the point estimate alone without it.

    Examples
    --------
    >>> round(robustness_value(4.18, 783), 4), round(robustness_value(4.18, 783, alpha=0.05), 4)
    (0.1387, 0.0763)
    """
    fq = q * abs(t) / math.sqrt(df)
    crit = 0.0 if alpha is None else abs(float(special.stdtrit(df - 1, alpha / 2))) / math.sqrt(df - 1)
    f = fq - crit
    if f <= 0:
        return 0.0
    if crit > 0 and fq > 1 / crit:
        return (fq**2 - crit**2) / (1 + fq**2)
    return (math.sqrt(f**4 + 4 * f**2) - f**2) / 2


def adjusted(
    estimate: float, std_error: float, df: float, r2_treatment: float, r2_outcome: float
) -> tuple[float, float]:
    """Estimate and standard error had a variable with these partial R2 been in the model; towards zero.

    Raises
    ------
    UsageError
        An R2 outside [0, 1).

    Examples
    --------
    >>> [round(v, 4) for v in adjusted(0.0973, 0.0233, 783, 0.0092, 0.1246)]
    [0.0752, 0.0219]
    """
    if not (0 <= r2_treatment < 1 and 0 <= r2_outcome <= 1):
        raise UsageError(f"partial R2 lie between 0 and 1, not {r2_treatment:g} and {r2_outcome:g}")
    bias = std_error * math.sqrt(df * r2_outcome * r2_treatment / (1 - r2_treatment))
    moved = math.copysign(1.0, estimate) * (abs(estimate) - bias)
    return moved, std_error * math.sqrt((1 - r2_outcome) / (1 - r2_treatment) * df / (df - 1))


def _bounded(
    fit: Fit, V: FloatArray, term: str, name: str, times: Sequence[float], of: tuple[float, float, int, float]
) -> list[dict[str, Any]]:
    """Bounds for omitted variables some times as strong as one control."""
    if known_term(fit, name) == term:
        raise UsageError(f"{name!r} is the treatment: a benchmark is a control")
    b, error, df, alpha = of
    with_outcome = _partial_r2(fit, V, name, df)
    with_treatment = _of_treatment(fit, term, name)
    found = []
    for k in times:
        r2_d = k * with_treatment / (1 - with_treatment)
        crossed = k * with_treatment**2 / ((1 - k * with_treatment) * (1 - with_treatment))
        if not (r2_d < 1 and 0 <= crossed < 1):
            raise EstimationError(
                f"a variable {k:g} times as strong as {name!r} would explain all of {term!r}: no bound",
                hint="times=(1,)",
            )
        eta = (math.sqrt(k) + math.sqrt(crossed)) / math.sqrt(1 - crossed)
        r2_y = min(eta**2 * with_outcome / (1 - with_outcome), 1.0)
        moved, spread = adjusted(b, error, df, r2_d, r2_y)
        reach = abs(float(special.stdtrit(df - 1, alpha / 2))) * spread
        numbers = (k, r2_d, r2_y, moved, spread, moved / spread if spread else math.nan, moved - reach, moved + reach)
        found.append({"benchmark": name, **dict(zip(_BOUNDS, map(float, numbers), strict=True))})
    return found


def _partial_r2(fit: Fit, V: FloatArray, name: str, df: int) -> float:
    """``W / (W + df)`` with W the iid Wald statistic of a term."""
    at = [fit.estimate.names.index(name)]
    W = quadratic(fit.estimate.coefficients[at], V[np.ix_(at, at)])
    if W is None:
        raise EstimationError(f"the standard error of {name!r} is undefined")
    return W / (W + df)


def _of_treatment(fit: Fit, term: str, name: str) -> float:
    """Partial R2 of a control with the treatment, given the other controls."""
    model = fit.request.model
    by_name = {t.name: t for t in model.terms}
    others = tuple(t for t in model.terms if t.name != term)
    plain = retyped(replace(model, outcome=by_name[term], terms=others))
    first = fitted(replace(fit.request, model=plain), fit.sample, fit.shared, "main")
    if name not in first.estimate.names:
        raise EstimationError(f"the benchmark {name!r} has no coefficient in the regression of {term!r}")
    df = first.counts.n - first.counts.regressors - first.counts.absorbed_rank
    return _partial_r2(first, first.estimate.bread(first.absorbed) * first.estimate.rss / df, name, df)
