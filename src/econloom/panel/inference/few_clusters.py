"""Cluster covariances for few clusters: CR2 and CR3 with Satterthwaite degrees of freedom.

With X the regressors and all dummies of the effects, W the weights, ``H = X (X'W X)^-1 X'W`` and e the residuals::

    V = sum_g (X'W X)^-1 X_g'W_g A_g e_g e_g' A_g' W_g X_g (X'W X)^-1
    CR2   A_g = B_g^-1/2,        B_g the block of g of (I - H)(I - H)'
    CR3   A_g = (I - H_gg)^-1

CR2 is unbiased where the errors are uncorrelated with one variance (Bell and McCaffrey 2002; Pustejovsky and Tipton
2018, whose working model this is). Where a block is singular, as with effects inside the clusters, inverses are
Moore-Penrose ones. For a coefficient ``b = p'W y`` let ``p_g = (I - H)_g' A_g' W_g p_(g)``; its degrees of freedom are

    (sum_g p_g'p_g)^2 / sum_gh (p_g'p_h)^2

The blocks come from a factor ``P P' W = H`` with ``P'W P = I``: regressors, the dummies of the largest effect (one
entry a row, never stored as columns) and those of the others, orthogonal to them. No n x n matrix is formed.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy import sparse

from econloom.core.errors import EstimationError
from econloom.panel import plain
from econloom.panel.absorb import Absorber, FloatArray, Grouping, IntArray, SlopedAbsorber
from econloom.panel.absorb.effects import DENSE_LEVELS, Dense
from econloom.panel.linear.iv import IVEstimate
from econloom.panel.linear.ols import Estimate
from econloom.panel.moments import Absorbed
from econloom.panel.passes import one_blas_thread

SINGULAR = 1e-11
"""Eigenvalues of I - H below this are zero."""
MOST_CELLS = 60_000_000
"""Cells of the other effects' factor beyond which it is refused (480 MB)."""
MOST_WORK = 2e12
"""Multiplications of the blocks' decompositions beyond which they are refused."""
FEW = 4.0
"""Below so many degrees of freedom Satterthwaite's approximation is poor (Pustejovsky and Tipton 2018)."""


@dataclass(frozen=True)
class Adjusted:
    """A covariance and the degrees of freedom of each coefficient.

    Attributes
    ----------
    vcov : (p, p) array
    df : (p,) array
        NaN where the adjusted scores vanish.
    warnings : tuple of str
    """

    vcov: FloatArray
    df: FloatArray
    warnings: tuple[str, ...]


@dataclass(frozen=True)
class Factor:
    """``P`` with ``P P'W = H`` and ``P'W P = I``.

    Attributes
    ----------
    codes : (n,) int array
        Level of the largest effect; empty without effects.
    roots : (levels,) array
        Its dummies are divided by the root of their weights: what each row has there.
    dense : (n, q) array
        The other columns of P.
    """

    codes: IntArray
    roots: FloatArray
    dense: FloatArray

    def rows(self, at: IntArray) -> FloatArray:
        """P at some rows, without columns that are zero there."""
        if not len(self.roots):
            return self.dense[at]
        present, place = np.unique(self.codes[at], return_inverse=True)
        first = np.zeros((len(at), len(present)))
        first[np.arange(len(at)), place] = self.roots[self.codes[at]]
        return np.hstack([first, self.dense[at]])


def adjusted(
    estimate: Estimate, absorbed: Absorbed, clusters: Grouping, kind: Literal["cr2", "cr3"] = "cr2"
) -> Adjusted:
    """CR2 or CR3 covariance with degrees of freedom by coefficient.

    Parameters
    ----------
    estimate, absorbed
    clusters : Grouping
    kind : {"cr2", "cr3"}

    Raises
    ------
    EstimationError
        Instruments; effects or clusters too large for the blocks.

    Examples
    --------
    >>> import econloom as el, polars as pl
    >>> data = pl.DataFrame({"g": [1, 1, 2, 2, 3, 3, 4, 4], "x": [1.0, 2, 1, 4, 2, 6, 0, 3],
    ...                      "y": [1.0, 2, 0, 4, 2, 7, 1, 2]})
    >>> fit = el.ols("y ~ x | g", data, vcov=el.cr2("g"))
    >>> round(float(fit.inference.dfs[0]), 4)
    2.0165
    """
    if isinstance(estimate, IVEstimate):
        raise EstimationError(f"{kind} is not defined here beside instruments", hint="el.cluster()")
    factor = hat_factor(estimate, absorbed)
    directions = estimate.instruments(absorbed) @ estimate.transform.T
    a = np.empty_like(directions)
    members = list(_members(clusters))
    _refuse_work(members, factor, kind)
    with one_blas_thread():
        for at in members:
            w = np.ones(len(at)) if absorbed.weights is None else absorbed.weights[at]
            a[at] = _adjusted_block(factor, absorbed, at, w, directions[at], kind)
    sums = np.vstack([a[at].T @ estimate.residuals[at] for at in members])
    df = _degrees(factor, absorbed, clusters, a)
    low = [f"{n} ({d:.1f})" for n, d in zip(estimate.names, df, strict=True) if d < FEW]
    said = f"few degrees of freedom, so that p values are rough: {', '.join(low)}"
    return Adjusted(sums.T @ sums, df, (said,) if low else ())


