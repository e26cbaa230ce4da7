"""Coefficient stability: Oster (2019) on fits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from econloom.core.errors import EstimationError, UsageError, did_you_mean
from econloom.core.estimate import CONSTANT
from econloom.panel.absorb import FloatArray
from econloom.panel.designs.oster import Movement, bias_adjusted, proportion
from econloom.panel.fit import Fit, ols
from econloom.panel.linear.iv import IVEstimate

R2_RISE = 1.3
"""Default of r2_max: this multiple of the controlled R2 (Oster 2019, section 3.3.4)."""


@dataclass(frozen=True)
class Oster:
    """Coefficient stability in the light of R2 (Oster 2019).

    Attributes
    ----------
    treatment : str
    movement : Movement
        Coefficients and R2 without and with controls, and the variances.
    r2_max : float
        R2 of a regression on everything, unobservables too.
    delta : float
        Selection on unobservables, relative to that on controls, that makes the coefficient ``beta``; NaN where the
        controls move nothing.
    beta : float
        The value that ``delta`` leads to, zero by default.
    assumed : float
        Relative selection of ``beta_star``, one by default.
    beta_star : float
        Coefficient adjusted for that selection.
    solutions : tuple of float
        All real solutions, the chosen one first.
    n : int
    """

    treatment: str
    movement: Movement
    r2_max: float
    delta: float
    beta: float
    assumed: float
    beta_star: float
    solutions: tuple[float, ...]
    n: int

    @property
    def identified_set(self) -> tuple[float, float]:
        """From the controlled coefficient to the adjusted one, ascending."""
        ends = sorted((self.movement.beta_controlled, self.beta_star))
        return ends[0], ends[1]

    def tidy(self) -> pl.DataFrame:
        """One row."""
        m = self.movement
        low, high = self.identified_set
        return pl.DataFrame({
            "treatment": [self.treatment], "beta_uncontrolled": [m.beta_uncontrolled],
            "r2_uncontrolled": [m.r2_uncontrolled], "beta_controlled": [m.beta_controlled],
            "r2_controlled": [m.r2_controlled], "r2_max": [self.r2_max], "delta": [self.delta], "beta": [self.beta],
            "assumed_delta": [self.assumed], "beta_star": [self.beta_star], "set_low": [low], "set_high": [high],
        }).with_columns(pl.col(pl.Float64).fill_nan(None))  # fmt: skip


def oster(
    formula: str,
    data: Any,
    treatment: str | None = None,
    base: Sequence[str] | str = (),
    r2_max: float | None = None,
    delta: float = 1.0,
    beta: float = 0.0,
    weights: str | None = None,
    where: Any = None,
    unit: str | None = None,
    time: str | None = None,
) -> Oster:
    """Oster's delta and bias-adjusted coefficient.

    Parameters
    ----------
    formula : str
        With all controls.
    data : Panel, polars, pandas, pyarrow or path
    treatment : str, optional
        The first regressor by default.
    base : str or sequence of str
        Controls that belong to both regressions (``mcontrol`` of psacalc); effects always do.
    r2_max : float, optional
        1.3 times the controlled R2, at most 1, by default.
    delta : float
        Relative selection for ``beta_star``.
    beta : float
        Value for which ``delta`` is found.
    weights, where, unit, time
        As for :func:`econloom.ols`.

    Raises
    ------
    UsageError
        A treatment or base that the model does not have, no control, or an ``r2_max`` not above the controlled R2.
    EstimationError
        Instruments, a perfect fit, a treatment that has no coefficient.

    Notes
    -----
    Proposition 3 of Oster (2019): ``beta* = b - nu``, nu a real root of a cubic (a quadratic for delta = 1); the root
    is taken that moves on in the direction of the controls and is nearest. psacalc is the same with effects as
    ``mcontrol`` and R2 within them.

    Examples
    --------
    >>> import polars as pl
    >>> frame = pl.DataFrame({"x": [0.0, 1, 0, 1, 1, 0, 1, 0], "w": [0.0, 1, 1, 2, 0, 0, 2, 1],
    ...                       "y": [0.1, 2, 1.2, 2.9, 1, 0.2, 3.3, 0.7]})
    >>> found = oster("y ~ x + w", frame, r2_max=1.0)
    >>> found.movement.beta_uncontrolled > found.movement.beta_controlled > found.beta_star
    True
    """
    fit = ols(formula, data, weights=weights, where=where, unit=unit, time=time)
    if not isinstance(fit, Fit):
        raise UsageError(f"the formula has several models: {formula}")
    return oster_of(fit, treatment, base, r2_max, delta, beta)


def oster_of(
    fit: Fit,
    treatment: str | None = None,
    base: Sequence[str] | str = (),
    r2_max: float | None = None,
    delta: float = 1.0,
    beta: float = 0.0,
) -> Oster:
    """As :func:`oster`, of a fit that is there already."""
    refuse_unfit(fit)
    names = regressors_of(fit)
    term = known_term(fit, treatment or names[0])
    always = [base] if isinstance(base, str) else list(base)
    for name in always:
        known_term(fit, name)
    controls = [n for n in names if n != term and n not in always]
    if not controls:
        raise UsageError("Oster's delta compares with controls: the model has none", hint="y ~ x + control")
    movement = _movement(fit, term, controls, always)
    bound = min(R2_RISE * movement.r2_controlled, 1.0) if r2_max is None else float(r2_max)
    if not movement.r2_controlled < bound <= 1:
        raise UsageError(
            f"r2_max lies above the controlled R2 ({movement.r2_controlled:.4g}) and at most at 1, not {bound:g}"
        )
    solutions = bias_adjusted(movement, bound, delta)
    ratio = proportion(movement, bound, beta)
    return Oster(term, movement, bound, ratio, beta, delta, solutions[0], solutions, fit.design.n)


def _movement(fit: Fit, term: str, controls: Sequence[str], base: Sequence[str]) -> Movement:
    """Coefficients, R2 and variances with effects and base taken out."""
    names = regressors_of(fit)
    columns = dict(zip(names, fit.estimate.columns, strict=True))
    w: FloatArray = np.ones(fit.design.n) if fit.absorbed.weights is None else fit.absorbed.weights
    root, n = np.sqrt(w)[:, None], w.sum()

    def taken(at: Sequence[int]) -> FloatArray:
        return np.asarray(fit.absorbed.block[:, list(at)] * fit.absorbed.scales[list(at)] * root)

    outcome = fit.design.positions([fit.request.model.outcome])[0]
    y, x, C = taken([outcome]), taken([columns[term]]), taken([columns[c] for c in controls])
    if base:
        B = taken([columns[b] for b in base])
        y, x, C = (_residual(v, B) for v in (y, x, C))
    short = float((x.T @ y)[0, 0] / (x.T @ x)[0, 0])
    rest = _residual(x, C)
    long = float((rest.T @ y)[0, 0] / (rest.T @ rest)[0, 0])
    total = float((y.T @ y)[0, 0])
    both = _residual(y, np.hstack([x, C]))
    return Movement(
        beta_uncontrolled=short,
        r2_uncontrolled=1 - float(((y - x * short).T @ (y - x * short))[0, 0]) / total,
        beta_controlled=long,
        r2_controlled=1 - float((both.T @ both)[0, 0]) / total,
        variance_outcome=total / n,
        variance_treatment=float((x.T @ x)[0, 0]) / n,
        variance_residual=float((rest.T @ rest)[0, 0]) / n,
    )


def _residual(v: FloatArray, B: FloatArray) -> FloatArray:
    Q = np.linalg.qr(B)[0]
    return np.asarray(v - Q @ (Q.T @ v))


def regressors_of(fit: Fit) -> list[str]:
    """Terms without the constant."""
    return [n for n in fit.estimate.names if n != CONSTANT]


def known_term(fit: Fit, name: str) -> str:
    """A term that has a coefficient.

    Raises
    ------
    UsageError, EstimationError
    """
    names = regressors_of(fit)
    if name in names:
        return name
    why = dict(fit.estimate.removed).get(name)
    if why is not None:
        raise EstimationError(f"{name!r} has no coefficient: {why}")
    raise UsageError(f"no coefficient {name!r}{did_you_mean(name, names)}", hint=", ".join(names))


def refuse_unfit(fit: Fit) -> None:
    """Refuse instruments, perfect fits and models without regressors.

    Raises
    ------
    EstimationError, UsageError
    """
    if not isinstance(fit, Fit) or isinstance(fit.estimate, IVEstimate):
        raise EstimationError("sensitivity to omitted variables is defined for least squares", hint="el.ols(...)")
    if fit.estimate.perfect_fit:
        raise EstimationError("the model fits perfectly: nothing is left to explain")
    if not regressors_of(fit):
        raise UsageError("the model has no regressor")
