"""Logit and probit of a 0/1 outcome on a block of columns, by Newton's method with the observed information.

With ``q = 2y - 1``, ``eta = Xb`` and F the logistic or the normal distribution function the likelihood is
``sum log F(q eta)``, globally concave in b. A row's score is ``lambda x`` and its observed information ``w x x'``:

======  ===========================  =================
link    lambda                       w
======  ===========================  =================
logit   y - F(eta)                   F (1 - F)
probit  q phi(q eta) / Phi(q eta)    lambda (lambda + eta)
======  ===========================  =================

(Maddala 1983, chapter 2). The maximum does not exist where some direction d has ``q Xd >= 0`` in all rows and
``> 0`` in some (Albert and Anderson 1984); a linear program says whether there is one (Konis 2007).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy import special

from econloom.core.errors import EstimationError, listed
from econloom.core.estimate import CONSTANT
from econloom.panel.absorb import FloatArray
from econloom.panel.nonlinear.separation import alone

Link = Literal["logit", "probit"]
MOST = 100
"""Newton steps."""
TOLERANCE = 1e-22
"""Of the decrement ``g'A^-1 g`` that a last step is taken from: coefficients are then right to rounding."""
LATE = 12
"""The step at which separation is looked for: an existing maximum is nearly always found before it, and where there is
none the likelihood creeps on, far from ``TOLERANCE`` still."""
MOVED = 1e-7
"""Directions below this share of the largest are zero."""
_ROOT_2PI = np.sqrt(2 * np.pi)


@dataclass(frozen=True)
class BinaryEstimate:
    """The maximum.

    Attributes
    ----------
    coefficients : (k,) array
    bread : (k, k) array
        Inverse of the observed information: the covariance of the coefficients.
    scores : (n, k) array
        Of the rows; they sum to zero.
    eta, fitted, density : (n,) arrays
        Linear predictor, probability, and slope of the probability in the predictor.
    loglik, loglik_null : float
        With all columns, and with a constant alone.
    iterations : int
    link : {"logit", "probit"}
    """

    coefficients: FloatArray
    bread: FloatArray
    scores: FloatArray
    eta: FloatArray
    fitted: FloatArray
    density: FloatArray
    loglik: float
    loglik_null: float
    iterations: int
    link: Link


def probability(eta: FloatArray, link: Link) -> tuple[FloatArray, FloatArray]:
    """``F`` and its slope at eta.

    Examples
    --------
    >>> [round(float(v[0]), 4) for v in probability(np.array([0.0]), "probit")]
    [0.5, 0.3989]
    """
    if link == "logit":
        p = special.expit(eta)
        return p, p * special.expit(-eta)
    return special.ndtr(eta), np.exp(-0.5 * eta**2) / _ROOT_2PI


def index(X: FloatArray, b: FloatArray) -> FloatArray:
    """``Xb`` summed column by column: equal rows have equal bits, so that ties of scores are ties."""
    eta = np.zeros(len(X))
    for x, weight in zip(X.T, b, strict=True):
        eta += x * weight
    return eta


def binary(y: FloatArray, X: FloatArray, link: Link, names: Sequence[str]) -> BinaryEstimate:
    """Maximise the likelihood.

    Parameters
    ----------
    y : (n,) array
        0 and 1, both present.
    X : (n, k) array
        Independent columns, the constant among them.
    link : {"logit", "probit"}
    names : sequence of str
        Of the columns, for messages.

    Raises
    ------
    EstimationError
        Columns that separate zeros from ones, with their names; no convergence.

    Examples
    --------
    >>> x = np.array([0.0, 1, 2, 3, 4, 5])
    >>> made = binary(np.array([0.0, 1, 0, 1, 0, 1]), np.column_stack([x, np.ones(6)]), "logit", ["x", "(Intercept)"])
    >>> made.coefficients.round(4).tolist()
    [0.3613, -0.9033]
    """
    scale = np.sqrt((X**2).mean(axis=0))
    Z, b = X / scale, np.zeros(X.shape[1])
    q, eta = 2 * y - 1, np.zeros(len(y))
    here = _loglik(q, eta, link)
    for step in range(1, MOST + 1):
        slope, weight = _slopes(q, eta, link)
        information = Z.T @ (Z * weight[:, None])
        gradient = Z.T @ slope
        move = _solved(information, gradient)
        if move is None or step == LATE:
            _refuse_separation(y, Z, link, names)
        if move is None:
            break
        if float(gradient @ move) < TOLERANCE * len(y):
            b = b + move
            return _at(y, X, b / scale, link, step)
        b, eta, here = _halved(q, Z, b, move, here, link)
    _refuse_separation(y, Z, link, names)
    raise EstimationError(
        f"the {link} does not converge in {MOST} steps", hint="rescale or leave out regressors with outliers"
    )


