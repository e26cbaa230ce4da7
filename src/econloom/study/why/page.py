"""Explanations of the cells of a report, as its web page holds them."""

from __future__ import annotations

import platform
from collections.abc import Sequence

from econloom import __version__
from econloom.core.labels import Lang
from econloom.core.table import Table
from econloom.report.explained import Explained, Lines
from econloom.study.cache import code
from econloom.study.why.answer import explained
from econloom.study.why.sections import Section
from econloom.study.why.told import Record, Told


def of_page(whole: Record, tables: Sequence[Table], lang: Lang) -> Explained:
    """What the panel of a report says of every cell.

    Parameters
    ----------
    whole : dict
        Content of ``why.json``.
    tables : sequence of Table
    lang : {"zh", "en"}
    """
    told = Told({"econloom": __version__, "python": platform.python_version(), "code": code.current().to_dict()}, whole)
    made = Explained()
    shown = {t.id for t in tables}
    for address, cell in whole["cells"].items():
        if cell["table"] in shown:
            found = explained(told, address)
            made.add(address, [_section(s, lang) for s in found.sections])
    return made


def _section(section: Section, lang: Lang) -> tuple[str, Lines]:
    lines = tuple((x.label.text(lang), x.text.text(lang), x.at, x.depth) for x in section.lines)
    return section.title.text(lang), lines
