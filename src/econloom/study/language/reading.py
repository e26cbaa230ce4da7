"""Keys of a source that say how its file is read, where the file does not speak for itself."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import Field, model_validator

from econloom.core.errors import UsageError
from econloom.data import readers
from econloom.study.language.base import ColumnName, Count, Model, Text, Texts


class Wide(Model):
    """Columns of years turned into rows: ``{time: year, values: gdp}``."""

    time: ColumnName = Field("year", description="Name of the new column of years.")
    values: ColumnName = Field("value", description="Name of the variable whose columns are plain years.")


class ReadingKeys(Model):
    """How a file is read; see :class:`econloom.data.readers.Options`."""

    encoding: Text | None = Field(None, description="Encoding of a text, or of the texts in a Stata or SPSS file.")
    delimiter: Annotated[str, Field(min_length=1, strict=True)] | None = Field(
        None, description="One character, or tab, comma, semicolon, pipe, space."
    )
    sheet: Text | Count | None = Field(None, description="A sheet of a workbook, by name or by place from 1.")
    header: Count | tuple[Count, ...] | Literal["none"] | None = Field(
        None, description="Row of the header, from 1; several rows as a list; none where there is no header."
    )
    notes: Literal["cut", "keep"] | None = Field(None, description="Lines of notes and sources below the table.")
    missing: Texts | None = Field(None, description="Further texts that mean a missing value.")
    decimal: Literal[".", ","] | None = Field(None, description="Decimal sign of numbers written as text.")
    types: dict[ColumnName, Literal["number", "text", "year", "date"]] | None = Field(
        None, description="Kinds of columns whose cells can be read in two ways."
    )
    table: Text | None = Field(None, description="A table of a database.")
    query: Text | None = Field(None, description="A SQL query on a database.")
    value_labels: Literal["both", "codes", "texts"] | None = Field(
        None, description="Labelled codes of Stata and SPSS: with a column of texts beside, alone, or as texts."
    )
    keep_missing: Texts | None = Field(
        None, description="Columns whose kinds of missing value (.a) come as a column <name>_missing."
    )
    wide: Wide | Literal[True] | None = Field(None, description="Turn year columns into rows.")

    @property
    def reading(self) -> dict[str, Any]:
        """The keys that are given, as the options of a reader."""
        given = {name: getattr(self, name) for name in ReadingKeys.model_fields}
        given = {name: value for name, value in given.items() if value is not None}
        if isinstance(self.wide, Wide):
            given["wide"] = self.wide.model_dump()
        return given

    @model_validator(mode="after")
    def _options_fit(self) -> Self:
        try:
            readers.make(self.reading)
        except UsageError as error:
            raise ValueError(error.message + (f" ({error.hint})" if error.hint else "")) from None
        return self
