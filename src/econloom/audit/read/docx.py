"""Tables of Word documents, with merged cells, titles above and notes below."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from xml.etree.ElementTree import Element

from econloom.audit.read.grid import BELOW, MOST_CELLS, NOTE, PICTURE, RIGHT, Grid, clean, squared
from econloom.audit.read.zipped import Archive, attribute, children, local
from econloom.core.errors import DataError

_TITLE = re.compile(r"^\s*(?:续?附?表|table)\s*[\dA-Z一二三四五六七八九十]", re.IGNORECASE)
_SKIPPED = frozenset({"del", "delText", "instrText", "fldData", "rPr", "pPr", "moveFrom", "Fallback"})
_PICTURES = frozenset({"drawing", "pict", "object"})


def read(path: Path) -> list[Grid]:
    """The tables of a document in order, inner tables after the ones they stand in.

    A cell that holds a picture says so; a document with pictures and no tables gives one empty grid that does.

    Raises
    ------
    DataError
        The file is encrypted, damaged, or no Word document.
    """
    archive = Archive.open(path)
    if "word/document.xml" not in archive.names:
        raise DataError(f"{path}: not a Word document: it has no word/document.xml")
    body = next(children(archive.xml("word/document.xml"), "body"), None)
    if body is None:
        raise DataError(f"{path}: damaged: a document without a body")
    blocks = list(_blocks(body))
    grids = [_grid(blocks, n, str(path)) for n, b in enumerate(blocks) if local(b.tag) == "tbl"]
    if not grids and any(local(e.tag) in _PICTURES for e in body.iter()):
        return [Grid(((PICTURE,),), where=str(path))]
    return grids


def _blocks(body: Element) -> list[Element]:
    """Paragraphs and tables in reading order; content controls are looked into."""
    found: list[Element] = []
    for child in body:
        name = local(child.tag)
        if name in {"p", "tbl"}:
            found.append(child)
        elif name in {"sdt", "sdtContent", "ins", "customXml", "smartTag"}:
            found += _blocks(child)
    return found


def _grid(blocks: Sequence[Element], place: int, where: str) -> Grid:
    rows = _rows(blocks[place])
    if sum(map(len, rows)) > MOST_CELLS:
        raise DataError(f"{where}: a table of more than {MOST_CELLS:,} cells")
    title = next((t for b in reversed(blocks[max(0, place - 3) : place]) if local(b.tag) == "p"
                  and (t := clean(_text(b))) and _TITLE.match(t)), "")  # fmt: skip
    return Grid(squared(rows), title, tuple(_notes(blocks[place + 1 :])), where)


def _notes(after: Sequence[Element]) -> list[str]:
    """The paragraphs below a table that belong to it: from a note on, up to the next title, table or empty line."""
    found: list[str] = []
    for block in after[:8]:
        text = clean(_text(block)) if local(block.tag) == "p" else ""
        if local(block.tag) == "tbl" or _TITLE.match(text) or (found and not text):
            break
        if text and not found and not NOTE.match(text):
            break
        if text:
            found.append(text)
    return found


def _rows(table: Element) -> list[list[str]]:
    made: list[list[str]] = []
    for row in _inner(table, "tr"):
        line: list[str] = []
        properties = next(children(row, "trPr"), None)
        if properties is not None:
            line += [""] * _number(next(children(properties, "gridBefore"), None))
        for cell in _inner(row, "tc"):
            line += _cell(cell)
        made.append(line)
    return made


def _inner(element: Element, name: str) -> list[Element]:
    found: list[Element] = []
    for child in element:
        if local(child.tag) == name:
            found.append(child)
        elif local(child.tag) in {"sdt", "sdtContent", "ins", "customXml"}:
            found += _inner(child, name)
    return found


def _cell(cell: Element) -> list[str]:
    properties = next(children(cell, "tcPr"), None)
    span, below = 1, False
    if properties is not None:
        span = max(1, min(1000, _number(next(children(properties, "gridSpan"), None), 1)))
        merged = next(children(properties, "vMerge"), None)
        below = merged is not None and attribute(merged, "val") != "restart"
    if below:
        return [BELOW] * span
    text = "\n".join(t for p in cell.iter() if local(p.tag) == "p" and (t := _text(p)))
    if not text.strip() and any(local(e.tag) in _PICTURES for e in cell.iter()):
        text = PICTURE
    return [clean(text), *[RIGHT] * (span - 1)]


def _number(element: Element | None, default: int = 0) -> int:
    value = attribute(element, "val")
    return int(value) if value is not None and value.isdigit() else default


def _text(element: Element) -> str:
    """The text of a paragraph: runs, tabs, line ends, formulas; deleted text is left out."""
    parts: list[str] = []
    stack = [element]
    while stack:
        node = stack.pop()
        name = local(node.tag)
        if name in _SKIPPED:
            continue
        if name == "t":
            parts.append(node.text or "")
        elif name in {"br", "cr"}:
            parts.append("\n")
        elif name == "tab":
            parts.append(" ")
        elif name == "noBreakHyphen":
            parts.append("-")
        stack += reversed([c for c in node if not (node is not element and local(c.tag) == "tbl")])
    return "".join(parts)
