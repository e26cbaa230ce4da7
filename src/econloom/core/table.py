"""A table as data: cells that remember where their number comes from, rows with a role, labels in two languages.

Renderers are siblings that read this and nothing else.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from econloom.core.errors import UsageError
from econloom.core.labels import Label

CellKind = Literal["text", "estimate", "paren", "number", "count", "mark", "empty"]
RowRole = Literal["estimate", "paren", "mark", "statistic", "value"]


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell.

    Attributes
    ----------
    kind : str
        ``text`` (a label), ``estimate`` (a coefficient with stars), ``paren`` (what stands below it in
        brackets), ``number`` (a value with decimals), ``count`` (an integer), ``mark`` (yes/no) or ``empty``.
    value : float or None
        The unrounded number; None is printed as an empty cell.
    digits : int
        Decimals of a number.
    stars : int
        0 to 3.
    yes : bool
        The value of a ``mark``.
    label : Label
        The text of a ``text`` cell.
    source : str or None
        Address for ``why``: ``t3.c2.tbi`` or ``t1.CHN.2007``.
    span : int
        Columns that a header cell covers.
    notation : {"auto", "fixed"}
        ``fixed``: a small number is printed with its decimals (0.0000), never as 1e-5; for p values, R2 and values.
    """

    kind: CellKind = "empty"
    value: float | None = None
    digits: int = 4
    stars: int = 0
    yes: bool = False
    label: Label = Label()
    source: str | None = None
    span: int = 1
    notation: Literal["auto", "fixed"] = "auto"

    @classmethod
    def text(cls, label: Label, span: int = 1) -> Cell:
        """A cell that holds words."""
        return cls(kind="text", label=label, span=span)


@dataclass(frozen=True, slots=True)
class Row:
    """A body row: a stub label and one cell for each column.

    Attributes
    ----------
    role : str
        ``estimate`` and the ``paren`` row below it are kept on one page.
    rule_above : bool
        A thin rule above this row, as before the block of statistics.
    """

    label: Label
    cells: tuple[Cell, ...]
    role: RowRole = "value"
    rule_above: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    """A finished table.

    Attributes
    ----------
    id : str
        Stem of its files.
    title : Label
        Above.
    stub : Label
        Header of the label column.
    header : tuple of tuple of Cell
        One or more header rows; spans of each sum to ``n_columns``.
    rows : tuple of Row
    notes : tuple of Label
        Below, one paragraph each.

    Raises
    ------
    UsageError
        A row whose cells do not fill the columns, or a table without columns or rows.
    """

    id: str
    title: Label
    header: tuple[tuple[Cell, ...], ...]
    rows: tuple[Row, ...]
    notes: tuple[Label, ...] = ()
    stub: Label = Label()

    def __post_init__(self) -> None:
        if not self.header or not self.header[0] or not self.rows:
            raise UsageError(f"table {self.id}: empty (a table needs a header, a column and a row)")
        for number, header in enumerate(self.header, 1):
            self._check(sum(c.span for c in header), f"header row {number}")
        for row in self.rows:
            self._check(len(row.cells), f"row {row.label.text('en')!r}")

    def _check(self, width: int, what: str) -> None:
        if width != self.n_columns:
            raise UsageError(f"table {self.id}: {what} has {width} cells, the table {self.n_columns} columns")

    @property
    def n_columns(self) -> int:
        """Columns without the stub."""
        return sum(c.span for c in self.header[-1])
