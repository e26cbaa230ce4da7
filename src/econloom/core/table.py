"""A table as data: cells that remember where their number comes from, rows with a role, labels in two languages.

Renderers are siblings that read this and nothing else.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from econloom.core.errors import UsageError
from econloom.core.labels import Label

CellKind = Literal["text", "estimate", "paren", "number", "count", "mark", "empty"]
RowRole = Literal["estimate", "paren", "mark", "statistic", "value", "panel"]
Brackets = Literal["()", "[]", "{}"]


@dataclass(frozen=True, slots=True)
class Style:
    """How a table looks, apart from what it says; the files of ``report/presets`` hold ready ones.

    Attributes
    ----------
    name : str
    size : float
        Largest type in points: 10.5 is 五号, 9 is 小五.
    latin, east_asian : str
        Fonts of the Word file.
    outer_rule, inner_rule, spanner_rule : float
        Points: above and below the table, under the header, under the label of a group of columns.
    statistics_rule : bool
        A thin rule between coefficients and statistics.
    yes, no : Label
        The two values of a ``mark``.
    thousands : str
        Separator of thousands in counts; in numbers with decimals too where ``group_decimals`` is set.
    leading_zero : bool
        0.25, or .25 without.
    minus : str
        U+2212 where text is typeset; plain text always has the hyphen.
    italics : bool
        Names of variables in italics, where they are in Latin letters.
    title_bold : bool
    panel_align : {"left", "center"}
        Labels of panels.
    caption, continued : Label
        Templates of the title of a numbered table and of its later parts, with ``{number}`` and ``{title}``.
    note : Label
        What the first note begins with.
    column : Label
        Template of a column's number, with ``{n}``.
    words : tuple of (str, Label)
        Own words for ``variable``, ``constant``, ``controls``, ``n``, ``r2_within`` and so on.
    """

    name: str = "chinese"
    size: float = 10.5
    latin: str = "Times New Roman"
    east_asian: str = "宋体"
    outer_rule: float = 1.5
    inner_rule: float = 0.75
    spanner_rule: float = 0.5
    statistics_rule: bool = True
    yes: Label = Label(zh="是", en="Yes")
    no: Label = Label(zh="否", en="No")
    thousands: str = ","
    group_decimals: bool = False
    leading_zero: bool = True
    minus: str = "\u2212"
    italics: bool = False
    title_bold: bool = True
    panel_align: Literal["left", "center"] = "left"
    caption: Label = Label(zh="表{number}\u3000{title}", en="Table {number}. {title}")
    continued: Label = Label(zh="续表{number}\u3000{title}", en="Table {number}. {title} (continued)")
    note: Label = Label(zh="注：", en="Notes: ")
    column: Label = Label(zh="({n})", en="({n})")
    words: tuple[tuple[str, Label], ...] = ()

    def word(self, key: str) -> Label:
        """The style's own word for ``key``; empty where it has none."""
        return next((label for k, label in self.words if k == key), Label())


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
    brackets : {"()", "[]", "{}"}
        Of a ``paren`` cell.
    upper : float or None
        Second number of a ``paren`` cell that holds an interval.
    beside : tuple of Cell
        What stands to the right in the same cell, such as a p value in square brackets.
    rule : bool
        A thin rule below a header cell: the label of a group of columns.
    italic : bool
        A variable's name, in italics where the style says so.
    about : Label
        What the number is where its row and column do not tell: null, law and degrees of freedom of a test.
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
    brackets: Brackets = "()"
    upper: float | None = None
    beside: tuple[Cell, ...] = ()
    rule: bool = False
    italic: bool = False
    about: Label = Label()

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
        ``estimate`` and the ``paren`` row below it are kept on one page. The label of a ``panel`` row runs across
        the whole table; its cells are empty.
    rule_above : bool
        A thin rule above this row, as before the block of statistics.
    italic : bool
        The label is a variable's name, in italics where the style says so.
    """

    label: Label
    cells: tuple[Cell, ...]
    role: RowRole = "value"
    rule_above: bool = False
    italic: bool = False


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
    style : Style
        How it looks.
    sentences : tuple of Label
        What the generated note was joined from, so that tables of one study can share it.
    continued : bool
        A later part of a table that was split.

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
    style: Style = Style()
    sentences: tuple[Label, ...] = ()
    continued: bool = False

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
