"""Figures: trends, event studies, placebo distributions, rings, leave-one-out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import Discriminator, Field, Tag

from econloom.study.language.base import ColumnName, Columns, Count, Flag, Identifier, Model, Names, Title, Whole

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
    window: tuple[Whole, Whole]
    base: Whole | Literal["printed"] = -1
    ends: Literal["bin", "drop"] = "bin"


class PlaceboFigure(Figure):
    """Distribution of a statistic over random assignments."""

    kind: Literal["placebo"]
    of: ModelName
    policy: Identifier | None = None
    pool: Literal["never_treated", "all"] = "never_treated"
    real_treated: Literal["drop", "keep"] = "drop"
    draws: dict[Annotated[int, Field(ge=0)], Count] = Field({}, description="Units to draw by adoption year.")
    within: ColumnName | None = None
    reps: Count = 500
    seed: Whole
    stat: Literal["t", "estimate"] = "t"


class RingsFigure(Figure):
    """Effects by distance to the nearest treated unit."""

    kind: Literal["rings"]
    of: ModelName
    policy: Identifier
    width: Annotated[float, Field(gt=0)] = 50
    to: Annotated[float, Field(gt=0)] = 500
    joint: Flag = True
    latitude: ColumnName = "latitude"
    longitude: ColumnName = "longitude"


AnyFigure = Annotated[
    Annotated[TrendFigure, Tag("<trend>")]
    | Annotated[LeaveOneOutFigure, Tag("<leave_one_out>")]
    | Annotated[EventStudyFigure, Tag("<event_study>")]
    | Annotated[PlaceboFigure, Tag("<placebo>")]
    | Annotated[RingsFigure, Tag("<rings>")],
    Discriminator(lambda value: _kind(value)),
]


def _kind(value: Any) -> str:
    kind = value.get("kind") if isinstance(value, Mapping) else getattr(value, "kind", None)
    return f"<{kind}>"