def hat_factor(estimate: Estimate, absorbed: Absorbed) -> Factor:
    """The factor of the projection on regressors and effects.

    Raises
    ------
    EstimationError
        The effects beside the largest have too many levels, or there are varying slopes.
    """
    Z = absorbed.block[:, list(estimate.columns)] @ estimate.whitening
    if isinstance(absorbed.absorber, SlopedAbsorber):
        raise EstimationError("the correction for few clusters (cr2) takes no varying slopes", hint="el.cluster()")
    if absorbed.absorber is not None:
        codes, roots, others = _of_effects(absorbed.absorber)
        return Factor(codes, roots, np.hstack([Z, others]))
    if estimate.extra.shape[1]:
        total = absorbed.n if absorbed.weights is None else absorbed.weights.sum()
        Z = np.hstack([Z, np.full((absorbed.n, 1), total**-0.5)])
    return Factor(np.zeros(0, dtype=np.int64), np.zeros(0), Z)


def _of_effects(absorber: Absorber) -> tuple[IntArray, FloatArray, FloatArray]:
    """Codes and roots of the largest effect, and the columns of the others, rows in the order of the design."""
    rows, dense = absorber.rows, absorber.solver
    sizes = np.diff(rows.starts)
    codes = np.repeat(np.arange(len(sizes), dtype=np.int64), sizes)
    totals = np.bincount(codes, weights=rows.weights if rows.weights.size else None)
    others = np.zeros((rows.n, 0))
    if dense is not None:
        if not isinstance(dense, Dense) or rows.n * len(dense.kept) > MOST_CELLS:
            raise EstimationError(
                f"cr2 and cr3 need the projection on all dummies: {rows.levels:,} levels beside the largest effect "
                f"are too many for {rows.n:,} rows (at most {DENSE_LEVELS:,} levels)",
                hint="el.cluster() or el.wild()",
            )
        D = plain.dummies(rows.columns, rows.levels)[:, dense.kept].toarray()
        inverse = dense.inverse()
        others = rows.first_residuals(D, np.zeros(D.shape[1]), np.ones(D.shape[1])) @ inverse
    if absorber.order is not None:
        back = np.empty_like(absorber.order)
        back[absorber.order] = np.arange(rows.n)
        codes, others = codes[back], others[back]
    return codes, np.asarray(totals**-0.5), np.asarray(others)


def _members(clusters: Grouping) -> Iterator[IntArray]:
    order = np.argsort(clusters.codes, kind="stable")
    yield from np.split(order, np.cumsum(clusters.sizes())[:-1])


def _refuse_work(members: list[IntArray], factor: Factor, kind: str) -> None:
    columns = factor.dense.shape[1]
    work = sum(float(len(at)) * min(len(at), columns + len(factor.roots)) ** 2 for at in members)
    if work > MOST_WORK:
        largest = max(len(at) for at in members)
        raise EstimationError(
            f"{kind}: clusters of up to {largest:,} rows beside {columns:,} regressors and dummies are too large",
            hint="el.cluster() or el.wild()",
        )


