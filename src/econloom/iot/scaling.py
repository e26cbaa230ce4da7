"""Matrices scaled to known row and column totals: RAS, and GRAS where cells are negative."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray

from econloom.core.errors import DataError, EstimationError, UsageError, did_you_mean, listed
from econloom.iot.balance import FloatArray

Negatives = Literal["gras", "refuse", "keep"]
_SAME_TOTAL = 1e-9


@dataclass(frozen=True, slots=True, eq=False)
class Scaled:
    """A scaled matrix and how it came about.

    Attributes
    ----------
    matrix : ndarray (m, k)
    iterations : int
        Passes over rows and columns.
    gap : float
        Largest gap of a row or column to its total, relative to the largest total.
    converged : bool
        Whether the gap is within the tolerance.
    gaps : tuple of float
        The gap after every pass.
    rows, columns : ndarray (m,), (k,)
        Multipliers r and s: positive cells are ``r_i a_ij s_j``, negative ones (GRAS) ``a_ij / (r_i s_j)``.
    """

    matrix: FloatArray
    iterations: int
    gap: float
    converged: bool
    gaps: tuple[float, ...]
    rows: FloatArray
    columns: FloatArray

    def __str__(self) -> str:
        state = "converged" if self.converged else "not converged"
        return f"{state} after {self.iterations} iterations: largest gap {self.gap:.1e} of the largest total"


def ras(
    matrix: ArrayLike,
    row_totals: ArrayLike,
    column_totals: ArrayLike,
    *,
    negatives: Negatives = "refuse",
    tolerance: float = 1e-10,
    max_iterations: int = 1000,
    strict: bool = True,
) -> Scaled:
    """Scale rows and columns until they sum to known totals: RAS, iterative proportional fitting.

    Parameters
    ----------
    matrix : array_like (m, k)
        Zeros stay zero.
    row_totals, column_totals : array_like (m,), (k,)
        With the same sum.
    negatives : {"refuse", "gras", "keep"}, keyword only
        What to do with negative cells, such as inventories: an error; GRAS, where they keep their sign and move
        against the multipliers; or held as they are, the rest scaled to what the totals leave.
    tolerance : float, keyword only
        Largest gap to a total, relative to the largest total.
    max_iterations : int, keyword only
    strict : bool, keyword only
        Whether no convergence is an error; otherwise the result says ``converged=False``.

    Returns
    -------
    Scaled

    Raises
    ------
    UsageError
        Wrong shapes, an unknown choice, or a tolerance or number of iterations that is none.
    DataError
        NaN, negative cells that are refused, totals that differ in sum, or a row or column without cells to carry its
        total.
    EstimationError
        Not converged: the totals cannot be met with these zeros. Names the worst rows and columns.

    Notes
    -----
    Stone (1961); Bacharach (1970). GRAS: Junius and Oosterhaven (2003), Economic Systems Research 15:87-96, in the
    corrected form of Lenzen, Wood and Gallego (2007), 19:461-465; rows with negative cells only as in Temurshoev,
    Miller and Bouwmeester (2013), 25:361-367.

    Examples
    --------
    >>> found = ras([[1, 2], [3, 4]], [4, 6], [5, 5])
    >>> found.matrix.sum(axis=0).round(9), found.converged
    (array([5., 5.]), True)
    """
    A, u, w = _checked(matrix, row_totals, column_totals, negatives, tolerance, max_iterations)
    held = np.minimum(A, 0.0) if negatives == "keep" else np.zeros_like(A)
    u, w = u - held.sum(axis=1), w - held.sum(axis=0)
    P = np.maximum(A, 0.0)
    N = np.maximum(-A, 0.0) if negatives == "gras" else np.zeros_like(A)
    _empty(P, N, u, w)
    _refuse_impossible(P, N, u, w)
    with np.errstate(over="ignore", under="ignore", invalid="ignore", divide="ignore"):
        found = _iterated(P, N, u, w, tolerance, max_iterations)
    if strict and not found.converged:
        raise EstimationError(f"RAS {found}; {_worst(found.matrix, u, w)}", hint=_HINT)
    return found if not held.any() else _with(found, held)


_HINT = "more zeros than the totals allow, or totals of another table; strict=False gives the matrix as far as it got"


def _iterated(P: FloatArray, N: FloatArray, u: FloatArray, w: FloatArray, tolerance: float, most: int) -> Scaled:
    r, s = np.ones(len(u)), np.ones(len(w))
    scale = max(float(np.abs(u).max(initial=0)), float(np.abs(w).max(initial=0))) or 1.0
    signed = bool(N.any())
    gaps: list[float] = []
    while True:
        r = _multipliers(P @ s, N @ (1 / s) if signed else None, u)
        s = _multipliers(r @ P, (1 / r) @ N if signed else None, w)
        matrix = r[:, None] * P * s
        if signed:
            matrix -= N / r[:, None] / s
        rows, columns = np.abs(matrix.sum(axis=1) - u), np.abs(matrix.sum(axis=0) - w)
        gaps.append(float(max(rows.max(initial=0), columns.max(initial=0))) / scale)
        done = gaps[-1] <= tolerance
        if done or len(gaps) == most or not np.isfinite(gaps[-1]):
            return Scaled(matrix, len(gaps), gaps[-1], done, tuple(gaps), r, s)


def _multipliers(positive: FloatArray, negative: FloatArray | None, total: FloatArray) -> FloatArray:
    """The root m > 0 of ``positive m - negative / m = total``; 1 where there is nothing to scale."""
    some = positive > 0
    if negative is None:
        return np.divide(total, positive, out=np.ones_like(total), where=some)
    root = np.sqrt(total**2 + 4 * positive * negative)
    # the two forms of the root: neither subtracts numbers of one size
    upper = np.divide(total + root, 2 * positive, out=np.ones_like(total), where=some)
    return np.divide(2 * negative, root - total, out=upper, where=(total < 0) & (negative > 0))


def _empty(P: FloatArray, N: FloatArray, u: FloatArray, w: FloatArray) -> None:
    """Lines with a total of zero and cells of one sign only can but be empty: their cells become zero, in place."""
    for positive, negative, total in ((P, N, u), (P.T, N.T, w)):
        one_sign = ~(positive.any(axis=1) & negative.any(axis=1))
        positive[(total == 0) & one_sign] = 0.0
        negative[(total == 0) & one_sign] = 0.0


def _with(found: Scaled, held: FloatArray) -> Scaled:
    return Scaled(
        found.matrix + held, found.iterations, found.gap, found.converged, found.gaps, found.rows, found.columns
    )


def _checked(
    matrix: ArrayLike, rows: ArrayLike, columns: ArrayLike, negatives: str, tolerance: float, most: int
) -> tuple[FloatArray, FloatArray, FloatArray]:
    if negatives not in get_args(Negatives):
        near = did_you_mean(str(negatives), get_args(Negatives))
        raise UsageError(f"negatives {negatives!r} is unknown{near}", hint=f"one of {listed(get_args(Negatives))}")
    if not 0 < tolerance < 1 or isinstance(most, bool) or not isinstance(most, int) or most < 1:
        raise UsageError("ras: tolerance is a share between 0 and 1, max_iterations at least 1")
    try:
        A, u, w = (np.array(given, dtype=np.float64) for given in (matrix, rows, columns))
    except (TypeError, ValueError):
        raise UsageError("ras: matrix and totals are arrays of real numbers") from None
    if A.ndim != 2 or u.shape != A.shape[:1] or w.shape != A.shape[1:] or not A.size:
        raise UsageError(f"ras: matrix {A.shape} with totals {u.shape} and {w.shape}; expected (m, k), (m,), (k,)")
    for name, array in (("matrix", A), ("row_totals", u), ("column_totals", w)):
        if not np.isfinite(array).all():
            raise DataError(f"ras: {name} has NaN or infinite numbers at {_first(~np.isfinite(array))}")
    if negatives == "refuse" and (A < 0).any():
        count = int((A < 0).sum())
        raise DataError(
            f"ras: {count} negative cells, the first at {_first(A < 0)}",
            hint="negatives='gras' lets them move with their sign, negatives='keep' holds them as they are",
        )
    size = max(float(np.abs(u).sum()), float(np.abs(w).sum()))
    if abs(float(u.sum() - w.sum())) > max(_SAME_TOTAL, 0.5 * tolerance) * size:
        raise DataError(
            f"ras: row totals sum to {u.sum():,.10g}, column totals to {w.sum():,.10g}",
            hint="scale one side first, and say so",
        )
    return A, u, w


def _refuse_impossible(P: FloatArray, N: FloatArray, u: FloatArray, w: FloatArray) -> None:
    for name, axis, total in (("row", 1, u), ("column", 0, w)):
        positive, negative = P.sum(axis=axis) > 0, N.sum(axis=axis) > 0
        bad = np.flatnonzero(((total > 0) & ~positive) | ((total < 0) & ~negative))
        if bad.size:
            k = int(bad[0])
            raise DataError(
                f"ras: {bad.size} {name}s cannot reach their totals, the first is {name} {k}: "
                f"total {total[k]:,.6g} and no cell of that sign"
            )


def _first(mask: NDArray[np.bool_]) -> str:
    return listed(int(k) for k in np.argwhere(mask)[0])


def _worst(matrix: FloatArray, u: FloatArray, w: FloatArray) -> str:
    """The row and the column that are furthest from their totals."""
    rows, columns = matrix.sum(axis=1), matrix.sum(axis=0)
    i, j = int(np.argmax(np.abs(rows - u))), int(np.argmax(np.abs(columns - w)))
    return f"row {i} sums to {rows[i]:,.6g}, total {u[i]:,.6g}; column {j} to {columns[j]:,.6g}, total {w[j]:,.6g}"
