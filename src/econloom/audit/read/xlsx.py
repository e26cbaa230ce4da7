"""Tables of xlsx workbooks: stored strings, and numbers in the format that they are shown in."""

from __future__ import annotations

import posixpath
import re
from pathlib import Path
from xml.etree.ElementTree import Element

from econloom.audit.read.grid import BELOW, MOST_CELLS, RIGHT, Grid, clean, squared
from econloom.audit.read.zipped import Archive, children, local
from econloom.core.errors import DataError

MOST_COLUMNS = 2000
_DECIMALS = re.compile(r"[#0,]*0(?:\.(0+))?(%?)")
_PADDING = re.compile(r"_.|\[(?!\$)[^\]]*\]")
_LITERAL = re.compile(r'"([^"]*)"|\\(.)')
_BUILT_IN = {1: "0", 2: "0.00", 3: "#,##0", 4: "#,##0.00", 9: "0%", 10: "0.00%", 11: "0.00E+00"}


def read(path: Path) -> list[Grid]:
    """The sheets of a workbook, one grid each; empty ones are left out.

    Raises
    ------
    DataError
        The file is encrypted, damaged, or no workbook.
    """
    archive = Archive.open(path)
    if "xl/workbook.xml" not in archive.names:
        raise DataError(f"{path}: not a workbook: it has no xl/workbook.xml")
    strings, formats = _strings(archive), _formats(archive)
    grids: list[Grid] = []
    for part in _sheets(archive):
        rows = _rows(archive.xml(part), strings, formats, str(path))
        if any(c for r in rows for c in r):
            grids.append(Grid(squared(rows), where=str(path)))
    return grids


def _sheets(archive: Archive) -> list[str]:
    """Parts of the sheets, in the order of the workbook."""
    relations = archive.xml("xl/_rels/workbook.xml.rels")
    targets = {r.attrib.get("Id", ""): r.attrib.get("Target", "") for r in relations}
    found: list[str] = []
    for sheet in (e for e in archive.xml("xl/workbook.xml").iter() if local(e.tag) == "sheet"):
        target = targets.get(next((v for k, v in sheet.attrib.items() if local(k) == "id"), ""), "")
        part = target.lstrip("/") if target.startswith("/") else posixpath.normpath(f"xl/{target}")
        if part in archive.names and "worksheets" in part:
            found.append(part)
    return found


def _strings(archive: Archive) -> list[str]:
    if "xl/sharedStrings.xml" not in archive.names:
        return []
    return [_joined(item) for item in children(archive.xml("xl/sharedStrings.xml"), "si")]


def _joined(item: Element) -> str:
    """The text of a string with its runs, without phonetic guides."""
    parts = [t.text or "" for t in children(item, "t")]
    parts += [t.text or "" for run in children(item, "r") for t in children(run, "t")]
    return "".join(parts)


def _formats(archive: Archive) -> list[str]:
    """The number format of each cell style."""
    if "xl/styles.xml" not in archive.names:
        return []
    root = archive.xml("xl/styles.xml")
    own = {
        int(f.attrib.get("numFmtId", "0")): f.attrib.get("formatCode", "")
        for f in root.iter()
        if local(f.tag) == "numFmt"
    }
    styles = next(children(root, "cellXfs"), None)
    ids = [int(x.attrib.get("numFmtId", "0")) for x in styles] if styles is not None else []
    return [own.get(i, _BUILT_IN.get(i, "")) for i in ids]


def _rows(root: Element, strings: list[str], formats: list[str], path: str) -> list[list[str]]:
    cells: dict[tuple[int, int], str] = {}
    data = next(children(root, "sheetData"), None)
    row = 0
    for line in data if data is not None else ():
        row = _whole(line.attrib.get("r")) or row + 1
        column = 0
        for cell in children(line, "c"):
            column = _column(cell.attrib.get("r", "")) or column + 1
            text = clean(_content(cell, strings, formats))
            if text and column <= MOST_COLUMNS:
                cells[row, column] = text
    if len(cells) > MOST_CELLS:
        raise DataError(f"{path}: more than {MOST_CELLS:,} cells, too many for printed tables")
    held = sorted({r for r, _ in cells})
    width = max((c for _, c in cells), default=0)
    place = {r: n for n, r in enumerate(held)}
    rows = [[""] * width for _ in held]
    for (r, c), text in cells.items():
        rows[place[r]][c - 1] = text
    _merge(root, rows, place)
    return rows


def _merge(root: Element, rows: list[list[str]], place: dict[int, int]) -> None:
    for merged in (e for e in root.iter() if local(e.tag) == "mergeCell"):
        match = re.fullmatch(r"([A-Z]{1,3})(\d+):([A-Z]{1,3})(\d+)", merged.attrib.get("ref", ""))
        if match is None:
            continue
        left, right = _column(match[1] + "1"), _column(match[3] + "1")
        for row in (r for r in place if int(match[2]) <= r <= int(match[4])):
            for column in range(left, min(right, len(rows[place[row]])) + 1):
                if row > int(match[2]):
                    rows[place[row]][column - 1] = BELOW
                elif column > left:
                    rows[place[row]][column - 1] = RIGHT


def _content(cell: Element, strings: list[str], formats: list[str]) -> str:
    kind = cell.attrib.get("t", "n")
    inline = next(children(cell, "is"), None)
    if inline is not None:
        return _joined(inline)
    value = next(children(cell, "v"), None)
    text = (value.text or "") if value is not None else ""
    if kind == "s":
        number = _whole(text)
        return strings[number] if number is not None and number < len(strings) else ""
    if kind in {"str", "e", "b"} or not text:
        return text
    style = _whole(cell.attrib.get("s")) or 0
    return _shown(text, formats[style] if style < len(formats) else "")


def _shown(text: str, code: str) -> str:
    """A number as its format shows it; without a format, its stored digits."""
    try:
        value = float(text)
    except ValueError:
        return text
    sections = code.split(";")
    negative = value < 0 and len(sections) > 1
    section = _PADDING.sub("", sections[1] if negative else sections[0])
    match = _DECIMALS.search(section)
    if match is None or "E" in section:
        return _general(value)
    shown = f"{abs(value) * (100 if match[2] else 1):.{len(match[1] or '')}f}{match[2]}"
    before, after = (_LITERAL.sub(r"\1\2", x) for x in (section[: match.start()], section[match.end() :]))
    return f"{'-' if value < 0 and not negative else ''}{before}{shown}{after}"


def _general(value: float) -> str:
    """As a spreadsheet shows a number without a format: at most ten significant digits."""
    return f"{value:.10g}"


def _column(reference: str) -> int:
    number = 0
    for c in reference:
        if not c.isalpha():
            break
        number = number * 26 + ord(c.upper()) - 64
    return number


def _whole(text: str | None) -> int | None:
    return int(text) if text is not None and text.isascii() and text.isdigit() else None
