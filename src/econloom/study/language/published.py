"""Printed tables that a study is compared with, and what is expected of the comparison."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from econloom.study.language.base import Count, Flag, Identifier, Model, Names, ShortForm, Text, Texts

Share = Annotated[float, Field(gt=0, le=1)]


class PrintedTable(ShortForm):
    """The printed counterpart of one table."""

    file: Text = Field(description="JSON, or a file that the audit reads: csv, docx, html, md, tex, xlsx, pdf.")
    table: Count | None = Field(None, description="Which table of a file with several, from 1.")
    paren: Literal["se", "t", "p", "ci"] | None = Field(
        None, description="What brackets hold, where the table's note does not say it."
    )
    columns: dict[Text, Text] = Field({}, description="Printed column to ours; by order without it.")
    terms: dict[Text, Text] = Field({}, description="Printed term to ours, before those of the study.")
    rows: dict[Text, Text] = Field({}, description="Printed row to ours, for grids of values.")
    r2: Literal["overall", "within", "within_unit"] | None = Field(
        default=None, description="Which R2 is printed; that of the table without it."
    )
    statistics: dict[Text, Text] = Field({}, description="Printed test statistic to a column of results.csv.")
    stars: Flag = True

    @classmethod
    def short_form(cls) -> str:
        """A text is the file."""
        return "file"


class Expectation(Model):
    """What cells must reach which verdict, and how many of them."""

    tables: Names
    terms: Texts | None = None
    columns: Texts | None = None
    kinds: Texts | None = None
    verdict: Literal["exact", "within_rounding", "within_se", "within_tolerance"] | None = None
    within: Annotated[float, Field(ge=0)] | None = Field(None, description="Greatest difference, for all but N.")
    at_least: Count | None = None
    share: Share | None = None
    why: Text | None = None

    @model_validator(mode="after")
    def _one_measure(self) -> Self:
        if (self.verdict is None) == (self.within is None):
            raise ValueError("needs either 'verdict' or 'within'")
        if self.at_least is not None and self.share is not None:
            raise ValueError("'at_least' or 'share', not both")
        return self


class Incomparable(Model):
    """Printed numbers that stand for something else than those of the study, and why."""

    tables: Names | None = None
    terms: Texts | None = None
    columns: Texts | None = None
    kinds: Texts | None = None
    why: Text


class Published(Model):
    """A folder of printed tables."""

    path: Text
    terms: dict[Text, Text] = Field({}, description="Printed term to ours.")
    tables: dict[Identifier, PrintedTable] = {}
    cells: Text | None = Field(
        None, description="A csv, JSON or YAML file of single printed numbers, each with what is expected of it."
    )
    expect: tuple[Expectation, ...] = ()
    not_comparable: tuple[Incomparable, ...] = Field(
        (), description="Printed numbers that are not compared, and why; they count neither for nor against."
    )

    @model_validator(mode="after")
    def _something(self) -> Self:
        if not self.tables and self.cells is None:
            raise ValueError("needs 'tables' or 'cells'")
        return self
