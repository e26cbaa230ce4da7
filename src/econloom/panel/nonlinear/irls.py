"""Maximum likelihood with any number of effects by weighted least squares, iterated.

With ``mu`` the mean and ``V`` the variance of a family at the linear predictor ``eta``, ``w`` the weights of the rows
and M the residual maker of the effects under the weights ``w V``, a step of Newton's method is::

    r = (y - mu) / V,    s = (X'M W V M X)^-1 X'M W V r,    eta + (r - (M r - M X s))

(Nelder and Wedderburn 1972; Correia, Guimaraes and Zylkin 2020). The absorbed columns of one step are what the next
one absorbs: they differ from X by something in the span of the effects, so little is left to do. Steps are halved
while they do not lower the deviance. The iteration ends when the step's weighted root mean square is below
``TOLERANCE``; it converges quadratically, so coefficients are then good to about its square.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy.linalg import solve_triangular

from econloom.core.errors import EstimationError, listed
from econloom.core.estimate import CONSTANT
from econloom.panel.absorb import Absorber, FloatArray
from econloom.panel.absorb.effects import Dense
from econloom.panel.absorb.gradients import Gradients
from econloom.panel.design import Design
from econloom.panel.linear.ols import Estimate, residual_column
from econloom.panel.linear.selection import Factorised, Removed, factorise
from econloom.panel.moments import Absorbed, Moments, cross_multiply, sweep
from econloom.panel.nonlinear.families import Family
from econloom.panel.nonlinear.separation import RUNNING, Separation, separation

TOLERANCE = 1e-7
"""Root mean square of the last step of the linear predictor, under the weights of the iteration."""
MOST = 100
"""Iterations."""
HALVINGS = 40
LEAST = 1e-250
"""Variances are at least so much."""


@dataclass(frozen=True)
class Maximum:
    """Where the likelihood is largest.

    Attributes
    ----------
    estimate : Estimate
        Its residuals are those of the working response, its ``rss`` is n: the dispersion is one.
    moments : Moments
        Of the regressors absorbed under the weights of the iteration.
    eta : (n,) array
        Linear predictor, effects included.
    deviance : float
    iterations : int
    """

    estimate: Estimate
    moments: Moments
    eta: FloatArray
    deviance: float
    iterations: int


@dataclass(frozen=True)
class Problem:
    """A likelihood to maximise.

    Attributes
    ----------
    family : Family
    design : Design
    outcome : (int, str)
        Column of the design's block and its name.
    regressors : sequence of (int, str)
    weights : (n,) array or None
        As given, not scaled.
    """

    family: Family
    design: Design
    outcome: tuple[int, str]
    regressors: Sequence[tuple[int, str]]
    weights: FloatArray | None

    @property
    def y(self) -> FloatArray:
        """The outcome, (n,)."""
        return self.design.block[:, self.outcome[0]]

    @property
    def mean(self) -> float:
        """Weighted mean of the outcome."""
        return float(np.average(self.y, weights=self.weights))

    @property
    def flat(self) -> float:
        """Linear predictor without regressors; zero where the model has no constant."""
        return self.family.flat(self.mean) if self.design.intercept else 0.0

    def deviance(self, eta: FloatArray) -> float:
        """At a linear predictor."""
        return self.family.deviance(self.y, eta, self.weights)

    def working(self, eta: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Residual of the working response and weights of the iteration, (n,)."""
        mu, variance = self.family.moments(eta)
        variance = np.maximum(variance, LEAST)
        with np.errstate(over="ignore", invalid="ignore"):
            residual = (self.y - mu) / variance
        return residual, variance if self.weights is None else variance * self.weights


@dataclass(frozen=True)
class Step:
    """One weighted regression of the working residual.

    Attributes
    ----------
    absorbed : Absorbed
        Residual first, then the regressors; its weights have mean one.
    moments : Moments
    found : Factorised
    slopes : (k,) array
        Zero for a regressor that these weights leave nothing of.
    residuals, direction : (n,) arrays
        What the regression leaves of the working residual, and what it takes: the step.
    size : float
        Weighted root mean square of the direction.
    level : float
        Mean of the weights.
    """

    absorbed: Absorbed
    moments: Moments
    found: Factorised
    slopes: FloatArray
    residuals: FloatArray
    direction: FloatArray
    size: float
    level: float


