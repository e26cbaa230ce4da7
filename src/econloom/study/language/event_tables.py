"""Tables of event studies."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import Field, field_validator, model_validator

from econloom.study.language.base import Identifier, Text
from econloom.study.language.settings import Show, Stars, cutoffs
from econloom.study.language.tables import Table
from econloom.study.language.windows import EventWindow


class EventStudyTable(Table):
    """Effects by time since adoption of one model, a column for each window."""

    kind: Literal["event_study"]
    of: Text = Field(description="A column of a table of regressions, such as t3.c1.")
    policy: Identifier
    columns: tuple[EventWindow, ...] = Field(min_length=1)
    stars: Stars | None = None
    show: Show = Show()

    _cutoffs = field_validator("stars")(cutoffs)

    @model_validator(mode="after")
    def _of_the_model(self) -> Self:
        for key in ("panel", "sample"):
            if getattr(self, key, None) is not None:
                raise ValueError(f"'{key}' is that of the model: leave it out")
        return self
