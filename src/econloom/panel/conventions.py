"""Small-sample conventions, named after the program they follow: what counts as a parameter, which factor, t or z.

============  ===================================  ===========  ==============================  ==================
convention    K                                    iid          hc1                             cluster
============  ===================================  ===========  ==============================  ==================
fixest        k + levels of effects not nested in  1/(n-K),     n/(n-K), t(n-K); hc2 and hc3    G/(G-1) (n-1)/(n-K),
              the clusters + varying slopes        t(n-K)       too                             t(G-1)
reghdfe       k + levels of effects not nested,    1/(n-K),     n/(n-K), t(n-K)                 G/(G-1) (n-1)/(n-K),
              less pairwise redundant ones         t(n-K)                                       t(min(n-K, G-1))
xtreg         k + rank of other effects + 1        1/(n-K-U+1)  refused                         G/(G-1) (n-1)/(n-K),
                                                                                                t(G-1)
areg          k + rank of all effects              1/(n-K),     n/(n-K), t(n-K)                 G/(G-1) (n-1)/(n-K),
                                                   t(n-K)                                       t(G-1)
ivreg2_small  k + rank of all effects              1/(n-K),     n/(n-K), t(n-K)                 G/(G-1) (n-1)/(n-K),
                                                   t(n-K)                                       t(G-1)
ivreg2        nothing                              1/n, normal  1, normal                       1, normal
none          nothing                              1/n, normal  1, normal; hc2 and hc3 too      1, normal
============  ===================================  ===========  ==============================  ==================

k counts the regressors kept, with the intercept of a model without effects; U the levels of the unit effect; G the
clusters, with several ways of clustering the fewest of any way. An effect is nested where each of its groups lies in
one cluster of some way.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, get_args

from econloom.core.errors import EstimationError, UsageError, did_you_mean
from econloom.core.spec import ConstantName, SscName, VcovSpec


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
        Levels of each effect, those that are slopes only aside.
    nested : tuple of bool
        Whether each effect lies inside the clusters; all False without clusters.
    absorbed_rank : int
        Dimensions that the effects take, exactly.
    unit_levels : int or None
        Levels of the unit effect (convention ``xtreg``).
    clusters : int or None
        Number of clusters, the fewest of any way.
    redundant : tuple of int
        Levels of each effect that effects before it explain, by pairs (convention ``reghdfe``).
    slopes : int
        Varying slopes, one for each group and variable; an intercept beside slopes alone is among them.
    """

    n: int
    regressors: int
    levels: tuple[int, ...] = ()
    nested: tuple[bool, ...] = ()
    absorbed_rank: int = 0
    unit_levels: int | None = None
    clusters: int | None = None
    redundant: tuple[int, ...] = ()
    slopes: int = 0


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
    uses_rank : bool
        Whether the rank of the effects went into it.
    """

    factor: float
    parameters: int
    distribution: Literal["t", "normal"]
    df: float | None
    uses_rank: bool = False


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


def refuse_beside_slopes(ssc: SscName, constant: ConstantName, sloped: Sequence[str]) -> None:
    """Refuse conventions and constants that are not defined with the varying slopes of some effects.

    Raises
    ------
    UsageError
    """
    if sloped and ssc in {"xtreg", "reghdfe"}:
        named = ", ".join(sloped)
        raise UsageError(f"convention {ssc} takes no varying slopes: {named}", hint="ssc='fixest' or ssc='areg'")
    if sloped and constant in {"xtreg", "lsdv"}:
        named = ", ".join(sloped)
        raise UsageError(f"constant {constant!r} takes no varying slopes: {named}", hint="constant='centred'")


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
    _refuse_unknown(ssc, vcov)
    if ssc in {"none", "ivreg2"}:
        return Correction(1.0 / counts.n if vcov.kind == "iid" else 1.0, 0, "normal", None)
    K, rank = _parameters(ssc, counts), ssc in {"xtreg", "areg", "ivreg2_small"}
    if vcov.kind == "cluster":
        G, n = _clusters(counts), counts.n
        _positive(n - K, counts, K)
        df = min(G - 1, n - K) if ssc == "reghdfe" else G - 1
        return Correction(G / (G - 1) * (n - 1) / (n - K), K, "t", df, rank)
    df = _positive(residual_df(ssc, counts) if ssc == "xtreg" else counts.n - K, counts, K)
    return Correction(1.0 / df if vcov.kind == "iid" else counts.n / df, K, "t", df, rank)


def _parameters(ssc: SscName, counts: Counts) -> int:
    if ssc == "fixest":
        return fixest_parameters(counts)
    if ssc == "reghdfe":
        return reghdfe_parameters(counts)
    return xtreg_parameters(counts) if ssc == "xtreg" else counts.regressors + counts.absorbed_rank


def _refuse_unknown(ssc: SscName, vcov: VcovSpec) -> None:
    """Refuse a covariance that the convention's program does not have."""
    if vcov.kind in {"hc2", "hc3"} and ssc not in {"fixest", "none"}:
        raise UsageError(f"convention {ssc} has no {vcov.kind}", hint="ssc='fixest' or ssc='none'")
    if ssc == "xtreg" and vcov.kind == "hc1":
        raise UsageError(
            "convention xtreg has no hc1: vce(robust) of that command clusters by unit", hint="el.cluster(unit)"
        )
    if ssc == "xtreg" and len(vcov.clusters) > 1:
        raise UsageError("convention xtreg clusters in one way", hint="ssc='reghdfe' or ssc='fixest'")


