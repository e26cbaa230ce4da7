"""Bootstrap draws of indirect effects, from cross-products by cluster: no regression is run again.

Clusters are drawn with replacement. A draw's cross-products give every step at once: with R those of treatment,
mediators and outcome after controls and effects are taken out, ``a_j = R_xj / R_xx`` and the b are the solution of a
system of one row for the treatment and one for each mediator.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import special

from econloom.core.errors import EstimationError
from econloom.core.estimate import Unavailable
from econloom.panel.absorb import FloatArray, Grouping
from econloom.panel.fitted import Fit
from econloom.panel.inference.pairs import drawn_grams, pairs_columns

MOST_CELLS = 60_000_000
"""Cells of the cross-products of all clusters that are held at once."""


@dataclass(frozen=True)
class Drawn:
    """Indirect effects of every draw.

    Attributes
    ----------
    single : (draws, J) array
        Through each mediator alone.
    joint : (draws, J + 1) array
        Through each in the joint model, and their sum.
    errors : (draws, J, 4) array
        a, spreads of e_1 and e_2, and their correlation.
    lost : int
        Draws that do not identify them.
    clusters : int
    name : str
        What was drawn.
    """

    single: FloatArray
    joint: FloatArray
    errors: FloatArray
    lost: int
    clusters: int
    name: str


def draw_paths(fit: Fit, treatment: str, mediators: Sequence[str], draws: int, seed: int) -> Drawn | Unavailable:
    """Draw whole clusters (rows, without clusters and effects) and compute all paths of each draw.

    Parameters
    ----------
    fit : Fit
        Outcome on treatment, controls and all mediators.
    treatment : str
    mediators : sequence of str
    draws, seed : int
    """
    cluster = _cluster(fit)
    if isinstance(cluster, Unavailable):
        return cluster
    try:
        terms, columns, dummies = pairs_columns(fit, cluster)
    except EstimationError as error:
        return Unavailable(error.message)
    first = [terms.index(treatment), *(terms.index(m) for m in mediators), len(terms)]
    others = [k for k in range(len(terms)) if k not in first]
    Z = np.hstack([dummies, columns[:, others], columns[:, first]])
    if cluster.levels * Z.shape[1] ** 2 > MOST_CELLS:
        return Unavailable(f"{cluster.levels:,} clusters of {Z.shape[1]} columns are too many for the bootstrap")
    q = Z.shape[1] - len(first)
    R = np.concatenate([_reduced(grams, q) for grams in drawn_grams(fit, Z, cluster, draws, seed)])
    units = _units(fit, treatment, mediators)
    single, joint, errors = _paths(R, units)
    known = np.isfinite(single).all(axis=1) & np.isfinite(joint).all(axis=1) & np.isfinite(errors).all(axis=(1, 2))
    if known.sum() < draws / 2:
        return Unavailable(f"only {int(known.sum())} of {draws} draws of clusters identify the paths")
    return Drawn(single[known], joint[known], errors[known], int(draws - known.sum()), cluster.levels, cluster.name)


def _cluster(fit: Fit) -> Grouping | Unavailable:
    if fit.design.slopes:
        return Unavailable("the bootstrap takes no varying slopes")
    if len(fit.clusters) == 1:
        if fit.clusters[0].levels < 3:
            return Unavailable(f"{fit.clusters[0].levels} clusters are too few to draw from")
        return fit.clusters[0]
    if fit.clusters:
        return Unavailable("the bootstrap draws clusters of one way: vcov=el.cluster('city')")
    if fit.design.effects:
        return Unavailable("beside effects whole clusters are drawn: vcov=el.cluster('city')")
    return Grouping("rows", np.arange(fit.design.n, dtype=np.int64), fit.design.n)


def _reduced(grams: FloatArray, q: int) -> FloatArray:
    """Cross-products of the last columns after the first q are taken out."""
    if not q:
        return grams
    inverse = np.linalg.pinv(grams[:, :q, :q], rcond=1e-10, hermitian=True)
    return np.asarray(grams[:, q:, q:] - grams[:, q:, :q] @ inverse @ grams[:, :q, q:])


def _units(fit: Fit, treatment: str, mediators: Sequence[str]) -> FloatArray:
    """Scales of treatment, mediators and outcome."""
    names = list(fit.estimate.names)
    at = [fit.estimate.columns[names.index(n)] for n in (treatment, *mediators)]
    return fit.absorbed.scales[[*at, fit.design.positions([fit.request.model.outcome])[0]]]


def _paths(R: FloatArray, units: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Indirect effects (single, joint with their sum) and what the errors are like, of every draw."""
    J = R.shape[1] - 2
    with np.errstate(divide="ignore", invalid="ignore"):
        a = R[:, 0, 1 : 1 + J] / R[:, :1, 0]
        c = R[:, 0, -1] / R[:, 0, 0]
        M = R[:, 1:, 1:] - R[:, 1:, :1] * R[:, :1, 1:] / R[:, :1, :1]
        s2, s1, s12 = M[:, range(J), range(J)], M[:, -1, -1], M[:, :J, -1]
        b = s12 / s2
        r = s12 / np.sqrt(s2 * s1[:, None])
    together = _solved(M[:, :J, :J], s12)
    size = units[-1] / units[0]
    joint = a * together * size
    errors = np.stack([
        a * (units[1:-1] / units[0]), np.sqrt(np.maximum(s1, 0))[:, None] * units[-1] * np.ones((1, J)),
        np.sqrt(np.maximum(s2, 0)) * units[1:-1], r,
    ], axis=2)  # fmt: skip
    lost = ~np.isfinite(c)
    single = a * b * size
    single[lost] = np.nan
    return single, np.column_stack([joint, joint.sum(axis=1)]), errors


def _solved(A: FloatArray, v: FloatArray) -> FloatArray:
    values = np.linalg.eigvalsh(np.nan_to_num(A))
    good = values[:, 0] > 1e-9 * np.maximum(values[:, -1], 1e-300)
    found = np.full(v.shape, np.nan)
    found[good] = np.linalg.solve(A[good], v[good][:, :, None])[:, :, 0]
    return found


def percentile(draws: FloatArray) -> tuple[float, float]:
    """The 2.5 and 97.5 per cent points."""
    low, high = np.quantile(draws, [0.025, 0.975])
    return float(low), float(high)


def bias_corrected(draws: FloatArray, value: float) -> tuple[float, float]:
    """Efron's bias-corrected interval: percentiles shifted by twice the normal score of the share below ``value``."""
    share = float((draws < value).mean())
    if not 0 < share < 1:
        return float("nan"), float("nan")
    shift = 2 * float(special.ndtri(share))
    points = special.ndtr(shift + special.ndtri([0.025, 0.975]))
    low, high = np.quantile(draws, points)
    return float(low), float(high)
