"""The study language as frozen models: what a study file may say, and errors that point into it.

A study is ``sources -> panel -> variables -> samples -> tables``, with ``versions`` that change one thing each. The
same models are built from YAML (:func:`load`), from a dict (:func:`from_data`), or directly in Python.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    GetJsonSchemaHandler,
    PrivateAttr,
    StringConstraints,
    Tag,
    ValidationError,
    field_validator,
    model_validator,
)
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from econloom.core import spec as core
from econloom.core.errors import StudyFileError, UsageError, did_you_mean
from econloom.core.labels import Label
from econloom.study import document
from econloom.study.document import Document
from econloom.study.problems import located

DEFAULT = "default"  # the version without changes


def grid_id(table: str) -> str:
    """Id of the table that shows a table's terms across versions."""
    return f"{table}_versions"


Identifier = Annotated[str, StringConstraints(pattern=r"^[^\W\d][\w]*$", strict=True)]
Text = Annotated[str, StringConstraints(min_length=1, strict=True)]
ColumnName = Annotated[str, StringConstraints(min_length=1, strict=True)]
Sha256 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$", strict=True)]
Whole = Annotated[int, Field(strict=True)]
Flag = Annotated[bool, Field(strict=True)]


class Model(BaseModel):
    """Base: frozen, and no key beyond the named ones."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class ShortForm(Model):
    """A model that may be written as one text, which fills the field named in ``short_form``."""

    @classmethod
    def short_form(cls) -> str:
        """Name of the field that the text fills."""
        raise NotImplementedError

    @model_validator(mode="before")
    @classmethod
    def _expand(cls, value: Any) -> Any:
        return {cls.short_form(): value} if isinstance(value, str) else value

    @classmethod
    def __get_pydantic_json_schema__(cls, core_schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        return {"anyOf": [{"type": "string"}, handler.resolve_ref_schema(handler(core_schema))]}


class Labelled(Model):
    """Anything with a Chinese and an English name."""

    zh: Text | None = None
    en: Text | None = None

    @property
    def label(self) -> Label:
        """Both names as one object."""
        return Label(zh=self.zh, en=self.en)


class Title(Labelled, ShortForm):
    """A title in two languages; one text serves both."""

    @model_validator(mode="before")
    @classmethod
    def _expand(cls, value: Any) -> Any:
        return {"zh": value, "en": value} if isinstance(value, str) else value

    @model_validator(mode="after")
    def _one_at_least(self) -> Self:
        if not self.label:
            raise ValueError("needs 'zh', 'en' or both")
        return self


class Source(ShortForm):
    """A file or folder of raw data."""

    path: Text
    layout: Literal["wiod2016-assembled"] | None = Field(None, description="Layout of inter-country tables.")
    where: Text | None = Field(None, description="Keep only the rows where this condition holds.")
    sha256: Sha256 | None = Field(None, description="Digest of the file or folder; another content is refused.")

    @classmethod
    def short_form(cls) -> str:
        """A text is the path."""
        return "path"


def _columns(value: Any) -> Any:
    """``x``, ``[x, y]`` and ``{new: old}`` to a mapping of new to old names."""
    if isinstance(value, str):
        return {value: value}
    if isinstance(value, list):
        odd = [v for v in value if not isinstance(v, str)]
        if odd:
            raise ValueError(f"a list of column names, not {odd[0]!r}; rename with {{new: old}}")
        if len(set(value)) < len(value):
            raise ValueError(f"the column {next(v for v in value if value.count(v) > 1)!r} is listed twice")
        return {name: name for name in value}
    return value


JoinColumns = Annotated[dict[ColumnName, ColumnName], BeforeValidator(_columns), Field(min_length=1)]


class Drop(Model):
    """A rule that takes rows out, with its reason."""

    where: Text
    why: Text


class PanelSpec(Model):
    """The rows of the study and the columns joined to them."""

    unit: ColumnName
    time: ColumnName
    span: tuple[Whole, Whole] | None = Field(None, description="First and last period of the sample.")
    start: Identifier = Field(description="The source whose units and periods are the rows.")
    join: tuple[dict[Identifier, JoinColumns], ...] = ()
    drop: tuple[Drop, ...] = ()

    @field_validator("span")
    @classmethod
    def _ordered(cls, span: tuple[int, int] | None) -> tuple[int, int] | None:
        if span is not None and span[0] > span[1]:
            raise ValueError(f"ends ({span[1]}) before it starts ({span[0]})")
        return span

    @field_validator("join")
    @classmethod
    def _one_source_each(cls, join: tuple[dict[str, Any], ...]) -> tuple[dict[str, Any], ...]:
        for entry in join:
            if len(entry) != 1:
                raise ValueError("each entry of 'join' names one source: '- kof: [x, y]'")
        return join


class Variable(Labelled, ShortForm):
    """A column made by a formula or a measure, or the label of one that was joined."""

    formula: Text | None = None
    measure: Text | None = None
    unit: Text | None = None

    @classmethod
    def short_form(cls) -> str:
        """A text is the formula."""
        return "formula"

    @model_validator(mode="after")
    def _one_recipe(self) -> Self:
        if self.formula is not None and self.measure is not None:
            raise ValueError("has both 'formula' and 'measure': give one")
        return self


class Sample(Labelled, ShortForm):
    """A named condition on the rows."""

    where: Text

    @classmethod
    def short_form(cls) -> str:
        """A text is the condition."""
        return "where"


class Vcov(Model):
    """The covariance of the coefficients: ``iid``, ``hc1`` or ``{cluster: column}``."""

    kind: Literal["iid", "hc1", "cluster"] = "iid"
    cluster: ColumnName | None = None

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
    def spec(self) -> core.VcovSpec:
        """For the estimators."""
        return core.VcovSpec(self.kind, (self.cluster,) if self.cluster else ())

    @classmethod
    def __get_pydantic_json_schema__(cls, core_schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        return {
            "anyOf": [
                {"enum": ["iid", "hc1"]},
                {
                    "type": "object",
                    "properties": {"cluster": {"type": "string"}},
                    "required": ["cluster"],
                    "additionalProperties": False,
                },
            ]
        }


class Show(Model):
    """What regression tables show; unset keys take the study's default."""

    paren: Literal["se", "t", "p", "none"] | None = None
    r2: Literal["overall", "within", "within_unit", "none"] | None = None
    constant: Literal["xtreg", "none"] | None = Field(
        default=None, description="The constant as `xtreg, fe` prints it."
    )
    effects: Flag | None = None
    controls: Literal["collapse", "full"] | None = None

    def over(self, base: core.Show) -> core.Show:
        """``base`` with the keys that are set here."""
        said = self.model_dump(exclude_none=True)
        if "r2" in said:
            said["r2"] = {"overall": "r2", "none": "none"}.get(said["r2"], f"r2_{said['r2']}")
        if "constant" in said:
            said["constant"] = said["constant"] != "none"
        return replace(base, **said)


