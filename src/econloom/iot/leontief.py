"""The Leontief system ``(I - A) X = R``: factored once, solved for the right-hand sides that are asked for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.linalg import lapack

from econloom.core.errors import DataError, EstimationError, UsageError
from econloom.iot.table import FloatArray, IOTable

RCOND_MIN = 1e-11


@dataclass(frozen=True, slots=True, eq=False)
class Factors:
    """LU factors of ``I - A`` of one table.

    Attributes
    ----------
    lu : ndarray (n, n)
        Factors of the *transpose* of ``I - A``, as LAPACK's getrf leaves them.
    pivots : ndarray (n,)
    rcond : float
        Estimated reciprocal condition number (infinity norm of ``I - A``).
    """

    lu: FloatArray
    pivots: NDArray[np.int32]
    rcond: float

    def solve(self, rhs: ArrayLike) -> FloatArray:
        """``L R = (I - A)^{-1} R`` for R of shape (n,) or (n, k): output needed for the deliveries R.

        Raises
        ------
        UsageError
            A right-hand side of another height or with NaN.

        Examples
        --------
        >>> t = IOTable([[0, 2], [1, 0]], [[6, 2], [1, 8]], ["A", "B"], ["all"])
        >>> factor(t).solve(t.Y.sum(axis=1)).round(12)
        array([10., 10.])
        """
        return self._solve(rhs, transposed=1)

    def solve_transposed(self, rhs: ArrayLike) -> FloatArray:
        """``L' R``: with R = v the value-added multipliers of every product (ones when nothing is missing)."""
        return self._solve(rhs, transposed=0)

    def inverse(self) -> FloatArray:
        """``L = (I - A)^-1`` in full, (n, n), in a new array: 4/3 n^3 operations more.

        Examples
        --------
        >>> t = IOTable([[0, 2], [1, 0]], [[6, 2], [1, 8]], ["A", "B"], ["all"])
        >>> factor(t).inverse().round(4)
        array([[1.0204, 0.2041],
               [0.102 , 1.0204]])
        """
        n = len(self.lu)
        found, _ = _lapack("getri", self.lu.copy(order="F"), self.pivots, lwork=max(64 * n, 1), overwrite_lu=1)
        return np.asarray(found.T, dtype=np.float64)

    def _solve(self, rhs: ArrayLike, transposed: int) -> FloatArray:
        try:
            array = np.array(rhs, dtype=np.float64, order="F")
        except (TypeError, ValueError):
            raise UsageError("right-hand side: not an array of real numbers") from None
        if array.ndim not in (1, 2) or array.shape[0] != self.lu.shape[0]:
            raise UsageError(f"right-hand side of shape {array.shape}, expected ({self.lu.shape[0]}, k)")
        if not np.isfinite(array).all():
            raise UsageError("right-hand side with NaN or infinite numbers")
        solution, _ = _lapack("getrs", self.lu, self.pivots, array, trans=transposed, overwrite_b=1)
        return np.asarray(solution, dtype=np.float64).reshape(array.shape)


def factor(table: IOTable) -> Factors:
    """Factor ``I - A`` of a table by LU with partial pivoting: 2/3 n^3 operations, one n x n array.

    Parameters
    ----------
    table : IOTable

    Returns
    -------
    Factors

    Raises
    ------
    EstimationError
        ``I - A`` is singular or its reciprocal condition is below 1e-11; names the sectors that look wrong.

    Examples
    --------
    >>> t = IOTable([[0, 2], [1, 0]], [[6, 2], [1, 8]], ["A", "B"], ["all"])
    >>> round(factor(t).rcond, 3)
    0.681
    """
    with np.errstate(over="ignore", invalid="ignore"):
        M = np.multiply(table.Z, -table.reciprocal_output(), order="C")
        M[np.diag_indices(table.n)] += 1.0
        norm = _inf_norm(M)
    if not np.isfinite(norm):
        raise DataError("the coefficients Z / x overflow: an output is far too small for its inputs")
    # M in C order is its transpose in Fortran order: LAPACK factors it in place, without a copy
    lu, pivots, info = _lapack("getrf", M.T, overwrite_a=1)
    rcond = 0.0 if info > 0 else float(_lapack("gecon", lu, norm, norm="1")[0])
    if not rcond >= RCOND_MIN:
        raise EstimationError(
            f"I - A is {'singular' if rcond == 0 else 'ill-conditioned'} (reciprocal condition {rcond:.1e}); "
            f"sectors that look wrong: {', '.join(_suspects(table, lu, pivots))}",
            hint="look for sectors whose inputs use up their whole output, alone or in a closed circle",
        )
    return Factors(lu, pivots, rcond)


def ghosh_coefficients(table: IOTable) -> FloatArray:
    """Allocation coefficients ``x^-1 A x``: the share of row i's output that column j buys, (n, n).

    It is ``Z / x`` by row. Rows and columns of sectors without output are zero.

    Examples
    --------
    >>> ghosh_coefficients(IOTable([[0, 2], [1, 0]], [[6, 2], [1, 8]], ["A", "B"], ["all"]))
    array([[0. , 0.2],
           [0.1, 0. ]])
    """
    found: FloatArray = table.Z * table.reciprocal_output()[:, None]
    found[:, table.x == 0] = 0.0
    return found


def ghosh_inverse(table: IOTable) -> FloatArray:
    """Ghosh's inverse ``(I - x^-1 A x)^-1 = x^-1 L x``, (n, n); its row sums are upstreamness.

    Raises
    ------
    EstimationError
        ``I - A`` is singular or ill-conditioned.

    Notes
    -----
    Ghosh (1958), Economica 25:58-64; Miller and Blair (2009), chapter 12.

    Examples
    --------
    >>> ghosh_inverse(IOTable([[0, 2], [1, 0]], [[6, 2], [1, 8]], ["A", "B"], ["all"])).sum(axis=1).round(4)
    array([1.2245, 1.1224])
    """
    found = factor(table).inverse()
    idle = np.flatnonzero(table.x == 0)
    found *= table.reciprocal_output()[:, None]
    found *= table.x
    found[idle, idle] = 1.0
    return found


def _lapack(name: str, *args: Any, **kwargs: Any) -> Any:
    return getattr(lapack, f"d{name}")(*args, **kwargs)


def _inf_norm(M: FloatArray, block: int = 64) -> float:
    """Largest absolute row sum, a block of rows at a time so that no second n x n array is made."""
    return max(float(np.abs(M[i : i + block]).sum(axis=1).max()) for i in range(0, len(M), block))


def _suspects(table: IOTable, lu: FloatArray, pivots: NDArray[np.int32], most: int = 5) -> list[str]:
    """Sectors that carry the (nearly) null vector of ``I - A``, found by one step of inverse iteration."""
    pivot = lu.diagonal().copy()
    floor = np.finfo(float).eps * max(float(np.abs(pivot).max()), 1.0)
    lu[np.diag_indices_from(lu)] = np.where(np.abs(pivot) < floor, floor, pivot)
    null, _ = _lapack("getrs", lu, pivots, np.ones(table.n), trans=1)
    size = np.abs(np.nan_to_num(null))
    costs = table.Z.sum(axis=0)
    chosen = [i for i in np.argsort(-size, kind="stable")[:most] if size[i] > 1e-3 * size.max()]
    return [f"{table.label(i)} (inputs {costs[i]:,.6g}, output {table.x[i]:,.6g})" for i in chosen]