def fixest_parameters(counts: Counts) -> int:
    """K of fixest's default, ``ssc(K.adj = TRUE, K.fixef = "nested")``.

    All levels count, less one for each effect after the first; the levels of an effect nested in the clusters
    do not, save one. Every varying slope counts, nested or not.
    """
    K = counts.regressors + counts.slopes + sum(counts.levels) - max(len(counts.levels) - 1, 0)
    nested = [size for size, inside in zip(counts.levels, counts.nested, strict=True) if inside]
    return K - sum(nested) + len(nested)


def reghdfe_parameters(counts: Counts) -> int:
    """K of Stata's ``reghdfe``: levels of effects that are not nested, less redundant ones; one where any is nested.

    The first effect has no redundant level, each further one the largest number of connected components that it
    makes with an effect before it, at least one.
    """
    levels = zip(counts.levels, counts.redundant, counts.nested, strict=True)
    absorbed = sum(size - redundant for size, redundant, inside in levels if not inside)
    return counts.regressors + absorbed + any(counts.nested)


def xtreg_parameters(counts: Counts) -> int:
    """K of Stata's ``xtreg, fe``: regressors, dummies of the other effects and the constant.

    Raises
    ------
    UsageError
        No unit effect.
    """
    if counts.unit_levels is None:
        raise UsageError("convention xtreg needs a unit effect", hint="y ~ x | unit + year, or another ssc")
    return counts.regressors + counts.absorbed_rank - counts.unit_levels + 1


def residual_df(ssc: SscName, counts: Counts) -> int:
    """Rows less everything estimated: the convention's count of levels, or the rank of the effects."""
    if ssc == "fixest":
        effects = sum(counts.levels) - max(len(counts.levels) - 1, 0) + counts.slopes
        return counts.n - counts.regressors - effects
    if ssc == "reghdfe":
        return counts.n - counts.regressors - sum(counts.levels) + sum(counts.redundant)
    return counts.n - counts.regressors - counts.absorbed_rank


def _clusters(counts: Counts) -> int:
    if counts.clusters is None or counts.clusters < 2:
        raise EstimationError(f"a cluster covariance needs two clusters; there is {counts.clusters or 0}")
    return counts.clusters


def _positive(df: int, counts: Counts, K: int) -> int:
    if df <= 0:
        raise EstimationError(f"{counts.n} rows for {K} parameters: no degrees of freedom are left")
    return df
