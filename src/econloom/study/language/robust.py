"""The switch that puts estimators robust to staggered timing beside a two-way estimate."""

from __future__ import annotations

from typing import Any

from pydantic import Field, GetJsonSchemaHandler, model_validator
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from econloom.study.language.base import ColumnName, Flag, Model, Names


class Robust(Model):
    """Which estimators stand beside a two-way estimate; ``true`` for all that can, or names (docs/did.md)."""

    use: Flag = Field(True, description="false: none, in a table whose other columns have them.")
    estimators: Names | None = Field(None, description="By name, in this order; all that can if none.")
    cohort: ColumnName | None = Field(None, description="First treated period; that of the policy if none.")
    treatment: ColumnName | None = Field(None, description="The term; that of the policy, or the first, if none.")

    @model_validator(mode="before")
    @classmethod
    def _short(cls, value: Any) -> Any:
        if isinstance(value, bool):
            return {"use": value}
        return {"estimators": value} if isinstance(value, str | list | tuple) else value

    @model_validator(mode="after")
    def _treatment_with_cohort(self) -> Robust:
        if self.treatment is not None and self.cohort is None:
            raise ValueError("'treatment' goes with 'cohort', the column of the first treated period")
        return self

    @classmethod
    def __get_pydantic_json_schema__(cls, core_schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        written = handler.resolve_ref_schema(handler(core_schema))
        names = {"type": "array", "items": {"type": "string"}, "minItems": 1}
        return {"anyOf": [{"type": "boolean"}, {"type": "string"}, names, written]}
