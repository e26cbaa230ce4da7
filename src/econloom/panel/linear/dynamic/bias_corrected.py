"""The within estimator of a dynamic panel with its bias taken out of its moments.

Within units, lags of the outcome are correlated with the mean of the errors (Nickell 1981). With ``psi`` the moving
average of the autoregression, iid errors within a unit and R_i its periods::

    E sum_t (y_i,t-j - mean) (e_it - mean) = - sigma_i^2 c_ij,      c_ij = 1/T_i sum_{t,s in R_i} psi_{t-s-j}

so that ``m_i = W_i'Q e_i + c_i e_i'Q e_i / (T_i - 1)`` has mean zero (Breitung, Kripfganz and Hayakawa 2022,
Econometrics and Statistics 24); c_ij belongs to the rows of lags, it is zero for exogenous regressors. The
coefficients solve ``sum m_i = 0``; their covariance is ``G^-1 (sum m_i m_i') G^-T`` with G the derivative, robust to
heteroskedasticity and, by construction of the moments, clustered by unit.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from econloom.core.errors import EstimationError
from econloom.panel.absorb import FloatArray
from econloom.panel.linear.dynamic.rows import BoolArray

MOST_STEPS = 100
TOLERANCE = 1e-12


@dataclass(frozen=True)
class WithinEstimate:
    """Bias-corrected coefficients beside those of the plain within estimator.

    Attributes
    ----------
    coefficients, plain : (k,) array
    vcov : (k, k) array
    iterations : int
    units : int
    n : int
    sigma2 : float
        ``sum e'Qe / sum (T_i - 1)``.
    """

    coefficients: FloatArray
    plain: FloatArray
    vcov: FloatArray
    iterations: int
    units: int
    n: int
    sigma2: float


def bias_corrected(complete: BoolArray, outcome: FloatArray, regressors: FloatArray, lags: list[int]) -> WithinEstimate:
    """Solve the corrected moments.

    Parameters
    ----------
    complete : (N, T) bool array
        Rows used; units with one are left out.
    outcome : (N, T) array
    regressors : (N, T, k) array
        The first ``len(lags)`` columns are lags of the outcome.
    lags : list of int
        Which lags they are.

    Raises
    ------
    EstimationError
        No unit with two rows, regressors that do not vary within units, no solution.
    """
    several = complete.sum(axis=1) > 1
    if not several.any():
        raise EstimationError("no unit has two rows")
    complete, outcome, regressors = complete[several], outcome[several], regressors[several]
    problem = _Problem(complete, demeaned(outcome, complete), demeaned(regressors, complete), lags)
    plain = problem.within()
    b, steps = problem.solve(plain)
    moments, gradient = problem.moments(b)
    total = gradient.sum(axis=0)
    if not np.all(np.linalg.eigvals(-total).real > 0):
        raise EstimationError(
            "the corrected moments are zero only where their derivative has the wrong sign: with this few periods no "
            "trustworthy solution exists",
            hint="el.dynamic_panel",
        )
    G = np.linalg.inv(total)
    e2 = problem.squares(b)
    return WithinEstimate(
        b, plain, np.asarray(G @ (moments.T @ moments) @ G.T), steps, len(complete), int(complete.sum()),
        float(e2.sum() / (problem.sizes - 1).sum()),
    )  # fmt: skip


def demeaned(values: FloatArray, complete: BoolArray) -> FloatArray:
    """Less the mean of the unit's rows; zero elsewhere."""
    shape = complete.shape + (1,) * (values.ndim - 2)
    mask = complete.reshape(shape)
    held = np.where(mask, np.nan_to_num(values), 0.0)
    return np.where(mask, held - held.sum(axis=1, keepdims=True) / np.maximum(mask.sum(axis=1, keepdims=True), 1), 0.0)


class _Problem:
    """The moments and their derivative."""

    def __init__(self, complete: BoolArray, y: FloatArray, W: FloatArray, lags: list[int]) -> None:
        self.y, self.W, self.lags = y, W, lags
        self.sizes = complete.sum(axis=1)
        N, T = complete.shape
        apart = np.zeros((N, T))
        for d in range(T):
            apart[:, d] = (complete[:, d:] & complete[:, : T - d]).sum(axis=1)
        self.apart = apart

    def within(self) -> FloatArray:
        """Least squares within units."""
        k = self.W.shape[2]
        flat = self.W.reshape(-1, k)
        scale = np.sqrt((flat**2).sum(axis=0))
        b, _, rank, _ = np.linalg.lstsq(flat / scale, self.y.ravel(), rcond=1e-12)
        if rank < k:
            raise EstimationError("within units the regressors are combinations of one another")
        return np.asarray(b / scale)

    def squares(self, b: FloatArray) -> FloatArray:
        """``e_i'Q e_i``, (N,)."""
        e = self.y - self.W @ b
        return np.asarray(np.einsum("nt,nt->n", e, e))

    def moments(self, b: FloatArray) -> tuple[FloatArray, FloatArray]:
        """``m_i``, (N, k), and its derivative, (N, k, k)."""
        e = self.y - self.W @ b
        m = np.einsum("ntk,nt->nk", self.W, e)
        G = -np.einsum("ntk,ntl->nkl", self.W, self.W)
        share = np.einsum("nt,nt->n", e, e) / (self.sizes - 1)
        slope = -2 * np.einsum("ntk,nt->nk", self.W, e) / (self.sizes - 1)[:, None]
        psi, change = self.averages(b)
        T = self.apart.shape[1]
        for row, lag in enumerate(self.lags):
            counts = self.apart[:, lag:] / self.sizes[:, None]
            c = counts @ psi[: T - lag]
            m[:, row] += c * share
            G[:, row] += c[:, None] * slope
            G[:, row, : len(self.lags)] += (counts @ change[: T - lag]) * share[:, None]
        return m, G

    def averages(self, b: FloatArray) -> tuple[FloatArray, FloatArray]:
        """``psi_d`` and its derivatives by the coefficients of the lags, (T,) and (T, p)."""
        T, p = self.apart.shape[1], len(self.lags)
        psi, change = np.zeros(T), np.zeros((T, p))
        psi[0] = 1.0
        for d in range(1, T):
            for row, lag in enumerate(self.lags):
                if lag <= d:
                    psi[d] += b[row] * psi[d - lag]
                    change[d] += b[row] * change[d - lag]
                    change[d, row] += psi[d - lag]
        return psi, change

    def solve(self, start: FloatArray) -> tuple[FloatArray, int]:
        """Newton's method, steps halved until the moments shrink.

        Raises
        ------
        EstimationError
            No convergence.
        """
        b = start
        scale = np.sqrt(np.einsum("ntk,ntk->k", self.W, self.W) * max(float(self.squares(start).sum()), 1e-300))
        m, G = (part.sum(axis=0) for part in self.moments(b))
        for step in range(1, MOST_STEPS + 1):
            try:
                move = -np.linalg.solve(G, m)
            except np.linalg.LinAlgError:
                break
            share = 1.0
            while share > 1e-8:
                new, slope = (part.sum(axis=0) for part in self.moments(b + share * move))
                if np.linalg.norm(new / scale) < np.linalg.norm(m / scale) or share * np.abs(move).max() < TOLERANCE:
                    break
                share /= 2
            b, m, G = b + share * move, new, slope
            if np.linalg.norm(m / scale) < TOLERANCE:
                return b, step
        raise EstimationError(
            f"the corrected moments were not solved in {MOST_STEPS} steps (they are "
            f"{np.linalg.norm(m / scale):.2g} of their scale): T is small for so persistent an outcome",
            hint="el.dynamic_panel",
        )
