"""The elements of Word tables as strings, and the file that python-docx makes of them.

Element order follows the schema (ECMA-376 transitional), which Word checks.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any
from xml.sax.saxutils import escape, quoteattr

import docx
from docx.enum.section import WD_ORIENT
from docx.opc.constants import RELATIONSHIP_TYPE as RT
from docx.opc.oxml import serialize_part_xml
from docx.oxml import parse_xml
from docx.oxml.ns import nsdecls, qn
from docx.shared import Twips

EAST_ASIAN = "宋体"
LATIN = "Times New Roman"
LEADING = 1.3  # of the type size; at least that, so that rows with and without Chinese are equally tall
_EMU = 635  # English Metric Units in a twip
_STAMP = (1980, 1, 1, 0, 0, 0)  # the earliest time a zip can hold
_CREATED = datetime(2000, 1, 1)


def tag(name: str, /, *children: str, **attributes: str | int) -> str:
    """An element of the ``w:`` namespace with attributes of the same.

    Examples
    --------
    >>> tag("tcW", w=900, type="dxa"), tag("p", tag("r"))
    ('<w:tcW w:w="900" w:type="dxa"/>', '<w:p><w:r/></w:p>')
    """
    head = _head(name, tuple((k, str(v)) for k, v in attributes.items()))
    inner = "".join(children)
    return f"<{head}>{inner}</w:{name}>" if inner else f"<{head}/>"


@lru_cache(maxsize=10_000)
def _head(name: str, attributes: tuple[tuple[str, str], ...]) -> str:
    """A table repeats the same few properties in every cell."""
    return f"w:{name}" + "".join(f" w:{k}={quoteattr(v)}" for k, v in attributes)


@dataclass(frozen=True, slots=True)
class Face:
    """Type of a run: points, fonts and cut.

    Attributes
    ----------
    size : float
        Points.
    """

    size: float
    latin: str = LATIN
    east_asian: str = EAST_ASIAN
    bold: bool = False
    italic: bool = False
    raised: bool = False


def run_properties(face: Face) -> str:
    """``w:rPr``: a Chinese font with one for Latin letters, languages set."""
    return tag(
        "rPr",
        tag("rFonts", ascii=face.latin, hAnsi=face.latin, eastAsia=face.east_asian, cs=face.latin),
        tag("b") + tag("bCs") if face.bold else "",
        tag("i") + tag("iCs") if face.italic else "",
        tag("sz", val=round(2 * face.size)),
        tag("szCs", val=round(2 * face.size)),
        tag("vertAlign", val="superscript") if face.raised else "",
        tag("lang", val="en-US", eastAsia="zh-CN"),
    )


def run(words: str, face: Face) -> str:
    """``w:r`` with its text; empty when there is none."""
    if not words:
        return ""
    text = f'<w:t xml:space="preserve">{escape(words)}</w:t>'
    return tag("r", run_properties(face), text)


def paragraph(
    *runs: str,
    face: Face,
    align: str = "center",
    keep_next: bool = False,
    spacing: tuple[int, int] = (0, 0),
    indent: tuple[int, int] = (0, 0),
    decimal_tab: int | None = None,
    level: int | None = None,
) -> str:
    """``w:p`` with lines of ``LEADING``.

    Parameters
    ----------
    *runs : str
        ``w:r`` elements.
    face : Face
        Of the paragraph mark, which sets the height of an empty line.
    align : {"left", "center", "both"}
    keep_next : bool
        On the same page as what follows.
    spacing : (int, int)
        Before and after, in twips.
    indent : (int, int)
        Left and right, in twips.
    decimal_tab : int, optional
        In a table cell, numbers line up with their decimal point here, without a tab character.
    level : int, optional
        Place in the outline (0 is the highest), for the navigation pane.
    """
    properties = tag(
        "pPr",
        tag("keepNext") if keep_next else "",
        tag("keepLines"),
        tag("tabs", tag("tab", val="decimal", pos=decimal_tab)) if decimal_tab is not None else "",
        tag("snapToGrid", val=0),
        tag("spacing", before=spacing[0], after=spacing[1], line=round(LEADING * 20 * face.size), lineRule="atLeast"),
        tag("ind", left=indent[0], right=indent[1], firstLine=0),
        tag("jc", val=align),
        tag("outlineLvl", val=level) if level is not None else "",
        run_properties(face),
    )
    return tag("p", properties, *runs)


@dataclass(frozen=True, slots=True)
class Section:
    """Block elements that share a page size.

    Attributes
    ----------
    page : (int, int)
        Width and height in twips.
    """

    body: str
    page: tuple[int, int]


def picture(number: int, alt: str, width: int, height: int) -> str:
    """A run that shows picture ``number`` of the package, inline; lengths in twips."""
    x, y, name = width * _EMU, height * _EMU, f"picture{number}"
    graphic = (
        '<a:graphic><a:graphicData uri="http://schemas.openxmlformats.org/drawingml/2006/picture"><pic:pic>'
        f'<pic:nvPicPr><pic:cNvPr id="{number}" name="{name}"/><pic:cNvPicPr/></pic:nvPicPr>'
        f'<pic:blipFill><a:blip r:embed="{name}"/><a:stretch><a:fillRect/></a:stretch></pic:blipFill>'
        f'<pic:spPr><a:xfrm><a:off x="0" y="0"/><a:ext cx="{x}" cy="{y}"/></a:xfrm>'
        '<a:prstGeom prst="rect"><a:avLst/></a:prstGeom></pic:spPr></pic:pic></a:graphicData></a:graphic>'
    )
    inline = (
        f'<wp:inline distT="0" distB="0" distL="0" distR="0"><wp:extent cx="{x}" cy="{y}"/>'
        f'<wp:docPr id="{number}" name="{name}" descr={quoteattr(alt)}/>{graphic}</wp:inline>'
    )
    return tag("r", tag("drawing", inline))


def package(sections: Sequence[Section], title: str, *, margin: int, pictures: Sequence[bytes] = ()) -> bytes:
    """A docx file, whose bytes depend on its content only.

    Parameters
    ----------
    sections : sequence of Section
        In order; each begins a page and ends with a paragraph.
    title : str
        Core property.
    margin : int
        On all sides, in twips.
    pictures : sequence of bytes
        PNG files, shown by :func:`picture` from 1.
    """
    document = docx.Document()
    _lean_parts(document)
    _lean_styles(document)
    *earlier, last = sections
    _page(document.sections[0], last.page, margin)
    body = "".join(_closed(s, margin) for s in earlier) + last.body
    for number, image in enumerate(pictures, 1):
        part = document.part.package.get_or_add_image_part(io.BytesIO(image))
        document.part.load_rel(RT.IMAGE, part, f"picture{number}")
    document.part._element = _filled(document.element, body)
    core = document.core_properties
    core.title, core.author, core.comments = title[:255], "", ""
    core.created = core.modified = _CREATED
    written = io.BytesIO()
    document.save(written)
    return without_clock(written.getvalue())


def _filled(element: Any, body: str) -> Any:
    """A document with block elements before the properties of its last section.

    The text is put together and read once: moving elements from one tree to another takes time that grows with the
    square of their number.
    """
    before, close, properties = serialize_part_xml(element).decode().rpartition("<w:sectPr")
    names = " ".join(d for d in nsdecls("wp", "a", "pic", "r").split() if f"{d.split('=')[0]}=" not in before)
    before = before.replace("<w:body>", f"<w:body {names}>", 1)
    return parse_xml((before + body + close + properties).encode())


def _closed(part: Section, margin: int) -> str:
    """A section before the last one: its last paragraph says where it ends."""
    sides = dict.fromkeys(("top", "right", "bottom", "left"), margin)
    page = part.page
    size = tag("pgSz", w=page[0], h=page[1], **({"orient": "landscape"} if page[0] > page[1] else {}))
    end = tag("sectPr", size, tag("pgMar", **sides, header=720, footer=720, gutter=0))
    before, close, after = part.body.rpartition("</w:pPr>")
    return before + end + close + after


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
    defaults.append(parse_xml(run_properties(Face(10.5)).replace("<w:rPr>", f"<w:rPr {nsdecls('w')}>", 1)))


def _page(section: Any, page: tuple[int, int], margin: int) -> None:
    section.page_width, section.page_height = Twips(page[0]), Twips(page[1])
    section.orientation = WD_ORIENT.LANDSCAPE if page[0] > page[1] else WD_ORIENT.PORTRAIT
    for side in ("left_margin", "right_margin", "top_margin", "bottom_margin"):
        setattr(section, side, Twips(margin))


def without_clock(written: bytes) -> bytes:
    """The same zip without clock, user or platform in it."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(written)) as made, zipfile.ZipFile(out, "w") as archive:
        for name in made.namelist():
            info = zipfile.ZipInfo(name, _STAMP)
            info.create_system = 0
            info.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(info, made.read(name))
    return out.getvalue()
