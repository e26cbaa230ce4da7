"""Inequality of a distribution: Gini, Theil T and L, Atkinson, and the gap to the others."""

from __future__ import annotations

import warnings
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import kl_div

from econloom.core.errors import UsageError
from econloom.measures.groups import FloatArray, Groups, sorted_within
from econloom.measures.sample import Sample, over
from econloom.measures.values import numbers, option

REDUNDANT_WITH_TIME = (
    "with effects of the periods the gap to the others is the outcome times N/(N-1), less the period's mean: it brings "
    "nothing that the outcome does not"
)


def gini(
    x: ArrayLike,
    weights: ArrayLike | None = None,
    *,
    by: Any = None,
    small_sample: bool = False,
    negative: Literal["refuse", "allow"] = "refuse",
) -> Any:
    """Gini coefficient: half the mean absolute difference of two units, relative to the mean.

    Pairwise ``G = Σ_i Σ_j w_i w_j |x_i - x_j| / (2 W² μ)``, without weights ``Σ_i Σ_j |x_i - x_j| / (2 n² μ)``.
    Computed in the equal sorted form ``G = Σ_i w_i x_(i) (2 C_i - w_i - W) / (W Σ w x)`` with ``C_i`` the weights up
    to and with i; without weights ``G = Σ_i (2 i - n - 1) x_(i) / (n Σ x)``.

    Parameters
    ----------
    x : array_like (n,)
        Incomes, lights, ...; any unit. Missing values are left out. Zeros count.
    weights : array_like (n,), optional
        How many units each row stands for, such as population. Not negative.
    by : keys, optional
        One array, a mapping of names to arrays, or a frame: one Gini for each group.
    small_sample : bool
        Multiply by ``n / (n - 1)``, n being the rows with a weight above zero. Off as in R's ineq and in most papers.
        A group of one then has no value.
    negative : {"refuse", "allow"}
        With negative values G can exceed 1; allowed, they need a mean above zero.

    Returns
    -------
    float or polars.DataFrame
        In [0, (n - 1) / n] without negative values. With ``by``: the keys in ascending order, ``gini`` and ``n``;
        null for a group without values.

    Raises
    ------
    DataError
        A negative value, a zero mean, weights that are negative or sum to zero, no value.

    Notes
    -----
    Gini, C. (1912), *Variabilità e mutabilità*; forms: Cowell (2011), *Measuring Inequality*, 3rd ed., appendix A.

    Examples
    --------
    >>> gini([1, 2, 3, 4])
    0.25
    >>> gini([1, 3, 5, 5], by=["a", "a", "b", "b"]).rows()
    [('a', 0.25, 2), ('b', 0.0, 2)]
    """
    option(negative, "negative", ("refuse", "allow"))
    sample = Sample.of(x, weights, by)
    if negative == "refuse":
        hint = "negative='allow' computes it; it may then exceed 1"
        sample.refuse(sample.x < 0, "gini: a value is negative", hint)
    values = _gini(sample, negative)
    if small_sample:
        n = sample.sizes.astype(np.float64)
        values = values * over(n, n - 1)
        if by is None and np.isnan(values[0]):
            raise UsageError("the small-sample Gini of one value does not exist")
    return sample.answer(values, "gini", none=sample.sizes == 1 if small_sample else None)


def _gini(sample: Sample, negative: str) -> FloatArray:
    together, starts, w = sorted_within(sample.x, sample.codes, sample.groups.count, sample.w)
    sizes = np.diff(starts)
    if w is None:
        total, sums = sizes.astype(np.float64), _segment_sums(together, starts)
        ranks = np.arange(1 - len(together), len(together), 2, dtype=np.float64)  # 2 i - N - 1
        if len(sizes) > 1:
            ranks -= np.repeat((starts[:-1] + starts[1:] - len(together)).astype(np.float64), sizes)
        above = _segment_sums(np.multiply(ranks, together, out=ranks), starts)
    else:
        total, weighted = _segment_sums(w, starts), w * together
        sums = _segment_sums(weighted, starts)
        up_to = _segment_cumsums(w, starts, total)
        above = _segment_sums(weighted * (2 * up_to - w - np.repeat(total, sizes)), starts)
    sample.refuse_zero_mean(np.where(sizes > 0, sums, np.nan), "gini")
    if negative == "allow":
        bad = np.flatnonzero(sums < 0)
        sample.refuse(np.isin(sample.codes, bad), "gini: the mean is negative", "take another measure")
    found = over(above, total * sums)
    return np.maximum(found, 0.0, out=found)