def _at(y: FloatArray, X: FloatArray, b: FloatArray, link: Link, steps: int) -> BinaryEstimate:
    q, eta = 2 * y - 1, index(X, b)
    slope, weight = _slopes(q, eta, link)
    p, density = probability(eta, link)
    bread = np.asarray(np.linalg.inv(X.T @ (X * weight[:, None])), dtype=np.float64)
    mean = float(y.mean())
    null = len(y) * (mean * np.log(mean) + (1 - mean) * np.log1p(-mean))
    return BinaryEstimate(
        b, bread, X * slope[:, None], eta, p, density, _loglik(q, eta, link), float(null), steps, link
    )


def _loglik(q: FloatArray, eta: FloatArray, link: Link) -> float:
    form = special.log_expit if link == "logit" else special.log_ndtr
    return float(form(q * eta).sum())


def _slopes(q: FloatArray, eta: FloatArray, link: Link) -> tuple[FloatArray, FloatArray]:
    """Slope and minus curvature of each row's log likelihood in its predictor."""
    if link == "logit":
        p = special.expit(eta)
        return np.where(q > 0, special.expit(-eta), -p), p * special.expit(-eta)
    z = q * eta
    mills = np.exp(-0.5 * z**2 - special.log_ndtr(z)) / _ROOT_2PI
    return q * mills, np.maximum(mills * (mills + z), 0.0)


def _solved(information: FloatArray, gradient: FloatArray) -> FloatArray | None:
    try:
        np.linalg.cholesky(information)
        return np.asarray(np.linalg.solve(information, gradient))
    except np.linalg.LinAlgError:
        return None


def _halved(
    q: FloatArray, Z: FloatArray, b: FloatArray, move: FloatArray, here: float, link: Link
) -> tuple[FloatArray, FloatArray, float]:
    """The next coefficients: the step, halved while the likelihood falls."""
    share = 1.0
    for _ in range(60):
        tried = b + share * move
        eta = Z @ tried
        there = _loglik(q, eta, link)
        if there >= here - 1e-13 * abs(here):
            break
        share /= 2
    return tried, eta, there


def _refuse_separation(y: FloatArray, Z: FloatArray, link: Link, names: Sequence[str]) -> None:
    """Raise where some direction separates, naming what does."""
    direction = separating(y, Z, [n != CONSTANT for n in names])
    if direction is None:
        return
    singles = [n for n, x in zip(names, Z.T, strict=True) if n != CONSTANT and alone(y, x)]
    moved = np.abs(direction) > MOVED * np.abs(direction).max()
    by = singles or [n for n, m in zip(names, moved, strict=True) if m and n != CONSTANT]
    gap = (2 * y - 1) * (Z @ direction)
    clear = int((gap > MOVED * np.abs(gap).max()).sum())
    apart = "completely" if _completely(y, Z) else f"in {clear} of {len(y)} rows"
    raise EstimationError(
        f"{link} score: {listed(by)} separate{'s' if len(by) == 1 else ''} treated from untreated {apart}: "
        "there is no finite estimate",
        hint="leave out what tells the groups apart, coarsen it, or match on it exactly (exact=)",
    )


def separating(y: FloatArray, Z: FloatArray, counted: Sequence[bool] | None = None) -> FloatArray | None:
    """A direction along which no row becomes less likely and some more, or None.

    ``min sum |d|`` subject to ``q Zd >= 0`` in all rows and ``sum q Zd = n``: few columns, those that it takes.

    Parameters
    ----------
    y : (n,) array
    Z : (n, k) array
        Columns of about equal size.
    counted : sequence of bool, optional
        Columns whose use counts; the constant's does not.

    Examples
    --------
    >>> Z = np.column_stack([[1.0, 2, 3, 4], np.ones(4)])
    >>> separating(np.array([0.0, 0, 1, 1]), Z) is not None, separating(np.array([0.0, 1, 0, 1]), Z) is not None
    (True, False)
    """
    signed = Z * (2 * y - 1)[:, None]
    cost = np.where(np.ones(Z.shape[1], dtype=bool) if counted is None else counted, 1.0, 1e-6)
    total = signed.mean(axis=0)
    return _direction(np.unique(signed, axis=0), np.zeros(1), cost, total)


def _completely(y: FloatArray, Z: FloatArray) -> bool:
    """Whether some direction moves every row towards its outcome."""
    rows = np.unique(Z * (2 * y - 1)[:, None], axis=0)
    return _direction(rows, np.ones(1), np.ones(Z.shape[1]), None) is not None


def _direction(rows: FloatArray, least: FloatArray, cost: FloatArray, total: FloatArray | None) -> FloatArray | None:
    """The cheapest d with ``rows d >= least`` and ``total d = 1``, or None where there is none."""
    from scipy.optimize import linprog

    both = np.hstack([rows, -rows])
    equal = {} if total is None else {"A_eq": np.concatenate([total, -total])[None], "b_eq": np.ones(1)}
    below = -np.broadcast_to(least, len(rows))
    found = linprog(np.tile(cost, 2), A_ub=-both, b_ub=below, bounds=(0, None), method="highs", **equal)
    if found.status != 0:
        return None
    k = rows.shape[1]
    return np.asarray(found.x[:k] - found.x[k:])
