"""Balance tables of matched samples."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import Field, model_validator

from econloom.study.language.base import Identifier
from econloom.study.language.table import Table

BalanceStat = Literal["mean_treated", "mean_control", "difference", "reduction", "variance_ratio", "t", "p_value"]


class BalanceTable(Table):
    """Balance of the covariates of a matched sample, before and after."""

    kind: Literal["balance"]
    of: Identifier = Field(description="The matched sample.")
    stats: tuple[BalanceStat, ...] = Field(
        ("mean_treated", "mean_control", "difference", "reduction", "variance_ratio", "t", "p_value"), min_length=1
    )

    @model_validator(mode="after")
    def _own_rows(self) -> Self:
        if self.panel is not None or self.sample is not None:
            raise ValueError("the matched sample has its own panel and rows: leave 'panel' and 'sample' out")
        return self
