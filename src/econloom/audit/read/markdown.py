"""Pipe tables of Markdown files."""

from __future__ import annotations

import html
import re
from pathlib import Path

from econloom.audit.read.grid import Grid, clean, squared
from econloom.audit.read.layout import column_number
from econloom.audit.read.text import read_text

_RULE = re.compile(r"\s*\|?\s*:?-{2,}:?\s*(?:\|\s*:?-{2,}:?\s*)*\|?\s*")
_ESCAPED = re.compile(r"\\([\\`*_{}\[\]()#+\-.!|<>~^$])")
_TAGS = re.compile(r"</?(?:sup|sub|b|i|em|strong|span|small)\b[^>]*>", re.IGNORECASE)
_BREAK = re.compile(r"<br\s*/?>", re.IGNORECASE)
_BAR = "\ue000"
_STAR = "\ue001"


def read(path: Path) -> list[Grid]:
    """The pipe tables of a file; the line above is the title, the lines below up to the next heading the note.

    Raises
    ------
    DataError
        The file cannot be read.
    """
    lines = read_text(path).splitlines()
    grids: list[Grid] = []
    n = 0
    while n < len(lines):
        if "|" in lines[n] and n + 1 < len(lines) and "|" in lines[n + 1] and _RULE.fullmatch(lines[n + 1]):
            end = n + 2
            while end < len(lines) and "|" in lines[end]:
                end += 1
            rows = [_cells(lines[k]) for k in (n, *range(n + 2, end))]
            grids.append(Grid(squared(_stacked(rows)), _above(lines, n), tuple(_below(lines, end)), str(path)))
            n = end
        else:
            n += 1
    return grids


def _cells(line: str) -> list[str]:
    line = line.strip().replace("\\|", _BAR)
    line = line.removeprefix("|").removesuffix("|")
    return [_plain(c) for c in line.split("|")]


def _plain(text: str) -> str:
    """A cell without mark-up: emphasis goes, escaped stars stay."""
    text = _BREAK.sub("\n", text.replace("\\*", _STAR).replace(_BAR, "|"))
    text = _TAGS.sub("", text)
    text = re.sub(r"(?<![\w*])(\*\*|__)(?=\S)(.+?)(?<=\S)\1(?![\w*])", r"\2", text)
    text = _ESCAPED.sub(r"\1", text).replace(_STAR, "*")
    return clean(html.unescape(text))


def _stacked(rows: list[list[str]]) -> list[list[str]]:
    """A head with line ends is as many header rows, as it stands for; the columns' numbers share one of them."""
    parts = [c.split("\n") if c else [] for c in rows[0]]
    places = [next((n for n, x in enumerate(p) if column_number(x) is not None), len(p)) for p in parts]
    above = [p[:n] for p, n in zip(parts, places, strict=True)]
    below = [p[n:] for p, n in zip(parts, places, strict=True)]
    high, low = (max(map(len, x), default=0) for x in (above, below))
    lines = [[""] * (high - len(a)) + a + b + [""] * (low - len(b)) for a, b in zip(above, below, strict=True)]
    return [*([x[k] for x in lines] for k in range(high + low)), *rows[1:]]


def _above(lines: list[str], n: int) -> str:
    held = [x for x in lines[max(0, n - 2) : n] if x.strip()]
    return _plain(held[-1].strip().lstrip("#")) if held else ""


def _below(lines: list[str], end: int) -> list[str]:
    found: list[str] = []
    for line in lines[end : end + 12]:
        if line.lstrip().startswith("#") or "|" in line:
            break
        if not line.strip() and found:
            break
        if line.strip():
            found.append(_plain(line.strip()))
    return found
