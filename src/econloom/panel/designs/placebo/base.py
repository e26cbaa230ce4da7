"""What all draws of one sample share: outcome and controls with the effects swept out, clusters, the convention."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import polars as pl

from econloom.core.errors import EstimationError, UsageError
from econloom.core.expressions import names_in
from econloom.panel.absorb import FloatArray, Grouping
from econloom.panel.conventions import Correction, correction
from econloom.panel.fit import fit_many
from econloom.panel.fitted import Fit
from econloom.panel.formula import Term, retyped
from econloom.panel.inference.sandwich import ZERO
from econloom.panel.request import Request


@dataclass(frozen=True)
class Drawn:
    """Draws in a row, (B,) arrays.

    Attributes
    ----------
    coefficient : NaN where the draw has none
    raw : its variance before the factor of the convention
    conventional : that of iid errors, likewise
    left : variation of the treatment within effects and controls
    whole : its variation about the mean
    """

    coefficient: FloatArray
    raw: FloatArray
    conventional: FloatArray
    left: FloatArray
    whole: FloatArray


@dataclass(frozen=True)
class Base:
    """The model without its treatment.

    Attributes
    ----------
    fit : Fit
    y : (n,) array
        Outcome within effects and controls.
    Q : (n, k) array
        Controls within effects, orthonormal under the weights.
    correction : Correction
        Of the model with one more regressor.
    """

    fit: Fit
    y: FloatArray
    Q: FloatArray
    correction: Correction

    @property
    def clusters(self) -> tuple[Grouping, ...]:
        """One for each way."""
        return self.fit.clusters

    @property
    def kind(self) -> str:
        """Of the covariance."""
        return self.fit.request.vcov.kind

    @property
    def total(self) -> float:
        """``y'W y``."""
        return self.fit.estimate.rss

    def errors(self, drawn: Drawn) -> FloatArray:
        """Standard errors, NaN where they are rounding, (B,)."""
        with np.errstate(invalid="ignore"):
            errors = np.sqrt(np.maximum(drawn.raw, 0.0) * self.correction.factor)
            conventional = np.sqrt(np.maximum(drawn.conventional, 0.0) / self.fit.design.n)
            return np.where(errors > ZERO * conventional, errors, np.nan)


def treatment_term(asked: Request, treatment: str) -> Term:
    """The term that is the treatment, the only one with its column.

    Raises
    ------
    UsageError
        Instruments, no such term, or one that is lagged or interacted.
    """
    model = asked.model
    if model.endogenous:
        raise UsageError(f"placebo draws are of least squares, not of instruments: {model.text}")
    plain = [t for t in model.terms if len(t.factors) == 1 and t.factors[0].column == treatment]
    if not plain:
        raise UsageError(
            f"the treatment {treatment!r} is no regressor of {model.text}",
            hint=f"a column by itself: y ~ {treatment} + controls | unit + time",
        )
    others = [t.name for t in (*model.terms, *model.slopes, model.outcome) if t not in plain and _uses(t, treatment)]
    if others:
        raise UsageError(
            f"{treatment!r} is also in {', '.join(others)}: a draw would leave the real treatment there",
            hint="draw for a model in which the treatment stands once",
        )
    return plain[0]


def _uses(term: Term, column: str) -> bool:
    names = {n.name for f in term.factors if hasattr(f, "node") for n in names_in(f.node)}
    return column in names or any(f.column == column for f in term.factors)


def prepare(real: Fit, term: Term, rows: pl.Series | None) -> Base:
    """Absorb the outcome and the controls of a model on its rows, or some of them.

    Parameters
    ----------
    real : Fit
        The model with its treatment.
    term : Term
        The treatment.
    rows : boolean Series or None
        Of the panel; None for the rows of the model.

    Raises
    ------
    EstimationError
        A perfect fit, no degrees of freedom, or as any regression.
    """
    asked = real.request
    if rows is None:
        chosen = np.zeros(asked.panel.height, dtype=bool)
        chosen[real.design.rows] = True
        rows = pl.Series("the sample", chosen)
    terms = tuple(t for t in asked.model.terms if t != term)
    model = retyped(replace(asked.model, terms=terms))
    if not (terms or model.effects or model.intercept):
        raise UsageError(f"the model has nothing but its treatment: {model.text}", hint="add a constant or effects")
    fit = fit_many([replace(asked, model=model, where=rows)])[0]
    if fit.estimate.perfect_fit:
        raise EstimationError("effects and controls explain the outcome perfectly: nothing is left for a treatment")
    counts = replace(fit.counts, regressors=fit.counts.regressors + 1)
    kind = replace(asked.vcov, kind="cluster") if asked.vcov.clusters else asked.vcov
    columns = list(fit.estimate.columns)
    Q = fit.absorbed.block[:, columns] @ fit.estimate.whitening
    return Base(fit, fit.estimate.residuals, np.ascontiguousarray(Q), correction(asked.ssc, kind, counts))