def _segment_sums(values: FloatArray, starts: Any) -> FloatArray:
    """Sum of each stretch; zero for an empty one."""
    sizes = np.diff(starts)
    sums = np.zeros(len(sizes))
    there = sizes > 0
    if there.any():
        sums[there] = np.add.reduceat(values, starts[:-1][there])
    return sums


def _segment_cumsums(values: FloatArray, starts: Any, totals: FloatArray) -> FloatArray:
    """Running sum within each stretch: each begins by taking back what the one before it summed to."""
    steps = values.copy()
    there = np.flatnonzero(np.diff(starts))
    steps[starts[there[1:]]] -= totals[there[:-1]]
    return np.cumsum(steps, out=steps)


def theil(x: ArrayLike, weights: ArrayLike | None = None, *, by: Any = None, index: Literal["T", "L"] = "T") -> Any:
    """Theil's entropy indices: T weighs by income shares, L (mean log deviation) by population shares.

    ``T = (1/W) Σ w_i (x_i/μ) ln(x_i/μ)``, with 0 ln 0 = 0; ``L = (1/W) Σ w_i ln(μ/x_i)``.

    Parameters
    ----------
    x : array_like (n,)
        Any unit. Missing values are left out. T allows zeros; L refuses them.
    weights : array_like (n,), optional
        Such as population. Not negative.
    by : keys, optional
        One index for each group.
    index : {"T", "L"}

    Returns
    -------
    float or polars.DataFrame
        Nats; T in [0, ln n], L from 0 without bound. With ``by``: keys, ``theil`` and ``n``.

    Raises
    ------
    DataError
        A negative value, a zero in L, a zero mean, weights that are negative or sum to zero, no value.

    Notes
    -----
    Theil, H. (1967), *Economics and Information Theory*. R's ineq leaves zeros out of T before it takes the mean;
    here they count, as the formula says.

    Examples
    --------
    >>> round(theil([1, 3]), 9), round(theil([1, 3], index="L"), 9)
    (0.130812036, 0.143841036)
    """
    option(index, "index", ("T", "L"))
    sample = Sample.of(x, weights, by)
    relative = sample.relative(f"Theil {index}", zero=index == "T")
    return sample.answer(entropy(sample, relative, index), "theil")


def entropy(sample: Sample, relative: FloatArray, index: str) -> FloatArray:
    """T or L of each group from values relative to its mean: sums of terms none of which is negative."""
    terms = kl_div(relative, 1.0) if index == "T" else kl_div(1.0, relative)
    if sample.w is not None:
        terms = np.where(sample.w > 0, terms, 0.0)
    return sample.mean(terms)