@dataclass
class State:
    """Where an iteration stands: predictor, coefficients of the columns of ``absorbed``, deviance."""

    eta: FloatArray
    slopes: FloatArray
    deviance: float


@dataclass(frozen=True)
class Columns:
    """The regressors of the iteration: names, and from their coefficients to those that are printed.

    Attributes
    ----------
    names : tuple of str
        In the order of the block.
    printed : tuple of str
        The constant last.
    jacobian : (k, k) array
        ``b = jacobian slopes``.
    removed : tuple of (str, str)
    """

    names: tuple[str, ...]
    printed: tuple[str, ...]
    jacobian: FloatArray
    removed: Removed


def maximise(problem: Problem) -> Maximum | Separation:
    """Maximise the likelihood, or say what separates.

    Raises
    ------
    EstimationError
        No regressor is left, or the iteration does not converge.
    """
    absorbed, state, columns = _start(problem)
    for iteration in range(2, MOST + 1):
        step = _step(problem, absorbed, state.eta, columns.names)
        if apart := separation(problem.family, problem.y, step.direction, step.slopes, columns.names):
            return apart
        if step.size < TOLERANCE and np.abs(step.direction).max() < RUNNING:
            return _maximum(problem, columns, state, step, iteration)
        state = _halved(problem, state, step)
        absorbed = step.absorbed
    raise EstimationError(
        f"{problem.family.name} of {problem.outcome[1]}: no convergence in {MOST} iterations, the last step is "
        f"{step.size:.1e} (tolerance {TOLERANCE:g})",
        hint="rescale regressors with outliers, or leave out effects whose groups have hardly any outcome",
    )


def _start(problem: Problem) -> tuple[Absorbed, State, Columns]:
    """The first regression, from a predictor between the outcome and its mean; chooses the regressors."""
    design, at = problem.design, problem.outcome[0]
    eta = problem.family.start(problem.y, problem.mean)
    residual, weights = problem.working(eta)
    block = design.block.copy()
    block[:, at] = response = eta + residual
    first = sweep(replace(design, block=block, weights=weights / weights.mean()))
    first.block[:, at] *= first.scales[at]
    absorbed, labelled = _with_ones(problem, first, response)
    found = (
        factorise(cross_multiply(absorbed), at, *(list(x) for x in zip(*labelled, strict=True))) if labelled else None
    )
    if found is None or not found.kept:
        _refuse_empty(problem, found)
    kept = found.kept if found else ()
    slopes = solve_triangular(found.factor, found.projection) / found.lengths if found and kept else np.zeros(0)
    tried = response - residual_column(absorbed, at, kept, slopes)
    state = State(tried, slopes, problem.deviance(tried))
    label = dict(labelled)
    columns = _columns(absorbed, kept, tuple(label[c] for c in kept), found.removed if found else ())
    if not state.deviance <= (flat := problem.deviance(np.full(len(eta), problem.flat))):
        state = State(np.full(len(eta), problem.flat), _flat_slopes(columns.names, problem.flat), flat)
    return _narrowed(absorbed, [at, *kept]), state, columns


def _with_ones(problem: Problem, first: Absorbed, response: FloatArray) -> tuple[Absorbed, list[tuple[int, str]]]:
    """The columns that a regression takes: without effects the constant is one of them, the first."""
    design = problem.design
    if design.effects or not design.intercept:
        return first, list(problem.regressors)
    block = np.column_stack([first.block, np.ones(first.n)])
    block[:, problem.outcome[0]] = response
    means, scales = np.append(first.means, 0.0), np.append(first.scales, 1.0)
    wider = replace(first, block=block, means=means, scales=scales, constant=(*first.constant, False))
    return wider, [(block.shape[1] - 1, CONSTANT), *problem.regressors]


def _refuse_empty(problem: Problem, found: Factorised | None) -> None:
    """Refuse a model that has regressors of which none can be estimated."""
    if problem.regressors and found is not None:
        why = listed(f"{name} ({reason})" for name, reason in found.removed)
        raise EstimationError(f"no regressor of {problem.outcome[1]} is left: {why}")


