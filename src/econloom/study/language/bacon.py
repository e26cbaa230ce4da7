"""Tables of Goodman-Bacon's decomposition."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import Field, model_validator

from econloom.study.language.base import ColumnName, Text
from econloom.study.language.table import Table


class BaconTable(Table):
    """The two-by-two comparisons behind a two-way coefficient, with their weights."""

    kind: Literal["bacon"]
    of: Text = Field(description="A column of a table of regressions, such as t3.c1.")
    term: ColumnName | None = Field(None, description="The treatment, 0 or 1; the first term if none.")
    by: Literal["comparison", "cohorts"] = Field("comparison", description="A row a kind of comparison, or a pair.")

    @model_validator(mode="after")
    def _of_the_model(self) -> Self:
        for key in ("panel", "sample"):
            if getattr(self, key) is not None:
                raise ValueError(f"'{key}' is that of the model: leave it out")
        return self
