"""Random effects by feasible generalised least squares, with the variance components of Swamy and Arora (1972).

``y_it = c + x_it' b + u_i + e_it``. The within regression gives the variance of e, the between regression that of u::

    s2_e = RSS_within / (n - N - k_w)
    s2_u = max(0, RSS_between / (N - k_b) - s2_e / T)                             "harmonic"
    s2_u = max(0, (RSS_between,T - (N - k_b) s2_e) / (n - trace))                 "baltagi_chang"

with N units, k_w and k_b coefficients that each regression can estimate (k_b with the constant), and T the harmonic
mean of the units' rows T_i. ``harmonic`` is Stata's ``xtreg, re``. ``baltagi_chang`` (Baltagi and Chang 1994) weighs
the between regression by T_i, ``trace = tr((X'P X)^-1 X'Z Z'X)`` with P the unit means and Z the unit dummies, and is
R's ``plm`` and Stata's ``xtreg, re sa``. With as many rows in each unit both are the same.

The estimator is least squares of ``y_it - theta_i mean_i(y)`` on ``x_it - theta_i mean_i(x)`` and the column
``1 - theta_i`` of the constant, ``theta_i = 1 - sqrt(s2_e / (T_i s2_u + s2_e))``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from scipy import linalg

from econloom.core.errors import EstimationError
from econloom.core.estimate import CONSTANT
from econloom.panel.absorb import FloatArray, Grouping
from econloom.panel.design import Design
from econloom.panel.linear.between import means_of, unit_means
from econloom.panel.linear.constant import intercept
from econloom.panel.linear.ols import Estimate, least_squares
from econloom.panel.linear.selection import factorise
from econloom.panel.moments import Moments, cross_multiply, sweep

Form = Literal["harmonic", "baltagi_chang"]
Named = tuple[int, str]


@dataclass(frozen=True)
class Components:
    """Variances of the two parts of the error.

    Attributes
    ----------
    sigma2_e, sigma2_u : float
    unbounded : float
        What the formula gave for ``sigma2_u`` before negative values became zero.
    theta : (N,) array
        By unit.
    varying : tuple of str
        Regressors that the within regression can estimate.
    """

    sigma2_e: float
    sigma2_u: float
    unbounded: float
    theta: FloatArray
    varying: tuple[str, ...]

    @property
    def rho(self) -> float:
        """Share of the variance that belongs to units."""
        return self.sigma2_u / (self.sigma2_u + self.sigma2_e)


def variance_components(design: Design, outcome: Named, regressors: Sequence[Named], form: Form) -> Components:
    """Estimate the variances from the within and between regressions.

    Parameters
    ----------
    design : Design
        With the unit as its only effect; ``intercept`` says whether the model has a constant.
    outcome : (int, str)
        Column of the block, and its name.
    regressors : sequence of (int, str)
    form : {"harmonic", "baltagi_chang"}

    Raises
    ------
    EstimationError
        One unit, one row a unit, no more units or rows than coefficients, or a within regression that fits perfectly.
    """
    unit = design.effects[0]
    _refuse_no_panel(design, unit)
    within, _ = _regression(cross_multiply(sweep(replace(design, intercept=True))), outcome, regressors, False)
    df = design.n - unit.levels - within.regressors
    if df < 1:
        taken = f"{unit.levels} units and {within.regressors} regressors"
        raise EstimationError(f"{design.n} rows for {taken}: the within regression has no degrees of freedom")
    if within.perfect_fit:
        raise EstimationError("the within regression fits perfectly: the variance of the errors is zero")
    sigma2_e = within.rss / df
    found = _unit_variance(design, outcome, regressors, form, sigma2_e)
    sigma2_u = max(found, 0.0)
    theta = 1 - np.sqrt(sigma2_e / (unit.sizes() * sigma2_u + sigma2_e))
    return Components(sigma2_e, sigma2_u, found, theta, within.names)


def _unit_variance(design: Design, outcome: Named, regressors: Sequence[Named], form: Form, sigma2_e: float) -> float:
    """The variance of u, perhaps negative."""
    unit = design.effects[0]
    T = unit.sizes().astype(np.float64)
    means = unit_means(design, unit, by_rows=form == "baltagi_chang")
    between, columns = _regression(cross_multiply(sweep(means)), outcome, regressors, design.intercept)
    df = unit.levels - len(between.names)
    if df < 1:
        raise EstimationError(
            f"{unit.levels} units for {len(between.names)} coefficients of the between regression: the variance of the "
            "unit effects cannot be estimated",
            hint="fewer regressors, or unit fixed effects",
        )
    if form == "harmonic":
        return between.rss / df - sigma2_e * float(np.mean(1 / T))
    X = means.block[:, columns] - (means.block[:, columns].mean(axis=0) if design.intercept else 0.0)
    X = X / np.abs(X).max(axis=0, initial=0.0)
    if design.intercept:
        X = np.column_stack([X, np.ones(unit.levels)])
    trace = float(np.trace(linalg.solve(X.T @ (X * T[:, None]), X.T @ (X * T[:, None] ** 2), assume_a="pos")))
    return (between.rss * design.n / unit.levels - df * sigma2_e) / (design.n - trace)


def _regression(
    moments: Moments, outcome: Named, regressors: Sequence[Named], constant: bool
) -> tuple[Estimate, list[int]]:
    """Least squares on those regressors that can be estimated, perhaps none, and their columns."""
    found = factorise(moments, outcome[0], [c for c, _ in regressors], [n for _, n in regressors])
    kept = [r for r in regressors if r[0] in found.kept]
    offset = intercept(moments.absorbed) if constant else None
    return least_squares(moments, outcome, kept, offset), [c for c, _ in kept]


def _refuse_no_panel(design: Design, unit: Grouping) -> None:
    if unit.levels < 2:
        raise EstimationError(f"all {design.n} rows belong to one unit of {unit.name!r}: there is no variation between")
    if unit.levels == design.n:
        raise EstimationError(
            f"each of the {unit.levels} units of {unit.name!r} has one row: unit effects and errors cannot be told "
            "apart",
            hint="el.ols(...)",
        )


@dataclass(frozen=True)
class QuasiDemeaned:
    """Rows less a share of their unit's means.

    Attributes
    ----------
    design : Design
        Without effects and intercept; with a constant its column ``(Intercept)`` comes last.
    centre : (m,) array
        What was taken off the columns first; zero without a constant.
    """

    design: Design
    centre: FloatArray


def quasi_demeaned(design: Design, theta: FloatArray) -> QuasiDemeaned:
    """Rows less ``theta_i`` times their unit's means, centred first where there is a constant.

    Parameters
    ----------
    design : Design
        With the unit as its only effect.
    theta : (N,) array
    """
    unit = design.effects[0]
    centre = design.block.mean(axis=0) if design.intercept else np.zeros(design.block.shape[1])
    block = design.block - centre
    share = theta[unit.codes][:, None]
    block = block - share * means_of(block, unit)[unit.codes]
    keys = design.keys
    if design.intercept:
        block, keys = np.hstack([block, 1 - share]), (*keys, CONSTANT)
    return QuasiDemeaned(replace(design, keys=keys, block=block, effects=(), intercept=False), centre)


def generalised_least_squares(
    moments: Moments, rows: QuasiDemeaned, outcome: Named, regressors: Sequence[Named]
) -> Estimate:
    """Least squares on quasi-demeaned rows, the constant last and that of the data before centring.

    Raises
    ------
    EstimationError
        No regressor is left.
    """
    if CONSTANT not in rows.design.keys:
        return least_squares(moments, outcome, regressors, None)
    last = len(rows.design.keys) - 1
    found = least_squares(moments, outcome, [(last, CONSTANT), *regressors], None)
    k = len(found.names)
    level = np.array([rows.centre[c] for c in found.columns[1:]])
    move = np.zeros((k, k))
    move[: k - 1, 1:] = np.eye(k - 1)
    move[k - 1] = np.append(1.0, -level)
    coefficients = move @ found.coefficients
    coefficients[-1] += rows.centre[outcome[0]]
    return replace(
        found, names=(*found.names[1:], CONSTANT), coefficients=coefficients, transform=move @ found.transform
    )