def _probability(value: float) -> float:
    if not 0 < value < 1:
        raise ValueError(f"a cut-off lies between 0 and 1, not {value}")
    return value


Stars = tuple[
    Annotated[float, Field(strict=True), BeforeValidator(lambda v: float(v) if isinstance(v, int) else v)], ...
]


def _cutoffs(stars: Stars | None) -> Stars | None:
    if stars is None:
        return None
    if len(stars) > 3:
        raise ValueError(f"at most three cut-offs, not {len(stars)}")
    if list(stars) != sorted(set(map(_probability, stars)), reverse=True):
        raise ValueError("cut-offs go from the weakest to the strongest: [0.10, 0.05, 0.01]")
    return stars


class Defaults(Model):
    """What holds for every table that does not say otherwise."""

    vcov: Vcov = Vcov()
    ssc: Literal["fixest", "xtreg", "none"] = "fixest"
    stars: Stars = (0.10, 0.05, 0.01)
    digits: Annotated[int, Field(ge=0, le=12, strict=True)] = 4
    show: Show = Show()

    _cutoffs = field_validator("stars")(_cutoffs)


class Column(ShortForm):
    """One model of a table."""

    formula: Text
    sample: Identifier | None = None
    vcov: Vcov | None = None

    @classmethod
    def short_form(cls) -> str:
        """A text is the formula."""
        return "formula"


