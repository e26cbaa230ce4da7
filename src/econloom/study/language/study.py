"""A whole study file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import Field, PrivateAttr, model_validator

from econloom.study.document import Document
from econloom.study.language.any_figure import AnyFigure
from econloom.study.language.any_table import AnyTable
from econloom.study.language.base import DEFAULT, ColumnName, Identifier, Model, Text, Title
from econloom.study.language.data import AnyList, Panel, Policy, Source
from econloom.study.language.published import Published
from econloom.study.language.rings import RingColumns
from econloom.study.language.settings import Defaults
from econloom.study.language.tables import RegressionTable
from econloom.study.language.variables import Sample, Split, Variable

Changes = Annotated[dict[Text, Any], Field(min_length=1)]
MAIN = "panel"  # name of the only panel of a study that has one


def grid_id(table: str) -> str:
    """Id of the table that shows a table's terms across versions."""
    return f"{table}_versions"


class StudySpec(Model):
    """A whole study: sources, panels, variables, samples, tables and figures, and versions of it."""

    study: Identifier
    title: Title
    sources: dict[Identifier, Source] = Field(min_length=1)
    panel: Panel | None = Field(None, description="The rows, where the study has one panel.")
    panels: dict[Identifier, Panel] = Field({}, description="Several panels of different level.")
    variables: dict[ColumnName, Variable] = Field({}, description="Variables of the main panel.")
    lists: dict[Identifier, AnyList] = {}
    macros: dict[Identifier, Text] = {}
    samples: dict[Identifier, Sample] = {}
    splits: dict[Identifier, Split] = {}
    policy: dict[Identifier, Policy] = {}
    rings: dict[Identifier, RingColumns] = Field({}, description="Columns of rings around treated units.")
    defaults: Defaults = Defaults()
    tables: dict[Identifier, AnyTable] = {}
    figures: dict[Identifier, AnyFigure] = {}
    versions: dict[Identifier, Changes] = {}
    published: Published | None = None

    _document: Document | None = PrivateAttr(None)

    @property
    def document(self) -> Document:
        """The file it was read from; an empty one for a study built in Python."""
        return self._document or Document("study", {}, {})

    @property
    def folder(self) -> Path:
        """Folder that relative paths of sources start from."""
        return Path(self.document.file).parent

    @property
    def all_panels(self) -> dict[str, Panel]:
        """Panels by name; the only one of a study with ``panel`` is called ``panel``."""
        return {MAIN: self.panel} if self.panel is not None else self.panels

    @property
    def main(self) -> str:
        """Name of the panel that tables and top-level variables belong to."""
        return self.defaults.panel or next(iter(self.all_panels))

    @model_validator(mode="after")
    def _one_way_of_panels(self) -> Self:
        if (self.panel is None) == (not self.panels):
            raise ValueError("needs either 'panel' or 'panels'")
        if self.panels and len(self.panels) > 1 and self.defaults.panel is None:
            raise ValueError("has several panels: name the main one under 'defaults: {panel: …}'")
        if self.defaults.panel is not None and self.defaults.panel not in self.all_panels:
            raise ValueError(f"defaults.panel: no panel {self.defaults.panel!r} (panels: {', '.join(self.all_panels)})")
        for name, panel in self.all_panels.items():
            both = set(panel.variables) & set(self.variables) if name == self.main else set()
            if both:
                raise ValueError(f"the variable {min(both)!r} stands twice: at the top and in its panel")
        return self

    @model_validator(mode="after")
    def _names_do_not_collide(self) -> Self:
        owners: dict[str, str] = {}
        for kind in ("lists", "macros", "samples", "splits", "variables"):
            for name in getattr(self, kind):
                if name in owners:
                    raise ValueError(f"{name!r} is both in '{owners[name]}' and in '{kind}': rename one")
                owners[name] = kind
        shared = set(self.sources) & set(self.panels)
        if shared:
            raise ValueError(f"{min(shared)!r} is both a source and a panel: rename one")
        same = set(self.tables) & set(self.figures)
        if same:
            raise ValueError(f"{min(same)!r} is both a table and a figure: rename one")
        for name, table in self.tables.items():
            if isinstance(table, RegressionTable) and table.across_versions and grid_id(name) in self.tables:
                raise ValueError(f"the table across versions of {name!r} is called {grid_id(name)!r}: rename one")
        if DEFAULT in self.versions:
            raise ValueError(f"a version cannot be called {DEFAULT!r}")
        return self

    @model_validator(mode="after")
    def _shows_something(self) -> Self:
        if not self.tables and not self.figures:
            raise ValueError("needs 'tables', 'figures' or both")
        return self
