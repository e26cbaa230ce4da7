"""Small-sample conventions, named after the program they follow: what counts as a parameter, which factor, t or z.

==========  ======================================  ==========================  =============================
convention  K                                       factor (cluster)            reference distribution
==========  ======================================  ==========================  =============================
fixest      k + levels of effects not nested in     G/(G-1) (n-1)/(n-K)         t(G-1); t(n-K) without
            the cluster (see `fixest_parameters`)                               clusters
xtreg       k + rank of the other effects + 1; the  G/(G-1) (n-1)/(n-K)         t(G-1); t(n-units-K+1)
            unit effects are not counted                                        without clusters
none        nothing                                 1                           normal
==========  ======================================  ==========================  =============================

k counts the regressors kept, with the intercept of a model without effects.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

from econloom.core.errors import EstimationError, UsageError, did_you_mean
from econloom.core.spec import SscName, VcovSpec


@dataclass(frozen=True, slots=True)
class Counts:
    """The numbers that small-sample rules are made of.

    Attributes
    ----------
    n : int
        Rows.
    regressors : int
        Regressors kept, with the intercept of a model without effects.
    levels : tuple of int
        Levels of each effect.
    nested : tuple of bool
        Whether each effect lies inside the clusters; all False without clusters.
    absorbed_rank : int
        Dimensions that the effects take, exactly.
    unit_levels : int or None
        Levels of the unit effect (convention ``xtreg``).
    clusters : int or None
        Number of clusters.
    """

    n: int
    regressors: int
    levels: tuple[int, ...] = ()
    nested: tuple[bool, ...] = ()
    absorbed_rank: int = 0
    unit_levels: int | None = None
    clusters: int | None = None


@dataclass(frozen=True, slots=True)
class Correction:
    """What a convention says of one model and covariance.

    Attributes
    ----------
    factor : float
        Multiplies the raw sandwich, or for ``iid`` the sum of squared residuals times the bread.
    parameters : int
        K of the formula.
    distribution : {"t", "normal"}
    df : float or None
        Degrees of freedom of t.
    """

    factor: float
    parameters: int
    distribution: Literal["t", "normal"]
    df: float | None


def check_convention(name: str) -> None:
    """Refuse a convention that does not exist.

    Raises
    ------
    UsageError
        With the nearest name.
    """
    known = get_args(SscName)
    if name not in known:
        raise UsageError(f"no small-sample convention {name!r}{did_you_mean(name, known)}", hint=", ".join(known))


def correction(ssc: SscName, vcov: VcovSpec, counts: Counts) -> Correction:
    """Factor and reference distribution.

    Raises
    ------
    EstimationError
        No degrees of freedom are left.
    UsageError
        A covariance that the convention's program does not have.

    Examples
    --------
    >>> counts = Counts(n=615, regressors=1, levels=(41, 15), nested=(True, False), absorbed_rank=55,
    ...                 unit_levels=41, clusters=41)
    >>> correction("xtreg", VcovSpec("cluster", ("code",)), counts).parameters
    16
    """
    if ssc == "none":
        return Correction(1.0 / counts.n if vcov.kind == "iid" else 1.0, 0, "normal", None)
    K = fixest_parameters(counts) if ssc == "fixest" else xtreg_parameters(vcov, counts)
    if vcov.kind == "cluster":
        G, n = _clusters(counts), counts.n
        _positive(n - K, counts, K)
        return Correction(G / (G - 1) * (n - 1) / (n - K), K, "t", G - 1)
    df = _positive(counts.n - K if ssc == "fixest" else residual_df(ssc, counts), counts, K)
    return Correction(counts.n / df if vcov.kind == "hc1" else 1.0 / df, K, "t", df)


def fixest_parameters(counts: Counts) -> int:
    """K of fixest's default, ``ssc(K.adj = TRUE, K.fixef = "nested")``.

    All levels count, less one for each effect after the first; the levels of an effect nested in the clusters
    do not, save one.
    """
    K = counts.regressors + sum(counts.levels) - max(len(counts.levels) - 1, 0)
    nested = [size for size, inside in zip(counts.levels, counts.nested, strict=True) if inside]
    return K - sum(nested) + len(nested)


def xtreg_parameters(vcov: VcovSpec, counts: Counts) -> int:
    """K of Stata's ``xtreg, fe``: regressors, dummies of the other effects and the constant.

    Raises
    ------
    UsageError
        ``hc1`` (its ``vce(robust)`` is the cluster covariance of the unit), no unit effect, or units that lie in
        several clusters.
    """
    if counts.unit_levels is None:
        raise UsageError("convention xtreg needs a unit effect", hint="y ~ x | unit + year, or another ssc")
    if vcov.kind == "hc1":
        raise UsageError(
            "convention xtreg has no hc1: vce(robust) of that command clusters by unit", hint="el.cluster(unit)"
        )
    return counts.regressors + counts.absorbed_rank - counts.unit_levels + 1


def residual_df(ssc: SscName, counts: Counts) -> int:
    """Rows less everything estimated: exact rank of the effects, or fixest's count of levels."""
    if ssc == "fixest":
        return counts.n - counts.regressors - sum(counts.levels) + max(len(counts.levels) - 1, 0)
    return counts.n - counts.regressors - counts.absorbed_rank


def _clusters(counts: Counts) -> int:
    if counts.clusters is None or counts.clusters < 2:
        raise EstimationError(f"a cluster covariance needs two clusters; there is {counts.clusters or 0}")
    return counts.clusters


def _positive(df: int, counts: Counts, K: int) -> int:
    if df <= 0:
        raise EstimationError(f"{counts.n} rows for {K} parameters: no degrees of freedom are left")
    return df
