"""Specification curves: one coefficient under every combination of choices, as a table and as a figure."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from econloom.study.language.base import Also, ColumnName, Columns, Count, Flag, Model, Names, Text, Texts, Whole
from econloom.study.language.figures import Figure, ModelName
from econloom.study.language.settings import Vcov
from econloom.study.language.table import Table


def _each(value: Any) -> Any:
    """One covariance as a list of it."""
    return [value] if isinstance(value, str | dict) else value


Covariances = Annotated[tuple[Vcov, ...], BeforeValidator(_each), Field(min_length=1), Also(items=True)]


class JointTest(Model):
    """The joint test of the whole curve against no effect in any specification (docs/specification-curve.md)."""

    draws: Annotated[Count, Field(ge=99)] = 999
    seed: Whole = Field(ge=0)
    method: Literal["null_bootstrap", "permutation"] = "null_bootstrap"
    unit: ColumnName | None = Field(None, description="What is drawn or dealt: clusters or units, by default.")
    within: Columns | None = Field(None, description="Strata of the permutation.")


class SpecificationSettings(Model):
    """What is varied around a column of a table, which is the preferred specification."""

    of: ModelName = Field(description="The preferred specification: a column, such as t3.c1.")
    term: ColumnName = Field(description="The coefficient.")
    controls: Texts | None = Field(
        None, description="Controls whose subsets are chosen, others of the column are always in; its own if none."
    )
    control_sets: tuple[tuple[Text, ...], ...] | None = Field(
        None, description="Sets of controls beside that of the column, in place of subsets."
    )
    outcomes: Texts | None = Field(None, description="Beside that of the column.")
    samples: Names | None = Field(None, description="Beside that of the column.")
    effects: Texts | None = Field(None, description="Beside those of the column: code + year; none for none.")
    vcov: Covariances | None = Field(None, description="Beside that of the column.")
    weights: Columns | None = Field(None, description="Beside those of the column; none for none.")
    common_sample: Flag = Field(False, description="Only rows that every specification of a sample can use.")
    level: Annotated[float, Field(gt=0, lt=1)] = 0.05
    test: JointTest | None = None

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if self.controls is not None and self.control_sets is not None:
            raise ValueError("'controls' (all subsets) and 'control_sets' (listed) do not go together")
        if self.test is not None and self.test.within is not None and self.test.method != "permutation":
            raise ValueError("'within' belongs to method: permutation")
        return self


class SpecificationFigure(SpecificationSettings, Figure):
    """Estimates of all specifications in their order, with the choices of each below."""

    kind: Literal["specification_curve"]
    most: Annotated[Count, Field(ge=20)] = Field(400, description="Specifications that are drawn, evenly by rank.")


class SpecificationTable(SpecificationSettings, Table):
    """The curve in numbers: median, range, shares of each sign and of significant estimates."""

    every_version: ClassVar[bool] = False  # it varies more than a version does
    kind: Literal["specification_curve"]

    @model_validator(mode="after")
    def _of_the_model(self) -> Self:
        for key in ("panel", "sample"):
            if getattr(self, key) is not None:
                raise ValueError(f"'{key}' is that of the model: leave it out")
        return self
