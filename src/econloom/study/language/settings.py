"""Covariances, what tables show, and the defaults of a study."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, GetJsonSchemaHandler, field_validator, model_validator
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from econloom.core import covariances
from econloom.core import spec as core
from econloom.core.covariances import VcovSpec
from econloom.study.language.base import Also, ColumnName, Count, Flag, Identifier, Model, Text, Whole, one_or_many

Statistic = Literal["n_units", "n_clusters", "r2", "r2_adjusted", "loglik", "aic", "bic", "mean_outcome"]
Ssc = Literal["fixest", "reghdfe", "xtreg", "areg", "ivreg2", "ivreg2_small", "none"]
Clusters = Annotated[
    tuple[ColumnName, ...], BeforeValidator(one_or_many), Field(min_length=1, max_length=4), Also(items=True)
]


Lags = Annotated[int, Field(strict=True, ge=0)]


class Space(Model):
    """Columns of latitude and longitude, and how far errors reach."""

    lat: ColumnName
    lon: ColumnName
    km: Annotated[float, Field(gt=0)]
    kernel: Literal["bartlett", "uniform"] = "bartlett"
    time_lags: Lags = 0


class Vcov(Model):
    """The covariance of the coefficients.

    ``iid``, ``hc1``, ``hc2``, ``hc3``, ``{cluster: column}``, ``{cr2: column}``, ``{cr3: column}``, ``{wild: column}``,
    ``{newey_west: lags}``, ``{driscoll_kraay: lags}`` or ``{conley: {lat, lon, km}}``.
    """

    kind: Literal["iid", "hc1", "hc2", "hc3"] | None = None
    cluster: Clusters | None = None
    cr2: ColumnName | None = None
    cr3: ColumnName | None = None
    wild: ColumnName | None = None
    draws: Count = 9_999
    seed: Whole = 1
    newey_west: Lags | None = None
    driscoll_kraay: Lags | None = None
    conley: Space | None = None

    @model_validator(mode="before")
    @classmethod
    def _short(cls, value: Any) -> Any:
        if isinstance(value, str) and value in {"cluster", "cr2", "cr3", "wild"}:
            raise ValueError(f"clustering is written {{{value}: column}}")
        return {"kind": value} if isinstance(value, str) else value

    @model_validator(mode="after")
    def _one_kind(self) -> Self:
        forms = ("kind", "cluster", "cr2", "cr3", "wild", "newey_west", "driscoll_kraay", "conley")
        given = [f for f in forms if getattr(self, f) is not None]
        if len(given) != 1:
            raise ValueError(f"one covariance is named, such as {{cluster: column}}; here are {len(given)}")
        if self.wild is None and {"draws", "seed"} & self.model_fields_set:
            raise ValueError("'draws' and 'seed' belong to {wild: column}")
        return self

    @property
    def columns(self) -> tuple[str, ...]:
        """Columns of the data that it needs."""
        single = tuple(c for c in (self.cr2, self.cr3, self.wild) if c is not None)
        places = (self.conley.lat, self.conley.lon) if self.conley else ()
        return (*(self.cluster or ()), *single, *places)

    @property
    def spec(self) -> VcovSpec:
        """For the estimators."""
        if self.cluster is not None:
            return covariances.cluster(*self.cluster)
        if self.wild is not None:
            return covariances.wild(self.wild, self.draws, seed=self.seed)
        if self.conley is not None:
            c = self.conley
            return covariances.conley(c.lat, c.lon, c.km, c.kernel, c.time_lags)
        for name in ("cr2", "cr3", "newey_west", "driscoll_kraay"):
            given = getattr(self, name)
            if given is not None:
                made: VcovSpec = getattr(covariances, name)(given)
                return made
        return VcovSpec(self.kind or "iid")

    @classmethod
    def __get_pydantic_json_schema__(cls, core_schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        written = handler.resolve_ref_schema(handler(core_schema))
        return {"anyOf": [{"enum": ["iid", "hc1", "hc2", "hc3"]}, written]}


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
    funnel: Flag | None = Field(None, description="Rows of the sample funnel, from the rows offered to N.")

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
        if self.funnel is not None:
            said["funnel"] = self.funnel
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
    vcov: Vcov = Vcov(kind="iid")
    ssc: Ssc = "fixest"
    stars: Stars = (0.10, 0.05, 0.01)
    digits: Digits = 4
    show: Show = Show()
    preset: Text | None = Field(None, description="Look of the tables: the name of a preset, or a .toml file.")
    same_notes: Flag = Field(False, description="下表同: a note that the next tables share stands once.")
    weights: ColumnName | None = None

    _cutoffs = field_validator("stars")(cutoffs)