class Table(Model):
    """A table of regressions (``columns`` are models) or of numbers (``values`` names a variable)."""

    title: Title
    columns: tuple[Any, ...] = Field(min_length=1)
    digits: Annotated[int, Field(ge=0, le=12, strict=True)] | None = None
    notes: tuple[Title, ...] = ()


class ValuesTable(Table):
    """Values of one variable: units in columns and periods in rows, or the other way round."""

    values: ColumnName
    rows: ColumnName = Field(description="The key that gives the rows.")
    columns: tuple[Annotated[str, Field(strict=True)] | Whole, ...] = Field(
        min_length=1, description="Values of the other key."
    )


class RegressionTable(Table):
    """Models side by side."""

    columns: tuple[Column, ...] = Field(min_length=1, max_length=40)
    sample: Identifier | None = None
    vcov: Vcov | None = None
    stars: Stars | None = None
    show: Show = Show()
    across_versions: tuple[ColumnName, ...] = Field(
        (), description="Terms whose estimates in every version stand in a second table."
    )

    _cutoffs = field_validator("stars")(_cutoffs)


def _table_kind(value: Any) -> str:
    """The kind of table, chosen before its keys are checked, so that an error names the right ones."""
    if isinstance(value, Mapping):
        return "<values>" if "values" in value or "rows" in value else "<regression>"
    return "<values>" if isinstance(value, ValuesTable) else "<regression>"


AnyTable = Annotated[
    Annotated[RegressionTable, Tag("<regression>")] | Annotated[ValuesTable, Tag("<values>")],
    Discriminator(_table_kind),
]
Literals = tuple[Annotated[str, Field(strict=True)] | Whole, ...]


class StudySpec(Model):
    """A whole study."""

    study: Identifier
    title: Title
    sources: dict[Identifier, Source] = Field(min_length=1)
    panel: PanelSpec
    variables: dict[ColumnName, Variable] = {}
    lists: dict[Identifier, Annotated[Literals, Field(min_length=1)]] = {}
    macros: dict[Identifier, Text] = {}
    samples: dict[Identifier, Sample] = {}
    defaults: Defaults = Defaults()
    tables: dict[Identifier, AnyTable] = Field(min_length=1)
    versions: dict[Identifier, Annotated[dict[Text, Any], Field(min_length=1)]] = {}

    _document: Document | None = PrivateAttr(None)

    @property
    def document(self) -> Document:
        """The file it was read from; an empty one for a study built in Python."""
        return self._document or Document("study", {}, {})

    @property
    def folder(self) -> Path:
        """Folder that relative paths of sources start from."""
        return Path(self.document.file).parent

    @model_validator(mode="after")
    def _names_do_not_collide(self) -> Self:
        owners: dict[str, str] = {}
        for kind in ("lists", "macros", "samples", "variables"):
            for name in getattr(self, kind):
                if name in owners:
                    raise ValueError(f"{name!r} is both in '{owners[name]}' and in '{kind}': rename one")
                owners[name] = kind
        if DEFAULT in self.versions:
            raise ValueError("a version cannot be called 'default'")
        for name, table in self.tables.items():
            if isinstance(table, RegressionTable) and table.across_versions and grid_id(name) in self.tables:
                raise ValueError(f"the table across versions of {name!r} is called {grid_id(name)!r}: rename one")
        return self


def json_schema() -> dict[str, Any]:
    """The JSON Schema (draft 2020-12) of study files."""
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **StudySpec.model_json_schema()}


