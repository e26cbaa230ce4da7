"""Variables, samples, splits and matched samples."""

from __future__ import annotations

from math import isinf
from typing import Annotated, Any, Literal, Self

from pydantic import Field, model_validator

from econloom.core.errors import UsageError
from econloom.data.columns.checks import SHARE_UNITS
from econloom.panel.designs import splits
from econloom.panel.formula import quoted
from econloom.panel.matching.asked import Rule
from econloom.study.language.base import (
    ColumnName,
    Columns,
    Count,
    Flag,
    Identifier,
    Labelled,
    Model,
    ShortForm,
    Text,
)


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


Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]


class Match(Model):
    """How a matched sample is drawn; the options are those of ``el.matching.match``."""

    of: ColumnName = Field(description="The treatment, 0 or 1.")
    on: Columns = Field(description="Covariates: columns, or terms such as log(x) and i(industry).")
    by: Literal["pooled", "year", "base"] = Field(
        "pooled", description="All rows together, each period by itself, or units in a base period."
    )
    base: int | None = Field(None, strict=True, description="The period of by: base.")
    keep: Literal["rows", "units", "support"] = Field(
        "rows", description="Matched rows, all rows of units with one, or all rows on common support."
    )
    where: Text | None = Field(None, description="Rows that are matched.")
    panel: Identifier | None = None
    method: Literal["nearest", "radius", "kernel", "ipw"] = "nearest"
    score: Literal["logit", "probit"] = "logit"
    distance: Literal["score", "linear", "mahalanobis", "scaled", "columns"] = "score"
    k: Count = 1
    replacement: Flag = True
    ties: Literal["all", "first", "random"] | None = None
    order: Literal["largest", "smallest", "data", "random"] | None = None
    seed: Annotated[int, Field(strict=True, ge=0)] | None = None
    caliper: Positive | None = None
    caliper_in: Literal["sd", "raw"] = "sd"
    exact: Columns | None = None
    kernel: Literal["epanechnikov", "gaussian", "uniform", "biweight", "tricube"] = "epanechnikov"
    bandwidth: Positive = 0.06
    support: Literal["none", "minmax", "density", "range"] = "none"
    trim: float | tuple[float, float] | None = None
    denominator: Literal["treated", "control", "pooled"] = "treated"

    @model_validator(mode="after")
    def _agrees(self) -> Self:
        if (self.by == "base") != (self.base is not None):
            raise ValueError("'base' (a period) goes with 'by: base'")
        if self.keep == "support" and self.by == "base":
            raise ValueError("'keep: support' needs rows that are matched themselves: 'by: pooled' or 'year'")
        try:
            Rule(**self.options).settled()
        except UsageError as error:
            raise ValueError(str(error).replace("\n  hint:", ";")) from None
        return self

    @property
    def options(self) -> dict[str, Any]:
        """Of the matching, without those of the sample."""
        own = {"of", "on", "by", "base", "keep", "where", "panel"}
        given = self.model_dump(exclude=own)
        return {**given, "exact": tuple(self.exact or ()), "errors": "none"}

    @property
    def formula(self) -> str:
        """Treatment and covariates."""
        return f"{quoted(self.of)} ~ {' + '.join(self.on)}"


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