def atkinson(x: ArrayLike, weights: ArrayLike | None = None, *, epsilon: float, by: Any = None) -> Any:
    """Atkinson's index: the share of total income that equality could do without, at aversion ``epsilon``.

    ``A = 1 - [(1/W) Σ w_i (x_i/μ)^(1-ε)]^(1/(1-ε))``; at ε = 1, ``A = 1 - exp((1/W) Σ w_i ln(x_i/μ))``.

    Parameters
    ----------
    x : array_like (n,)
        Any unit. Missing values are left out. Zeros are refused for ε >= 1.
    weights : array_like (n,), optional
    epsilon : float
        Aversion to inequality, not negative; 0 gives 0. No default: papers differ (0.5, 1, 2) and must say.
    by : keys, optional

    Returns
    -------
    float or polars.DataFrame
        In [0, 1). With ``by``: keys, ``atkinson`` and ``n``.

    Raises
    ------
    UsageError
        ``epsilon`` is negative or no finite number.
    DataError
        A negative value, a zero where ε >= 1, a zero mean, weights that are negative or sum to zero, no value.

    Notes
    -----
    Atkinson, A. B. (1970), On the measurement of inequality, *Journal of Economic Theory* 2, 244-263.

    Examples
    --------
    >>> round(atkinson([1, 4], epsilon=1), 12)
    0.2
    """
    if not isinstance(epsilon, int | float) or isinstance(epsilon, bool) or not 0 <= epsilon < np.inf:
        raise UsageError(f"epsilon={epsilon!r} is no aversion to inequality", hint="a number from 0 on, such as 0.5")
    sample = Sample.of(x, weights, by)
    relative = sample.relative(f"Atkinson with epsilon={epsilon:g}", zero=epsilon < 1)
    if epsilon == 0:
        return sample.answer(np.where(sample.sizes > 0, 0.0, np.nan), "atkinson")
    power = 1.0 - epsilon
    with np.errstate(divide="ignore"):
        logs = np.log(relative)
    if sample.w is not None:
        logs = np.where(sample.w > 0, logs, 0.0)
    log_mean = sample.mean(logs) if power == 0 else _log_power_mean(sample, power, logs)
    return sample.answer(np.maximum(-np.expm1(log_mean), 0.0), "atkinson")


def _log_power_mean(sample: Sample, power: float, logs: FloatArray) -> FloatArray:
    """``ln[(mean of r^a)^(1/a)]``, exact near a = 0 and without overflow for large exponents."""
    z = power * logs
    top = np.full(sample.groups.count, -np.inf)
    np.maximum.at(top, sample.codes, z)
    shift = np.where(top > 1, top, 0.0)
    below = z - shift[sample.codes]
    gain = sample.mean(np.expm1(below))
    log_mean = np.log1p(np.maximum(gain, -0.5))
    low = gain < -0.5  # far from 1 the plain form loses nothing, and has no value of -1 by rounding
    if low.any():
        log_mean[low] = np.log(sample.mean(np.exp(below))[low])
    result: FloatArray = (shift + log_mean) / power
    return result


def leave_one_out_gap(x: ArrayLike, *, by: Any = None, by_time: bool = False) -> FloatArray:
    """Distance of each unit from the mean of the others of its group.

    ``gap_i = x_i - (1/(N-1)) Σ_{j≠i} x_j``, which equals ``N/(N-1) (x_i - mean)``.

    Parameters
    ----------
    x : array_like (N,)
    by : keys, optional
        Groups, such as the year; N and the sum are the group's, missing values left out.
    by_time : bool
        Say that the groups are the periods of a panel: warns that a regression with effects of the periods then only
        rescales the outcome by N/(N-1).

    Returns
    -------
    ndarray (N,)
        In the unit of x; NaN where x is missing or alone in its group.

    Warns
    -----
    UserWarning
        With ``by_time``.

    Notes
    -----
    Coefficients and standard errors of a regression on the gap with year effects are those on ``x`` times
    ``N/(N-1)`` where every year has N units; the constant moves.

    Examples
    --------
    >>> leave_one_out_gap([1.0, 2.0, 6.0]).tolist()
    [-3.0, -1.5, 4.5]
    """
    if by_time:
        warnings.warn(REDUNDANT_WITH_TIME, stacklevel=2)
    values = numbers(x, "x")
    groups = Groups.single(len(values)) if by is None else Groups.of(by, len(values))
    there = ~np.isnan(values) & (groups.codes >= 0)
    codes, present = groups.codes[there], values[there]
    n = np.bincount(codes, minlength=groups.count).astype(np.float64)
    mean = over(groups.sums(present, codes), n)
    gap = np.full(len(values), np.nan)
    gap[there] = over(n, n - 1)[codes] * (present - mean[codes])
    return gap
