"""Published tables of any readable format as printed cells, to hold a run against them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from econloom.audit.numerals import Numeral
from econloom.audit.paper import Estimate, PaperTable, Parens, Statistic
from econloom.audit.printed import N_ROW, R2_ROW, Kind, Printed, PrintedCell, read_printed
from econloom.audit.read.files import read_tables
from econloom.audit.words import R2_ROLES
from econloom.core.errors import DataError, listed, plural

Cells = Iterator[PrintedCell]


def read_published(path: str | Path, number: int | None = None, parens: Parens | None = None) -> Printed:
    """Read a published table.

    Parameters
    ----------
    path : path
        JSON in the layout of docs/replicate.md, or a file that the audit reads: docx, tex, html, md, csv, xlsx, pdf.
    number : int, optional
        Which table of a file with several, from 1.
    parens : {"se", "t", "p", "ci"}, optional
        What brackets hold, where the table's note does not say it.

    Returns
    -------
    Printed
        Terms are the printed labels, after ``panel: `` where there are several panels; columns are the printed numbers.

    Raises
    ------
    DataError
        The file cannot be read, holds several tables and none is named, or has numbers that cannot be read.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = pathlib.Path(folder, "t3.csv")
    ...     _ = file.write_text(",(1)\\nTBI,11.55***\\n,(3.52)\\nN,615\\nStandard errors in parentheses,\\n")
    ...     paper = read_published(file)
    >>> paper.cell("1", "TBI", "se").text, paper.cell("1", "N", "n").text
    ('3.52', '615')
    """
    if Path(path).suffix.lower() == ".json":
        return read_printed(path)
    tables = read_tables(path, parens)
    if not tables:
        raise DataError(f"{path}: no table in it")
    if number is None and len(tables) > 1:
        titles = listed((f"{n}: {t.title or t.kind}" for n, t in enumerate(tables, 1)), 20)
        raise DataError(f"{path}: {len(tables)} tables ({titles})", hint="say which: {file: ..., table: 1}")
    if number is not None and not 1 <= number <= len(tables):
        raise DataError(f"{path}: there is no table {number}; it has {len(tables)}")
    return _printed(tables[(number or 1) - 1], str(path))


def _printed(table: PaperTable, path: str) -> Printed:
    lost = [u for u in table.unread if any(c.isdigit() for c in u.text) or not u.text]
    if lost:
        head = f"{path}: {plural(len(lost), 'cell')} cannot be read: {lost[0]}"
        raise DataError(head, hint="mend the file, or transcribe the table to JSON (docs/replicate.md)")
    several = len({e.panel for e in table.estimates} | {v.panel for v in table.values}) > 1
    cells = tuple(_cells(table, several))
    seen = Counter((c.column, c.term, c.kind) for c in cells)
    twice = next((k for k, n in seen.items() if n > 1), None)
    if twice is not None:
        raise DataError(f"{path}: column {twice[0]!r}, {twice[1]!r}: {twice[2]} stands twice",
                        hint="give the rows labels of their own, or transcribe the table to JSON")  # fmt: skip
    columns = dict.fromkeys(c.column for c in cells)
    body = ("coefficient", "value", "n") if table.kind != "regression" else ("coefficient",)
    rows = dict.fromkeys(c.term for c in cells if c.kind in body)
    return Printed(path, table.title, table.kind, tuple(columns), tuple(rows), cells)


def _cells(table: PaperTable, several: bool) -> Cells:
    for e in table.estimates:
        yield from _estimate(e, _term(e.row, e.panel, several))
    fits: set[tuple[str, str]] = set()
    for s in table.statistics:
        yield from _statistic(s, fits, several)
    for v in table.values:
        kind: Kind = "n" if v.role == "n" else "value"
        yield PrintedCell(v.column, _term(v.row, v.panel, several), kind, v.number.text, v.number, v.stars)


def _term(row: str, panel: str, several: bool) -> str:
    return f"{panel}: {row}" if several and panel else row


def _estimate(e: Estimate, term: str) -> Cells:
    low, high = e.interval or (None, None)
    beside: tuple[tuple[Kind, Numeral | None], ...] = (
        ("coefficient", e.coefficient), ("se", e.se), ("t", e.t), ("p", e.p), ("low", low), ("high", high),
    )  # fmt: skip
    for kind, number in beside:
        if number is not None:
            yield PrintedCell(e.column, term, kind, number.text, number, e.stars if kind == "coefficient" else 0)


def _statistic(s: Statistic, fits: set[tuple[str, str]], several: bool) -> Cells:
    """N, the first R2 of a column, and everything else under its label."""
    kind: Kind = "n" if s.role == "n" else "r2" if s.role in R2_ROLES else "statistic"
    if kind == "r2" and (s.column, s.panel) in fits:
        kind = "statistic"
    if kind == "r2":
        fits.add((s.column, s.panel))
    name = {"n": N_ROW, "r2": R2_ROW}.get(kind, s.row)
    yield PrintedCell(s.column, _term(name, s.panel, several), kind, s.number.text, s.number, s.stars)
