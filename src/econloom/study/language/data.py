"""Sources, panels, lists and policies: where the rows and columns of a study come from."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, GetJsonSchemaHandler, field_validator, model_validator
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from econloom.study.language.base import (
    Also,
    ColumnName,
    Columns,
    Identifier,
    Literals,
    Model,
    Sha256,
    ShortForm,
    Text,
    Whole,
)
from econloom.study.language.reading import ReadingKeys
from econloom.study.language.rights import RightsKeys
from econloom.study.language.variables import Variable

Span = tuple[Whole, Whole]
Layout = Literal[
    "wiod2016-assembled", "wiod2013-arrays", "wiod2013", "wiod2016", "adb-mrio", "oecd-icio", "figaro", "national",
    "rasters", "polygons",
]  # fmt: skip


def _renamed(value: Any) -> Any:
    """``x``, ``[x, y]`` and ``{new: old}`` to a mapping of new to old names."""
    if isinstance(value, str):
        return {value: value}
    if isinstance(value, list | tuple):
        odd = [v for v in value if not isinstance(v, str)]
        if odd:
            raise ValueError(f"a list of column names, not {odd[0]!r}; rename with {{new: old}}")
        if len(set(value)) < len(value):
            raise ValueError(f"the column {next(v for v in value if value.count(v) > 1)!r} is listed twice")
        return {name: name for name in value}
    return value


_NAMES = {"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]}
Renamed = Annotated[dict[ColumnName, ColumnName], BeforeValidator(_renamed), Also(_NAMES)]


class Source(ReadingKeys, RightsKeys, ShortForm):
    """A file or folder of raw data, or a simulator of raw data."""

    path: Text | None = None
    layout: Layout | None = Field(
        None, description="Layout of a folder: inter-country tables, or images and boundaries."
    )
    where: Text | None = Field(None, description="Keep only the rows where this condition holds.")
    sha256: Sha256 | None = Field(None, description="Digest of the file or folder; another content is refused.")
    columns: Renamed | None = Field(None, description="Only these columns, renamed with {new: old}.")
    simulate: Identifier | None = Field(None, description="A simulator of raw data, in place of a path.")
    seed: Whole | None = Field(None, ge=0, description="Of the simulator; 1 without it.")
    process: Identifier | None = Field(None, description="How the simulator's errors and effects come about.")

    @classmethod
    def short_form(cls) -> str:
        """A text is the path."""
        return "path"

    @model_validator(mode="after")
    def _file_or_simulator(self) -> Self:
        if (self.path is None) == (self.simulate is None):
            raise ValueError("needs either 'path' or 'simulate'")
        if self.simulate is not None and (self.layout or self.sha256):
            raise ValueError("a simulated source takes no 'layout' and no 'sha256'")
        if self.simulate is not None and (self.ship is not None or self.obtain):
            raise ValueError("a simulated source is drawn anew by who runs the study: no 'ship' and no 'obtain'")
        for key in ("seed", "process"):
            if self.simulate is None and getattr(self, key) is not None:
                raise ValueError(f"{key!r} belongs to a simulator")
        if self.reading and (self.simulate or self.layout):
            raise ValueError(f"'{next(iter(self.reading))}' belongs to a file, not to a simulator or a folder")
        return self


_KINDS = {"1:1", "m:1", "1:m", "m:m"}


class Join(Model):
    """Columns of a source or of another panel, joined on keys.

    Written ``[x, y]``, ``x`` or ``{new: old}`` for a join on unit and time, or ``{on: …, columns: …}``; with neither
    unit nor time among the other side's columns say ``on``. Without ``columns`` all columns of the other side come.
    """

    on: Columns | None = None
    columns: Renamed | None = None
    kind: Text = Field("m:1", description="`1:1` or `m:1`: whether rows of the panel may share one of the other side.")

    @field_validator("kind")
    @classmethod
    def _multiplies_no_row(cls, kind: str) -> str:
        if kind in {"1:m", "m:m"}:
            raise ValueError(f"a join {kind} multiplies rows: start from the finer side and join the other m:1")
        if kind not in {"1:1", "m:1"}:
            raise ValueError(f"a join is 1:1 or m:1, not {kind!r}")
        return kind

    @model_validator(mode="before")
    @classmethod
    def _short(cls, value: Any) -> Any:
        if isinstance(value, str | list | tuple):
            return {"columns": value}
        if isinstance(value, dict) and not ({"on", "columns"} & set(value) or value.get("kind") in _KINDS):
            return {"columns": value}
        return value

    @classmethod
    def __get_pydantic_json_schema__(cls, core_schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        renamed = {"type": "object", "additionalProperties": {"type": "string"}}
        return {"anyOf": [*_NAMES["anyOf"], handler.resolve_ref_schema(handler(core_schema)), renamed]}


class Drop(Model):
    """A rule that takes rows out, with its reason."""

    where: Text
    why: Text


class Panel(Model):
    """Rows with a unit and a time, and the columns joined to them.

    Either ``start`` names the source of the rows, or ``from``, ``by`` and ``make`` aggregate another panel.
    """

    unit: ColumnName | None = None
    time: ColumnName | None = None
    load: Span | None = Field(None, description="Periods to load; lags may use those before the span.")
    span: Span | None = Field(None, description="First and last period of the sample.")
    start: Identifier | None = Field(None, description="The source whose units and periods are the rows.")
    units: Literal["countries", "sectors", "country_sectors"] = Field(
        "countries", description="What the units of inter-country tables are, where the rows start from some."
    )
    from_: Identifier | None = Field(None, alias="from", description="The panel to aggregate.")
    by: Columns | None = Field(None, description="Keys of the aggregate: its unit, then its time.")
    make: dict[ColumnName, Text] = Field({}, description="Columns of the aggregate, computed within its groups.")
    join: tuple[dict[Identifier, Join], ...] = ()
    drop: tuple[Drop, ...] = ()
    balance: Literal["drop", "fill"] | None = Field(
        None,
        description="After the drops: only units with every period (drop), or rows added with missing values (fill).",
    )
    variables: dict[ColumnName, Variable] = Field({}, description="Variables of this panel.")

    @field_validator("span", "load")
    @classmethod
    def _ordered(cls, span: Span | None) -> Span | None:
        if span is not None and span[0] > span[1]:
            raise ValueError(f"ends ({span[1]}) before it starts ({span[0]})")
        return span

    @field_validator("join")
    @classmethod
    def _one_source_each(cls, join: tuple[dict[str, Any], ...]) -> tuple[dict[str, Any], ...]:
        for entry in join:
            if len(entry) != 1:
                raise ValueError("each entry of 'join' names one source or panel: '- kof: [x, y]'")
        return join

    @model_validator(mode="after")
    def _started_or_aggregated(self) -> Self:
        if self.from_ is None:
            absent = [k for k in ("unit", "time", "start") if getattr(self, k) is None]
            if absent:
                raise ValueError(f"lacks {', '.join(map(repr, absent))} (or 'from', 'by' and 'make' for an aggregate)")
            if self.by is not None or self.make:
                raise ValueError("'by' and 'make' belong to an aggregate with 'from'")
            return self
        if self.by is None or not self.make:
            raise ValueError("an aggregate needs 'by' and 'make'")
        if self.start is not None or self.unit is not None or self.time is not None:
            raise ValueError("an aggregate takes its keys from 'by', not from 'unit', 'time' or 'start'")
        if self.units != "countries":
            raise ValueError("'units' belongs to a panel that starts from inter-country tables")
        if len(self.by) > 2:
            raise ValueError("'by' takes the unit and the time of the aggregate")
        return self

    @model_validator(mode="after")
    def _span_inside_load(self) -> Self:
        if self.load and self.span and not self.load[0] <= self.span[0] <= self.span[1] <= self.load[1]:
            raise ValueError(f"the span {list(self.span)} is not inside what is loaded {list(self.load)}")
        return self

    @property
    def keys(self) -> tuple[str, ...]:
        """Unit and time."""
        return self.by if self.by is not None else (self.unit or "", self.time or "")


class Member(Model):
    """A member of a dated list."""

    name: Annotated[str, Field(strict=True)] | Whole
    since: Whole | None = None
    until: Whole | None = None


def _members(value: Any) -> Any:
    if isinstance(value, Mapping) and "members" not in value:
        return {"members": [{"name": k, "since": v} for k, v in value.items()]}
    return value


class DatedList(Model):
    """A list whose members joined (and left) in given years: ``{'AUS': 1971, …}``; ``oecd@2013`` is its state then."""

    members: tuple[Member, ...] = Field(min_length=1)
    source: Text | None = None

    @model_validator(mode="before")
    @classmethod
    def _short(cls, value: Any) -> Any:
        return _members(value)

    @classmethod
    def __get_pydantic_json_schema__(cls, core_schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        years = {"type": "object", "additionalProperties": {"type": "integer"}}
        return {"anyOf": [handler.resolve_ref_schema(handler(core_schema)), years]}

    def at(self, year: int) -> tuple[str | int, ...]:
        """Members in a year."""
        return tuple(
            m.name
            for m in self.members
            if (m.since is None or m.since <= year) and (m.until is None or year <= m.until)
        )


AnyList = Annotated[Literals, Field(min_length=1)] | DatedList


class Policy(Model):
    """Dates of adoption by unit, from a table of decisions; see :func:`econloom.panel.did.staggered.adoption`."""

    file: Identifier = Field(description="The source that lists the decisions.")
    unit: ColumnName = Field(description="What adopts: a column of the decisions and of the main panel.")
    date: ColumnName
    batches: tuple[Whole | Text, ...] | None = Field(None, description="Those whose units are treated; all by default.")
    batch: ColumnName = "batch"
    later: Literal["controls", "drop"] = Field(
        "controls", description="Other batches, and adoption after the span: untreated in all rows, or left out."
    )
    always: Literal["error", "keep", "drop"] = Field("error", description="Units treated in every period seen.")
    exposure: Literal["year", "month", "day"] = Field("month", description="The year of adoption's share.")
    month: Literal["counted", "half", "not_counted"] = Field(
        "counted", description="How much of the decision's month is under treatment."
    )
    cutoff: Annotated[int, Field(ge=1, le=12, strict=True)] = Field(
        12, description="Decisions after this month count from the next year on."
    )
    unknown: Literal["near", "error", "ignore"] = Field("near", description="Units that the panel does not have.")
    moves: Literal["error", "keep", "drop"] = Field("error", description="Rows' units that leave treatment by moving.")
    single: Whole | None = Field(None, description="The one period of adoption of the column `single`.")
    earlier: Literal["break", "own", "drop"] = Field("break", description="Units that adopt before `single`.")
    makes: dict[Literal["treated", "treatpost", "exposure", "cohort", "batch", "event_time", "single"], ColumnName] = {}

    @model_validator(mode="after")
    def _single_date(self) -> Self:
        if ("single" in self.makes) != (self.single is not None):
            raise ValueError("'single' gives the period, 'makes: {single: …}' the column: both or none")
        return self
