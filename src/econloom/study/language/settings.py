"""Covariances, what tables show, and the defaults of a study."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, GetJsonSchemaHandler, field_validator, model_validator
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from econloom.core import spec as core
from econloom.study.language.base import Also, ColumnName, Flag, Identifier, Model, Text, one_or_many

Statistic = Literal["n_units", "n_clusters", "r2", "r2_adjusted", "loglik", "aic", "bic", "mean_outcome"]
Ssc = Literal["fixest", "reghdfe", "xtreg", "areg", "ivreg2", "ivreg2_small", "none"]
Clusters = Annotated[
    tuple[ColumnName, ...], BeforeValidator(one_or_many), Field(min_length=1, max_length=4), Also(items=True)
]


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
    statistics: tuple[Statistic, ...] | None = Field(None, description="Rows below R2, such as n_clusters.")
    outcomes: Literal["each", "merge", "none"] | None = Field(None, description="Outcomes above the columns.")
    marks: Literal["style", "是", "控制", "Yes", "√"] | None = Field(None, description="Words of yes/no rows.")

    def over(self, base: core.Show) -> core.Show:
        """``base`` with the keys that are set here."""
        said: dict[str, Any] = {}
        if self.paren is not None:
            said["paren"] = self.paren
        if self.r2 is not None:
            said["r2"] = _R2[self.r2]
        if self.constant is not None:
            said["constant"] = self.constant != "none"
        if self.effects is not None:
            said |= {"effects": self.effects is not False, "merge_effects": self.effects == "merged"}
        if self.controls is not None:
            said["controls"] = self.controls
        if self.outcomes is not None:
            said["outcomes"] = self.outcomes
        if self.statistics is not None:
            said["statistics"] = self.statistics
        if self.marks is not None:
            said["marks"] = self.marks
        return replace(base, **said)


_R2 = {
    "overall": "r2",
    "within": "r2_within",
    "within_unit": "r2_within_unit",
    "adjusted": "r2_adjusted",
    "none": "none",
}


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
    preset: Text | None = Field(None, description="Look of the tables: the name of a preset, or a .toml file.")
    same_notes: Flag = Field(False, description="下表同: a note that the next tables share stands once.")
    weights: ColumnName | None = None

    _cutoffs = field_validator("stars")(cutoffs)
