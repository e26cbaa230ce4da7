"""Variables, samples, splits and matched samples."""

from __future__ import annotations

from math import isinf
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from econloom.data.columns.checks import SHARE_UNITS
from econloom.panel.designs import splits
from econloom.study.language.base import ColumnName, Columns, Count, Labelled, Model, ShortForm, Text


class Variable(Labelled, ShortForm):
    """A column made by a formula or a measure, or the label of one that is there."""

    formula: Text | None = None
    measure: Text | None = None
    unit: Text | None = None
    range: tuple[float, float] | None = Field(
        None, description="Lowest and highest possible value (-inf, inf: none); others are refused with their rows."
    )

    @classmethod
    def short_form(cls) -> str:
        """A text is the formula."""
        return "formula"

    @model_validator(mode="after")
    def _one_recipe(self) -> Self:
        if self.formula is not None and self.measure is not None:
            raise ValueError("has both 'formula' and 'measure': give one")
        if self.range is not None:
            low, high = self.range
            if not low <= high or (isinf(low) and isinf(high)):
                raise ValueError(f"'range' goes from a lower to a higher number, not from {low:g} to {high:g}")
        return self

    @property
    def bounds(self) -> tuple[float | None, float | None] | None:
        """The range that is said, or 0 to 1 for a share; None for a side without bound."""
        if self.range is None:
            return (0.0, 1.0) if self.unit in SHARE_UNITS else None
        low, high = (None if isinf(bound) else bound for bound in self.range)
        return low, high


class Match(Model):
    """How a matched sample is drawn."""

    of: ColumnName
    on: Columns
    score: Literal["logit", "probit"] = "logit"
    k: Count = 1
    by: Literal["pooled", "year", "base"] = "pooled"
    replacement: bool = True
    caliper: Annotated[float, Field(gt=0)] | None = None


class Sample(Labelled, ShortForm):
    """A named condition on the rows, or a matched sample."""

    where: Text | None = None
    match: Match | None = None

    @classmethod
    def short_form(cls) -> str:
        """A text is the condition."""
        return "where"

    @model_validator(mode="after")
    def _one_rule(self) -> Self:
        if (self.where is None) == (self.match is None):
            raise ValueError("needs either 'where' or 'match'")
        return self


class Split(Labelled):
    """Groups of units by a statistic of a column, or by a list.

    ``force`` is a reason: a split on a function of the regressor or of the outcome is refused without one.
    """

    by: Text = Field(description="A formula; its statistic by unit is cut.")
    unit: ColumnName | None = None
    stat: Literal["mean", "median", "first", "last", "none"] = "mean"
    cut: Literal["median", "mean", "terciles", "quartiles", "value"] = "median"
    at: float | None = Field(None, description="The cut with `cut: value`.")
    ties: Literal["low", "high"] = "low"
    labels: tuple[Text, ...] | None = None
    before: int | None = Field(None, strict=True, description="Only periods before this one: a pre-period value.")
    force: Text | None = None

    @model_validator(mode="after")
    def _groups_named(self) -> Self:
        if (self.cut == "value") != (self.at is not None):
            raise ValueError("'at' goes with 'cut: value'")
        if self.before is not None and self.unit is None:
            raise ValueError("'before' needs 'unit'")
        groups = {"terciles": 3, "quartiles": 4}.get(self.cut, 2)
        if self.labels is not None and len(self.labels) != groups:
            raise ValueError(f"{groups} groups, {len(self.labels)} labels")
        return self

    @property
    def rule(self) -> splits.Split:
        """For the estimators; without a unit each row has its own value."""
        given = self.model_dump(exclude={"zh", "en"})
        return splits.Split(**given)
