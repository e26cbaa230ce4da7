"""Covariances of linear estimators: conventional, heteroskedasticity-robust and clustered.

With T the transform, Z the instruments, W the weights and e the residuals of an :class:`Estimate`::

    iid       rss T (Z'W Z) T'
    hc1       T (sum_i w_i^2 e_i^2 z_i z_i') T'
    hc2, hc3  the same with e_i^2 / (1 - h_i) and e_i^2 / (1 - h_i)^2, h the leverage with effects
    cluster   T (sum_g s_g s_g') T',    s_g = sum_{i in g} w_i e_i z_i;  several ways by inclusion and exclusion
    cr2, cr3  :mod:`econloom.panel.inference.few_clusters`        wild  :mod:`econloom.panel.inference.bootstrap`
    in time   :mod:`econloom.panel.inference.serial`            conley  :mod:`econloom.panel.inference.conley`

each times the factor of the convention (:mod:`econloom.panel.conventions`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Literal

import numpy as np
from scipy import special

from econloom.core.errors import EstimationError
from econloom.core.spec import Draws, VcovSpec
from econloom.panel.absorb import FloatArray, Grouping
from econloom.panel.conventions import Correction
from econloom.panel.inference.bootstrap import wild_tests
from econloom.panel.inference.clustering import clustered_meat, nearest_definite
from econloom.panel.inference.conley import conley_meat
from econloom.panel.inference.few_clusters import adjusted
from econloom.panel.inference.leverage import ALL, leverages
from econloom.panel.inference.serial import Axes, serial_correction, serial_meat
from econloom.panel.linear.ols import Estimate
from econloom.panel.moments import Absorbed

ZERO = 1e-9
"""A standard error below this share of the conventional one is rounding."""
LEVEL = 0.95


@dataclass(frozen=True)
class Inference:
    """Precision of the coefficients; NaN where nothing can be said, with a warning that says why.

    Attributes
    ----------
    vcov : (p, p) array
    std_error, statistic, p_value, conf_low, conf_high : (p,) arrays
        The interval covers 95 per cent.
    distribution : {"t", "normal"}
    df : float or None
        Of all coefficients, the smallest where each has its own.
    warnings : tuple of str
    dfs : (p,) array or None
        Degrees of freedom of each coefficient, where they have their own.
    """

    vcov: FloatArray
    std_error: FloatArray
    statistic: FloatArray
    p_value: FloatArray
    conf_low: FloatArray
    conf_high: FloatArray
    distribution: Literal["t", "normal"]
    df: float | None
    warnings: tuple[str, ...]
    dfs: FloatArray | None = None


def infer(
    estimate: Estimate,
    absorbed: Absorbed,
    vcov: VcovSpec,
    correction: Correction,
    clusters: Sequence[Grouping] = (),
    where: Axes | None = None,
) -> Inference:
    """Covariance, standard errors, tests and intervals.

    Parameters
    ----------
    estimate, absorbed
    vcov : VcovSpec
    correction : Correction
        Factor and reference distribution.
    clusters : sequence of Grouping
        One for each way of a cluster covariance.
    where : Axes, optional
        Time and place of the rows, for covariances that know them.

    Raises
    ------
    EstimationError
        A cluster covariance without clusters.
    """
    if vcov.kind in {"cr2", "cr3"}:
        return _few_clusters(estimate, absorbed, vcov, correction, clusters)
    if vcov.kind == "wild":
        return _wild(estimate, absorbed, vcov, correction, clusters)
    bread = estimate.bread(absorbed)
    notes = _counted(absorbed, correction)
    if vcov.kind == "iid":
        raw = bread * estimate.rss
    else:
        if vcov.kind in {"newey_west", "driscoll_kraay", "conley"}:
            if where is None:
                raise EstimationError(f"{vcov} is not defined for this regression", hint="el.cluster()")
            correction = serial_correction(correction, absorbed.n, vcov, where)
            meat, said_of_it = (conley_meat if vcov.space else serial_meat)(estimate.scores(absorbed), vcov, where)
        else:
            meat, said_of_it = _meat(estimate, absorbed, vcov, clusters)
        notes = (*notes, *said_of_it)
        raw = estimate.transform @ meat @ estimate.transform.T
    V = correction.factor * (raw + raw.T) / 2
    if len(clusters) > 1 and len(V):
        V, said = nearest_definite(V)
        notes = (*notes, said) if said else notes
    conventional = np.sqrt(np.maximum(np.diag(bread), 0.0) * estimate.rss / absorbed.n)
    errors, warnings = _standard_errors(V, conventional, estimate)
    return _tests(estimate.coefficients, V, errors, correction, (*notes, *warnings))


def _few_clusters(
    estimate: Estimate, absorbed: Absorbed, vcov: VcovSpec, correction: Correction, clusters: Sequence[Grouping]
) -> Inference:
    """CR2 or CR3: no factor, and t with degrees of freedom of each coefficient under every convention."""
    found = adjusted(estimate, absorbed, clusters[0], "cr2" if vcov.kind == "cr2" else "cr3")
    conventional = np.sqrt(np.maximum(np.diag(estimate.bread(absorbed)), 0.0) * estimate.rss / absorbed.n)
    errors, warnings = _standard_errors(found.vcov, conventional, estimate)
    law = replace(correction, factor=1.0, distribution="t", df=float(np.nanmin(found.df, initial=np.inf)))
    plain = _tests(estimate.coefficients, found.vcov, errors, law, (*found.warnings, *warnings))
    tail = np.asarray(special.stdtr(found.df, -np.abs(plain.statistic)))
    reach = np.asarray(special.stdtrit(found.df, (1 + LEVEL) / 2)) * errors
    b = estimate.coefficients
    return replace(plain, p_value=2 * tail, conf_low=b - reach, conf_high=b + reach, dfs=found.df)


def _wild(
    estimate: Estimate, absorbed: Absorbed, vcov: VcovSpec, correction: Correction, clusters: Sequence[Grouping]
) -> Inference:
    """The cluster covariance with p values and intervals of the wild bootstrap."""
    plain = infer(estimate, absorbed, VcovSpec("cluster", vcov.clusters), correction, clusters)
    tests = wild_tests(estimate, absorbed, clusters[0], vcov.draws or Draws(), correction.factor)
    known = np.isfinite(plain.std_error)
    p, low, high = (
        np.where(known, [getattr(t, name) for t in tests], np.nan) for name in ("p_value", "conf_low", "conf_high")
    )
    said = dict.fromkeys(w for t in tests for w in t.warnings)
    return replace(plain, p_value=p, conf_low=low, conf_high=high, warnings=(*plain.warnings, *said))


def _counted(absorbed: Absorbed, correction: Correction) -> tuple[str, ...]:
    """What is to be said where the convention uses a rank that was counted."""
    if not correction.uses_rank or absorbed.absorber is None or absorbed.absorber.exact:
        return ()
    return (f"the rank of the effects, {absorbed.rank:,}, is counted from their levels: the true one may be less",)


def _meat(
    estimate: Estimate, absorbed: Absorbed, vcov: VcovSpec, clusters: Sequence[Grouping]
) -> tuple[FloatArray, tuple[str, ...]]:
    """Sum of outer products of the scores, or of their sums in clusters, (p, p), and what is to be said of it."""
    if vcov.kind == "cluster":
        if not clusters:
            raise EstimationError("a cluster covariance needs clusters")
        return clustered_meat(partial(estimate.score_sums, absorbed), clusters), ()
    scores = absorbed.weighted(estimate.residuals[:, None])[:, 0]
    if vcov.kind == "hc1":
        return estimate.score_products(absorbed, scores), ()
    h = leverages(estimate, absorbed)
    full = h > ALL
    free = np.where(full, 1.0, 1 - h)
    adjusted = np.where(full, 0.0, scores / (np.sqrt(free) if vcov.kind == "hc2" else free))
    count = int(full.sum())
    said = f"{count} rows have leverage 1 and no part in the {vcov.kind} covariance"
    return estimate.score_products(absorbed, adjusted), (said,) if count else ()


def _standard_errors(V: FloatArray, conventional: FloatArray, estimate: Estimate) -> tuple[FloatArray, tuple[str, ...]]:
    """Roots of the diagonal; NaN where they are rounding."""
    errors = np.sqrt(np.maximum(np.diag(V), 0.0))
    if estimate.perfect_fit:
        why = "the model fits perfectly: residuals are rounding, standard errors are undefined"
        return np.full_like(errors, np.nan), (why,)
    nothing = errors <= ZERO * conventional
    names = [name for name, none in zip(estimate.names, nothing, strict=True) if none]
    why = f"no standard error for {', '.join(names)}: the scores sum to zero in every cluster"
    return np.where(nothing, np.nan, errors), (why,) if names else ()


def _tests(
    b: FloatArray, V: FloatArray, errors: FloatArray, correction: Correction, warnings: tuple[str, ...]
) -> Inference:
    statistic = b / errors
    tail, quantile = _law(correction.df, statistic)
    reach = quantile * errors
    return Inference(
        vcov=V,
        std_error=errors,
        statistic=statistic,
        p_value=2 * tail,
        conf_low=b - reach,
        conf_high=b + reach,
        distribution=correction.distribution,
        df=correction.df,
        warnings=warnings,
    )


def _law(df: float | None, statistic: FloatArray) -> tuple[FloatArray, float]:
    """Upper tail beyond ``|statistic|`` and the quantile of the interval, of t with ``df`` or of the normal."""
    upper = (1 + LEVEL) / 2
    if df is None:
        return np.asarray(special.ndtr(-np.abs(statistic))), float(special.ndtri(upper))
    return np.asarray(special.stdtr(df, -np.abs(statistic))), float(special.stdtrit(df, upper))
