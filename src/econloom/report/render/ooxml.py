"""The elements of Word tables as strings, and the file that python-docx makes of them.

Element order follows the schema (ECMA-376 transitional), which Word checks.
"""

from __future__ import annotations

import io
import zipfile
from datetime import datetime
from typing import Any
from xml.sax.saxutils import escape, quoteattr

import docx
from docx.enum.section import WD_ORIENT
from docx.opc.constants import RELATIONSHIP_TYPE as RT
from docx.oxml import parse_xml
from docx.oxml.ns import nsdecls, qn
from docx.shared import Twips

EAST_ASIAN = "宋体"
LATIN = "Times New Roman"
LEADING = 1.3  # of the type size; at least that, so that rows with and without Chinese are equally tall
_STAMP = (1980, 1, 1, 0, 0, 0)  # the earliest time a zip can hold
_CREATED = datetime(2000, 1, 1)


def tag(name: str, /, *children: str, **attributes: str | int) -> str:
    """An element of the ``w:`` namespace with attributes of the same.

    Examples
    --------
    >>> tag("tcW", w=900, type="dxa"), tag("p", tag("r"))
    ('<w:tcW w:w="900" w:type="dxa"/>', '<w:p><w:r/></w:p>')
    """
    head = f"w:{name}" + "".join(f" w:{k}={quoteattr(str(v))}" for k, v in attributes.items())
    inner = "".join(children)
    return f"<{head}>{inner}</w:{name}>" if inner else f"<{head}/>"


def run_properties(size: float, *, bold: bool = False, raised: bool = False) -> str:
    """``w:rPr``: 宋体 with Times New Roman, ``size`` in points, languages set."""
    return tag(
        "rPr",
        tag("rFonts", ascii=LATIN, hAnsi=LATIN, eastAsia=EAST_ASIAN, cs=LATIN),
        tag("b") + tag("bCs") if bold else "",
        tag("sz", val=round(2 * size)),
        tag("szCs", val=round(2 * size)),
        tag("vertAlign", val="superscript") if raised else "",
        tag("lang", val="en-US", eastAsia="zh-CN"),
    )


def run(words: str, size: float, *, bold: bool = False, raised: bool = False) -> str:
    """``w:r`` with its text; empty when there is none."""
    if not words:
        return ""
    text = f'<w:t xml:space="preserve">{escape(words)}</w:t>'
    return tag("r", run_properties(size, bold=bold, raised=raised), text)


def paragraph(
    *runs: str,
    size: float,
    align: str = "center",
    keep_next: bool = False,
    spacing: tuple[int, int] = (0, 0),
    indent: tuple[int, int] = (0, 0),
    decimal_tab: int | None = None,
) -> str:
    """``w:p`` with lines of ``LEADING``.

    Parameters
    ----------
    *runs : str
        ``w:r`` elements.
    size : float
        Points of the paragraph mark, which sets the height of an empty line.
    align : {"left", "center", "both"}
    keep_next : bool
        On the same page as what follows.
    spacing : (int, int)
        Before and after, in twips.
    indent : (int, int)
        Left and right, in twips.
    decimal_tab : int, optional
        In a table cell, numbers line up with their decimal point here, without a tab character.
    """
    properties = tag(
        "pPr",
        tag("keepNext") if keep_next else "",
        tag("keepLines"),
        tag("tabs", tag("tab", val="decimal", pos=decimal_tab)) if decimal_tab is not None else "",
        tag("snapToGrid", val=0),
        tag("spacing", before=spacing[0], after=spacing[1], line=round(LEADING * 20 * size), lineRule="atLeast"),
        tag("ind", left=indent[0], right=indent[1], firstLine=0),
        tag("jc", val=align),
        run_properties(size),
    )
    return tag("p", properties, *runs)


def package(body: str, title: str, *, width: int, height: int, margin: int) -> bytes:
    """A docx file, whose bytes depend on its content only.

    Parameters
    ----------
    body : str
        Block elements.
    title : str
        Core property.
    width, height, margin : int
        Of the page, in twips.
    """
    document = docx.Document()
    _lean_parts(document)
    _lean_styles(document)
    _page(document.sections[0], width, height, margin)
    wrapped = parse_xml(f"<w:body {nsdecls('w')}>{body}</w:body>")
    for block in list(wrapped):
        document.element.body.insert_element_before(block, "w:sectPr")
    core = document.core_properties
    core.title, core.author, core.comments = title[:255], "", ""
    core.created = core.modified = _CREATED
    written = io.BytesIO()
    document.save(written)
    return _without_clock(written)


def _lean_parts(document: Any) -> None:
    """Of the library's template keep styles and settings; drop its thumbnail, theme, numbering and effects."""
    for relations, kept in (
        (document.part.rels, (RT.STYLES, RT.SETTINGS)),
        (document.part.package.rels, (RT.OFFICE_DOCUMENT, RT.CORE_PROPERTIES)),
    ):
        for key in [k for k, relation in relations.items() if relation.reltype not in kept]:
            del relations[key]
    for mode in document.settings.element.iter(qn("w:compatSetting")):
        if mode.get(qn("w:name")) == "compatibilityMode":
            mode.set(qn("w:val"), "15")  # Word 2013 and later; below it Word opens in "compatibility mode"
    for language in document.settings.element.iter(qn("w:themeFontLang")):
        language.set(qn("w:eastAsia"), "zh-CN")  # the template says Japanese


def _lean_styles(document: Any) -> None:
    """Keep the defaults of the library's template (Normal and the plain table), drop its other styles and fonts."""
    styles = document.styles.element
    for style in styles.findall(qn("w:style")):
        if style.get(qn("w:default")) != "1":
            styles.remove(style)
    normal = document.styles["Normal"].element
    for old in normal.findall(qn("w:rPr")):
        normal.remove(old)
    defaults = styles.find(qn("w:docDefaults")).find(qn("w:rPrDefault"))
    for old in list(defaults):
        defaults.remove(old)
    defaults.append(parse_xml(run_properties(10.5).replace("<w:rPr>", f"<w:rPr {nsdecls('w')}>", 1)))


def _page(section: Any, width: int, height: int, margin: int) -> None:
    section.page_width, section.page_height = Twips(width), Twips(height)
    section.orientation = WD_ORIENT.LANDSCAPE if width > height else WD_ORIENT.PORTRAIT
    for side in ("left_margin", "right_margin", "top_margin", "bottom_margin"):
        setattr(section, side, Twips(margin))


def _without_clock(written: io.BytesIO) -> bytes:
    """The same zip without clock, user or platform in it."""
    out = io.BytesIO()
    with zipfile.ZipFile(written) as made, zipfile.ZipFile(out, "w") as archive:
        for name in made.namelist():
            info = zipfile.ZipInfo(name, _STAMP)
            info.create_system = 0
            info.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(info, made.read(name))
    return out.getvalue()