def _adjusted_block(
    factor: Factor, absorbed: Absorbed, at: IntArray, w: FloatArray, p: FloatArray, kind: str
) -> FloatArray:
    """``A_g' W_g p``, (n_g, k)."""
    P = factor.rows(at)
    root = np.sqrt(w)[:, None]
    if kind == "cr2" and absorbed.weights is not None:
        return _power_of_block(factor, absorbed, at, w, w[:, None] * p)
    U, s, _ = np.linalg.svd(root * P, full_matrices=False)
    left = 1 - s**2
    power = -0.5 if kind == "cr2" else -1.0
    bent = np.where(left > SINGULAR, np.maximum(left, SINGULAR) ** power, 0.0) - 1
    v = root * p
    return np.asarray(root * (v + U @ (bent[:, None] * (U.T @ v))))


def _power_of_block(factor: Factor, absorbed: Absorbed, at: IntArray, w: FloatArray, v: FloatArray) -> FloatArray:
    """``B_g^-1/2 v`` with weights, where B is no projection."""
    first, dense = len(factor.roots), factor.dense[at]
    C00, C0q, Cqq = _inner(factor, absorbed)
    H = dense @ dense.T
    last = dense @ Cqq @ dense.T
    if first:
        codes, roots = factor.codes[at], factor.roots[factor.codes[at]]
        same = (codes[:, None] == codes) * np.outer(roots, roots)
        H = H + same
        crossed = roots[:, None] * (C0q[codes] @ dense.T)
        last = last + same * C00[codes] + crossed + crossed.T
    H = H * w
    values, vectors = np.linalg.eigh(np.eye(len(at)) - H - H.T + last)
    bent = np.where(values > SINGULAR, np.maximum(values, SINGULAR) ** -0.5, 0.0)
    return np.asarray(vectors @ (bent[:, None] * (vectors.T @ v)))


def _inner(factor: Factor, absorbed: Absorbed) -> tuple[FloatArray, FloatArray, FloatArray]:
    """``P'W^2 P`` in blocks: the diagonal of the largest effect's, its crossing with the others, and theirs."""
    w = np.ones(absorbed.n) if absorbed.weights is None else absorbed.weights
    heavy = factor.dense * (w**2)[:, None]
    if not len(factor.roots):
        return np.zeros(0), np.zeros((0, factor.dense.shape[1])), factor.dense.T @ heavy
    D = _dummies(factor)
    return D.T.power(2) @ w**2, np.asarray(D.T @ heavy), factor.dense.T @ heavy


def _dummies(factor: Factor) -> sparse.csr_array:
    """The largest effect's part of P, (n, levels)."""
    n = len(factor.codes)
    return sparse.csr_array((factor.roots[factor.codes], factor.codes, np.arange(n + 1)), shape=(n, len(factor.roots)))


def _degrees(factor: Factor, absorbed: Absorbed, clusters: Grouping, a: FloatArray) -> FloatArray:
    """Satterthwaite's degrees of freedom of every coefficient, (p,)."""
    n = len(a)
    members = sparse.csr_array((np.ones(n), clusters.codes, np.arange(n + 1)), shape=(n, clusters.levels)).T.tocsr()
    inner = None if absorbed.weights is None else _inner(factor, absorbed)
    found = []
    for column in a.T:
        products = np.diag(members @ column**2) - _projected(factor, absorbed, members, column, inner)
        square = float((products**2).sum())
        found.append(float(np.trace(products)) ** 2 / square if square > 0 else np.nan)
    return np.array(found)


def _projected(
    factor: Factor,
    absorbed: Absorbed,
    members: sparse.csr_array,
    a: FloatArray,
    inner: tuple[FloatArray, FloatArray, FloatArray] | None,
) -> FloatArray:
    """What the products ``p_g'p_h`` lose by the projection, (G, G): ``a_g' (H + H' - H H') a_h``."""
    D = _dummies(factor) if len(factor.roots) else sparse.csr_array((len(a), 0))
    own = members @ sparse.diags_array(a)
    first, dense = sparse.csr_array(own @ D), own @ factor.dense
    if inner is None or absorbed.weights is None:
        return np.asarray((first @ first.T).toarray() + dense @ dense.T)
    heavy = members @ sparse.diags_array(a * absorbed.weights)
    crossed = (first @ (heavy @ D).T).toarray() + dense @ (heavy @ factor.dense).T
    C00, C0q, Cqq = inner
    mixed = (first @ C0q) @ dense.T
    last = (first @ sparse.diags_array(C00) @ first.T).toarray() + mixed + mixed.T + dense @ Cqq @ dense.T
    return np.asarray(crossed + crossed.T - last)
