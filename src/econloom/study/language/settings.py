"""Covariances, what tables show, and the defaults of a study."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, GetJsonSchemaHandler, field_validator, model_validator
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from econloom.core import spec as core
from econloom.study.language.base import ColumnName, Flag, Identifier, Model, one_or_many

Ssc = Literal["fixest", "reghdfe", "xtreg", "areg", "ivreg2", "ivreg2_small", "none"]
Clusters = Annotated[tuple[ColumnName, ...], BeforeValidator(one_or_many), Field(min_length=1, max_length=4)]


class Vcov(Model):
    """The covariance of the coefficients: ``iid``, ``hc1``, ``hc2``, ``hc3`` or ``{cluster: column}``."""

    kind: Literal["iid", "hc1", "hc2", "hc3", "cluster"] = "iid"
    cluster: Clusters | None = None

    @model_validator(mode="before")
    @classmethod
    def _short(cls, value: Any) -> Any:
        if isinstance(value, str):
            return {"kind": value}
        if isinstance(value, dict) and "cluster" in value and "kind" not in value:
            return {**value, "kind": "cluster"}
        return value

    @model_validator(mode="after")
    def _cluster_named(self) -> Self:
        if (self.kind == "cluster") != (self.cluster is not None):
            raise ValueError("clustering is written {cluster: column}")
        return self

    @property
    def clusters(self) -> tuple[str, ...]:
        """Cluster columns, empty without clustering."""
        return self.cluster or ()

    @classmethod
    def __get_pydantic_json_schema__(cls, core_schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        columns = {"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]}
        clustered = {
            "type": "object",
            "properties": {"cluster": columns},
            "required": ["cluster"],
            "additionalProperties": False,
        }
        return {"anyOf": [{"enum": ["iid", "hc1", "hc2", "hc3"]}, clustered]}


class Show(Model):
    """What regression tables show; unset keys take the study's default."""

    paren: Literal["se", "t", "ci", "p", "none"] | None = None
    r2: Literal["overall", "within", "within_unit", "adjusted", "none"] | None = None
    constant: Literal["xtreg", "none"] | None = Field(
        default=None, description="The constant as `xtreg, fe` prints it."
    )
    effects: Flag | Literal["merged"] | None = None
    controls: Literal["collapse", "full"] | None = None
    first_stage: Flag | None = Field(None, description="Before each column with instruments, its first stages.")
    clusters: Flag | None = Field(None, description="A row with the number of clusters.")
    outcome_mean: Flag | None = Field(None, description="A row with the mean of the outcome.")
    italics: Flag | None = Field(None, description="Names of variables in italics.")
    leading_zero: Flag | None = None
    marks: Literal["yes", "tick", "control"] | None = Field(None, description="是/否, √ or 控制 in yes/no rows.")
    note: Literal["full", "same", "none"] | None = Field(None, description="`same` is 下表同 after the first table.")

    def over(self, base: core.Show) -> core.Show:
        """``base`` with the keys that are set here and that tables know."""
        said = self.model_dump(exclude_none=True)
        if "r2" in said:
            said["r2"] = {"overall": "r2", "none": "none"}.get(said["r2"], f"r2_{said['r2']}")
        if "constant" in said:
            said["constant"] = said["constant"] != "none"
        said.pop("first_stage", None)
        return replace(base, **said)


def _float(value: Any) -> Any:
    return float(value) if isinstance(value, int) and not isinstance(value, bool) else value


Stars = tuple[Annotated[float, Field(strict=True), BeforeValidator(_float)], ...]
Digits = Annotated[int, Field(ge=0, le=12, strict=True)]


def cutoffs(stars: Stars | None) -> Stars | None:
    """Refuse cut-offs that are no probabilities, or not ordered from the weakest to the strongest."""
    if stars is None:
        return None
    if len(stars) > 3:
        raise ValueError(f"at most three cut-offs, not {len(stars)}")
    for value in stars:
        if not 0 < value < 1:
            raise ValueError(f"a cut-off lies between 0 and 1, not {value}")
    if list(stars) != sorted(set(stars), reverse=True):
        raise ValueError("cut-offs go from the weakest to the strongest: [0.10, 0.05, 0.01]")
    return stars


class Defaults(Model):
    """What holds for every table that does not say otherwise."""

    panel: Identifier | None = Field(None, description="The panel of tables and variables, where there are several.")
    vcov: Vcov = Vcov()
    ssc: Ssc = "fixest"
    stars: Stars = (0.10, 0.05, 0.01)
    digits: Digits = 4
    show: Show = Show()
    preset: Identifier | None = Field(None, description="Look of the tables, by the name of a preset.")
    weights: ColumnName | None = None

    _cutoffs = field_validator("stars")(cutoffs)