def _columns(absorbed: Absorbed, kept: Sequence[int], names: tuple[str, ...], removed: Removed) -> Columns:
    means, scales = absorbed.means[list(kept)], absorbed.scales[list(kept)]
    jacobian = np.diag(1.0 / scales)
    if names[:1] != (CONSTANT,):
        return Columns(names, names, jacobian, removed)
    jacobian[0] = -means / scales
    jacobian[0, 0] = 1.0
    return Columns(names, (*names[1:], CONSTANT), np.roll(jacobian, -1, axis=0), removed)


def _flat_slopes(names: tuple[str, ...], flat: float) -> FloatArray:
    return np.array([flat if name == CONSTANT else 0.0 for name in names])


def _narrowed(absorbed: Absorbed, columns: list[int]) -> Absorbed:
    m = len(columns)
    block = np.ascontiguousarray(absorbed.block[:, columns])
    return replace(absorbed, block=block, means=np.zeros(m), scales=np.ones(m), constant=(False,) * m)


def _step(problem: Problem, absorbed: Absorbed, eta: FloatArray, names: tuple[str, ...]) -> Step:
    """Absorb under the weights of a predictor, and regress; the block of ``absorbed`` is written over."""
    residual, weights = problem.working(eta)
    level = float(weights.mean())
    block, m = absorbed.block, absorbed.block.shape[1]
    block[:, 0] = residual
    held = absorbed.absorber
    engine = reweighted(held, weights / level) if isinstance(held, Absorber) else None
    if engine:
        block = engine.standardised(block, np.zeros(m), np.ones(m), np.full(m, float(absorbed.n)))
    new = replace(absorbed, block=block, absorber=engine, weights=weights / level)
    moments = cross_multiply(new)
    found = factorise(moments, 0, list(range(1, m)), list(names))
    part = solve_triangular(found.factor, found.projection) / found.lengths if found.kept else np.zeros(0)
    slopes = np.zeros(m - 1)
    slopes[[c - 1 for c in found.kept]] = part
    left = residual_column(new, 0, found.kept, part)
    direction = residual - left
    size = float(np.sqrt(np.mean(weights * direction**2) / level))
    return Step(new, moments, found, slopes, left, direction, size, level)


def reweighted(engine: Absorber, weights: FloatArray) -> Absorber:
    """The same effects, over rows that are sorted already, under other weights."""
    rows = replace(engine.rows, weights=np.ascontiguousarray(weights))
    kind = type(engine.solver) if isinstance(engine.solver, Dense | Gradients) else None
    return replace(engine, rows=rows, solver=kind.of(rows) if kind else None)


def _halved(problem: Problem, state: State, step: Step) -> State:
    """The state after a step, halved while the deviance rises."""
    share, slack = 1.0, 1e-9 * (1 + abs(state.deviance))
    for _ in range(HALVINGS):
        eta = state.eta + share * step.direction
        deviance = problem.deviance(eta)
        if deviance <= state.deviance + slack:
            break
        share /= 2
    return State(eta, state.slopes + share * step.slopes, deviance)


def _maximum(problem: Problem, columns: Columns, state: State, step: Step, iterations: int) -> Maximum:
    found, n = step.found, step.absorbed.n
    if found.removed:
        raise EstimationError(f"at the maximum nothing is left of {listed(name for name, _ in found.removed)}")
    eta = state.eta + step.direction
    absorbed = replace(step.absorbed, weights=np.asarray(step.absorbed.weights) * step.level)
    whitening = (
        solve_triangular(found.factor, np.eye(len(found.kept))) / found.lengths[:, None]
        if found.kept
        else np.zeros((0, 0))
    )
    whitening = whitening / np.sqrt(step.level)
    estimate = Estimate(
        names=columns.printed,
        coefficients=columns.jacobian @ (state.slopes + step.slopes),
        transform=columns.jacobian @ whitening,
        columns=found.kept,
        whitening=whitening,
        extra=np.zeros((n, 0)),
        residuals=step.residuals,
        removed=columns.removed,
        rss=float(n),
        tss_within=float(n),
        perfect_fit=False,
        reciprocal_condition=found.reciprocal_condition,
    )
    return Maximum(estimate, Moments(absorbed, step.moments.gram * step.level), eta, problem.deviance(eta), iterations)