def load(path: str | Path) -> StudySpec:
    """Read a study file, or ``study.yaml`` of a folder.

    Raises
    ------
    UsageError, StudyFileError
        Every fault with file:line:column, the source line and, for a misspelt name, a suggestion.
    """
    return _validated(document.read(path))


def from_data(data: Mapping[str, Any], folder: str | Path = ".") -> StudySpec:
    """Build a study from a dict of the shape that the YAML has."""
    return _validated(Document(str(Path(folder) / "study"), dict(data), {}))


def _validated(source: Document) -> StudySpec:
    _quoted_lists(source)
    try:
        spec = StudySpec.model_validate(source.data)
    except ValidationError as error:
        raise located(error, source, StudySpec) from None
    spec._document = source
    return spec


def _quoted_lists(source: Document) -> None:
    """In lists a text is quoted, so that it cannot be taken for a column, and ``NO`` is surely Norway."""
    lists = source.data.get("lists")
    if not source.marks or not isinstance(lists, dict):
        return
    problems = [
        UsageError(f"lists.{name}: {item} is not quoted", where=source.at(("lists", name, i)), hint=f"write '{item}'")
        for name, items in lists.items()
        if isinstance(items, list)
        for i, item in enumerate(items)
        if isinstance(item, str) and source.is_plain(("lists", name, i))
    ]
    if problems:
        raise StudyFileError(problems[:10])


_SHORT_FORMS = {"sources": "path", "variables": "formula", "samples": "where"}


def version(spec: StudySpec, name: str) -> StudySpec:
    """The study with the changes of one version; ``default`` is the study itself.

    Raises
    ------
    UsageError
        A changed key that the study does not have, or a value that it cannot take.
    """
    if name == DEFAULT:
        return spec
    source = spec.document
    data = _copy(source.data if source.data else spec.model_dump(exclude_defaults=True))
    marks = dict(source.marks)
    for dotted, value in spec.versions[name].items():
        said: document.KeyPath = ("versions", name, dotted)
        path = _set(data, dotted, _copy(value), source, said)
        marks = {p: m for p, m in marks.items() if p[: len(path)] != path}
        marks |= {(*path, *p[3:]): m for p, m in source.marks.items() if p[:3] == said}
    data.pop("versions", None)
    return _validated(Document(source.file, data, marks, source.lines))


def _copy(value: Any) -> Any:
    if isinstance(value, dict):
        return {k: _copy(v) for k, v in value.items()}
    return [_copy(v) for v in value] if isinstance(value, list | tuple) else value


def _set(data: dict[str, Any], dotted: str, value: Any, source: Document, at: document.KeyPath) -> document.KeyPath:
    """Replace the value at ``a.b.c``; every step but a model's own optional key must be there already."""
    keys = dotted.split(".")
    if keys[0] in {"study", "versions"}:
        raise UsageError(f"{dotted}: a version cannot change {keys[0]!r}", where=source.at(at, key=True))
    here: Any = data
    path: document.KeyPath = ()
    for depth, key in enumerate(keys):
        last = depth == len(keys) - 1
        if isinstance(here, list):
            if not key.isdecimal() or int(key) >= len(here):
                raise UsageError(f"{dotted}: no entry {key} (0 to {len(here) - 1})", where=source.at(at, key=True))
            step: str | int = int(key)
        elif isinstance(here, dict):
            optional = last and (len(keys) > 2 or keys[0] in {"defaults", "panel"})
            if key not in here and not optional:
                hint = "a version changes what the study has"
                message = f"{dotted}: the study has no {key!r}{did_you_mean(key, here)}"
                raise UsageError(message, where=source.at(at, key=True), hint=hint)
            step = key
        else:
            raise UsageError(f"{dotted}: nothing lies below {keys[depth - 1]!r}", where=source.at(at, key=True))
        path = (*path, step)
        if last:
            here[step] = value
        else:
            inner = here[step]
            if isinstance(inner, str) and depth == 1 and keys[0] in _SHORT_FORMS:
                inner = here[step] = {_SHORT_FORMS[keys[0]]: inner}
            here = inner
    return path
