"""Figures: trends, event studies, placebo distributions, rings, leave-one-out."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from econloom.study.language.base import ColumnName, Columns, Count, Flag, Identifier, Model, Names, Title, Whole
from econloom.study.language.rings import RingSettings
from econloom.study.language.robust import Robust
from econloom.study.language.windows import End, EventWindow

ModelName = Annotated[str, Field(pattern=r"^[^\W\d]\w*\.[^\W]\w*$", strict=True)]  # t3.c1, or the id of a column


class Figure(Model):
    """What every figure has."""

    title: Title
    panel: Identifier | None = None
    notes: tuple[Title, ...] = ()


class TrendFigure(Figure):
    """A statistic by period, a line for each sample."""

    kind: Literal["trend"]
    y: Columns
    by: Names | None = Field(None, description="Samples, or splits.")
    stat: Literal["mean", "median", "sum"] = "mean"


class LeaveOneOutFigure(Figure):
    """A coefficient with each unit, or period, left out in turn."""

    kind: Literal["leave_one_out"]
    of: ModelName = Field(description="table.column, such as t3.c1.")
    term: ColumnName
    leave: ColumnName = Field(description="The column whose values are left out one by one.")


class EventStudyFigure(Figure):
    """Effects by time since adoption."""

    kind: Literal["event_study"]
    of: ModelName
    policy: Identifier
    window: tuple[Whole, Whole] | None = Field(None, description="All event times of the rows by default.")
    base: Whole | tuple[Whole, ...] | Literal["printed", "none"] = -1
    ends: End | tuple[End, End] = "bin"
    name: Title | None = Field(None, description="Of this version, beside others.")
    beside: tuple[EventWindow, ...] = Field((), description="Further versions in the same axes.")
    band: Flag = Field(False, description="A band that covers all effects jointly.")
    robust: Robust | None = Field(None, description="Estimators robust to staggered timing as further series.")

    @model_validator(mode="after")
    def _cohort_of_the_policy(self) -> Self:
        if self.robust is not None and self.robust.cohort is not None:
            raise ValueError("'cohort' and 'treatment' are those of the policy: leave them out")
        return self


class PlaceboFigure(Figure):
    """Distribution of a statistic over redraws of the treated units and their dates."""

    kind: Literal["placebo"]
    of: ModelName
    policy: Identifier | None = None
    treatment: ColumnName | None = Field(None, description="A term of the model; what a policy makes, or the first.")
    unit: ColumnName | None = Field(None, description="What treatment is assigned to: the policy's, or the panel's.")
    pool: Literal["never_treated", "all"] = Field("never_treated", description="Units that may be drawn.")
    real_treated: Literal["drop", "keep"] | None = Field(
        None, description="Rows of truly treated units outside the pool: dropped, or kept as untreated."
    )
    draws: dict[Annotated[int, Field(ge=0)], Count] = Field(
        {}, description="Units to draw by adoption year; as many as are treated by default."
    )
    within: Columns | None = Field(None, description="Strata that units are drawn in.")
    cohort: ColumnName | None = Field(None, description="Column of the batch, where rows do not show a date.")
    reps: Annotated[Count, Field(ge=19)] = 500
    seed: Whole = Field(ge=0)
    stat: Literal["t", "estimate"] = "t"
    side: Literal["two", "greater", "less"] = "two"

    @model_validator(mode="after")
    def _choices_agree(self) -> Self:
        if self.pool == "all" and self.real_treated == "drop":
            raise ValueError("'pool: all' keeps the rows of the treated: leave 'real_treated: drop' out")
        if self.draws and self.within:
            raise ValueError("'draws' (units by year) and 'within' (strata) do not go together")
        return self


class RingsFigure(RingSettings, Figure):
    """Effects by distance to treated units."""

    kind: Literal["rings"]
    of: ModelName
    joint: Flag = Field(True, description="All rings in one model, or each in one of its own.")
    term: ColumnName | None = Field(None, description="The own treatment; the policy's treatpost if none.")


class LoveFigure(Figure):
    """Absolute standardised differences of a matched sample's covariates, before and after."""

    kind: Literal["love"]
    of: Identifier = Field(description="The matched sample.")
    threshold: Annotated[float, Field(gt=0)] | None = Field(0.1, description="A dotted line.")
