"""A two-way model as the estimators beside it need it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import polars as pl

from econloom.core.covariances import VcovSpec
from econloom.core.errors import EstimationError
from econloom.core.frame import Panel
from econloom.panel.formula import parse_formula, retyped

Window = tuple[int, int] | None


@dataclass(frozen=True)
class Wanted:
    """A two-way model whose effects another estimator gives.

    Attributes
    ----------
    formula : str
        Without the treatment: ``y ~ c | unit + period``.
    panel : Panel
    cohort : str
        Column of the first treated period; null for never.
    adopts : str or None
        Column of what adopts, where it is coarser than the panel's unit.
    vcov : VcovSpec or None
        None for clusters of units.
    where : Series or None
        The rows of the model.
    weights : str or None
    ssc : str
    window : (int, int) or None
        First and last event time; all by default.
    """

    formula: str
    panel: Panel
    cohort: str
    adopts: str | None = None
    vcov: VcovSpec | None = None
    where: pl.Series | None = None
    weights: str | None = None
    ssc: Any = "fixest"
    window: Window = None

    @property
    def keys(self) -> tuple[str, str]:
        """Unit and period."""
        return str(self.panel.unit), str(self.panel.time)

    @property
    def plain(self) -> str:
        """The formula without effects."""
        return retyped(replace(parse_formula(self.formula), effects=())).text

    @property
    def inside(self) -> pl.DataFrame:
        """Cohort and period of the rows of the model."""
        rows = self.panel.frame if self.where is None else self.panel.frame.filter(self.where)
        return rows.select(pl.col(self.cohort).cast(pl.Float64).alias("g"), pl.col(self.keys[1]).alias("t"))

    @property
    def adoptions(self) -> tuple[int, list[int], int]:
        """The first period of the model's rows, the cohorts that adopt after it, ascending, and the last period.

        Raises
        ------
        EstimationError
            No unit adopts between the first and the last period.
        """
        rows = self.inside
        if not rows.height:
            raise EstimationError("no row is in the sample")
        first, last = int(rows["t"].min()), int(rows["t"].max())  # type: ignore[arg-type]
        found = rows["g"].drop_nulls().unique().sort()
        cohorts = [int(g) for g in found if first < g <= last]
        if not cohorts:
            raise EstimationError(f"no unit adopts after the first period, {first}, up to the last, {last}")
        return first, cohorts, last

    @property
    def never(self) -> bool:
        """Whether units of the model's rows stay untreated."""
        rows = self.inside
        g = rows["g"]
        return bool(g.is_null().any() or (g > rows["t"].max()).any())


def beside(
    formula: str,
    data: Panel,
    vcov: VcovSpec,
    where: pl.Series | None,
    weights: str | None,
    term: str,
    adoption: tuple[str, str | None],
    ssc: str,
) -> Wanted:
    """What estimators need of a two-way model."""
    model = parse_formula(formula)
    rest = retyped(replace(model, terms=tuple(t for t in model.terms if t.name != term)))
    return Wanted(rest.text, data, *adoption, vcov, where, weights, ssc)
