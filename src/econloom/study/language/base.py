"""What all parts of the language share: strict models, short forms, texts in two languages."""

from __future__ import annotations

from typing import Annotated, Any, Self

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    GetJsonSchemaHandler,
    StringConstraints,
    model_validator,
)
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from econloom.core.labels import Label

DEFAULT = "default"  # the version without changes

Identifier = Annotated[str, StringConstraints(pattern=r"^[^\W\d]\w*$", strict=True)]
Text = Annotated[str, StringConstraints(min_length=1, strict=True)]
ColumnName = Annotated[str, StringConstraints(min_length=1, strict=True)]
Sha256 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$", strict=True)]
Whole = Annotated[int, Field(strict=True)]
Count = Annotated[int, Field(strict=True, ge=1)]
Flag = Annotated[bool, Field(strict=True)]
Real = Annotated[float, Field(allow_inf_nan=False)]
Literals = tuple[Annotated[str, Field(strict=True)] | Whole, ...]


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


def one_or_many(value: Any) -> Any:
    """``x`` to ``[x]``: a single entry where a list may stand."""
    return [value] if isinstance(value, str | int) and not isinstance(value, bool) else value


class Also:
    """JSON Schema of a value that has further written forms beside the one that it is turned into."""

    def __init__(self, *forms: dict[str, Any], items: bool = False) -> None:
        self.forms = forms
        self.items = items

    def __get_pydantic_json_schema__(self, core_schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        schema = handler.resolve_ref_schema(handler(core_schema))
        single = [schema["items"]] if self.items else []
        return {"anyOf": [*single, *self.forms, schema]}


Columns = Annotated[tuple[ColumnName, ...], BeforeValidator(one_or_many), Field(min_length=1), Also(items=True)]
Names = Annotated[tuple[Identifier, ...], BeforeValidator(one_or_many), Field(min_length=1), Also(items=True)]
Texts = Annotated[tuple[Text, ...], BeforeValidator(one_or_many), Field(min_length=1), Also(items=True)]


class RowNames(Model):
    """Columns with the names of rows, in Chinese and English."""

    zh: ColumnName | None = None
    en: ColumnName | None = None

    @model_validator(mode="after")
    def _one_at_least(self) -> Self:
        if self.zh is None and self.en is None:
            raise ValueError("needs 'zh', 'en' or both")
        return self
