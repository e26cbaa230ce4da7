"""A panel in groups, and what is said of groups of columns beside one another."""

from __future__ import annotations

from dataclasses import dataclass, replace

from econloom.core.frame import Panel
from econloom.core.labels import Label
from econloom.core.spec import DiagnosticRow, TableSpec
from econloom.panel.designs.splits import Groups
from econloom.report.phrases import compound


@dataclass(frozen=True)
class Divided:
    """A panel whose rows are in the groups of a split."""

    panel: Panel
    groups: Groups


@dataclass(frozen=True)
class Compared:
    """What a table says of its groups.

    Attributes
    ----------
    rows : tuple of (str, DiagnosticRow)
        With the term that the row is about; ``{}`` of its label is the term's.
    notes : tuple of Label
    """

    rows: tuple[tuple[str, DiagnosticRow], ...]
    notes: tuple[Label, ...]

    def within(self, spec: TableSpec) -> TableSpec:
        """The spec of the table with these rows and notes."""
        rows = []
        for term, row in self.rows:
            named = compound(term, spec)
            label = Label(zh=row.label.text("zh").format(named.text("zh")),
                          en=row.label.text("en").format(named.text("en")))  # fmt: skip
            rows.append(replace(row, label=label))
        return replace(spec, diagnostics=(*rows, *spec.diagnostics), notes=(*self.notes, *spec.notes))
