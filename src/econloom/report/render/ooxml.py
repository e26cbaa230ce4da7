"""The parts of a Word file: elements as strings, and a package whose bytes depend on its content only.

Written by hand because a template would bring hundreds of foreign styles, fonts and an author. Element order follows
the schema (ECMA-376 transitional), which Word checks.
"""

from __future__ import annotations

import io
import zipfile
from xml.sax.saxutils import escape, quoteattr

EAST_ASIAN = "宋体"
LATIN = "Times New Roman"
LEADING = 1.3  # of the type size; at least that, so that rows with and without Chinese are equally tall
_STAMP = (1980, 1, 1, 0, 0, 0)  # the earliest time a zip can hold
_CREATED = "2000-01-01T00:00:00Z"
_HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_W = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_MIME = "application/vnd.openxmlformats-officedocument.wordprocessingml"
_WORD_PARTS = {"document": "document.main", "styles": "styles", "settings": "settings"}


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
    """A docx file.

    Parameters
    ----------
    body : str
        Block elements.
    title : str
        Core property.
    width, height, margin : int
        Of the page, in twips.
    """
    page = {"w": width, "h": height} | ({"orient": "landscape"} if width > height else {})
    section = tag(
        "sectPr",
        tag("pgSz", **page),
        tag("pgMar", top=margin, right=margin, bottom=margin, left=margin, header=720, footer=720, gutter=0),
    )
    parts = {
        "[Content_Types].xml": _content_types(),
        "_rels/.rels": _package_relations(),
        "docProps/core.xml": _core_properties(title),
        "word/_rels/document.xml.rels": _document_relations(),
        "word/document.xml": _root("document", tag("body", body, section)),
        "word/settings.xml": _root("settings", _SETTINGS),
        "word/styles.xml": _root("styles", _STYLES),
    }
    return _zipped({name: (_HEAD + text).encode("utf-8") for name, text in parts.items()})


def _zipped(parts: dict[str, bytes]) -> bytes:
    """A zip file without clock, user or platform in it."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, content in parts.items():
            info = zipfile.ZipInfo(name, _STAMP)
            info.create_system = 0
            info.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(info, content)
    return out.getvalue()


def _root(name: str, inner: str) -> str:
    return f'<w:{name} xmlns:w="{_W}">{inner}</w:{name}>'


def _content_types() -> str:
    kinds = "".join(
        f'<Override PartName="/word/{part}.xml" ContentType="{_MIME}.{kind}+xml"/>'
        for part, kind in _WORD_PARTS.items()
    )
    return (
        f'<Types xmlns="{_PACKAGE}/content-types">'
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        '<Default Extension="xml" ContentType="application/xml"/>'
        f"{kinds}"
        '<Override PartName="/docProps/core.xml" '
        'ContentType="application/vnd.openxmlformats-package.core-properties+xml"/></Types>'
    )


def _relations(targets: dict[str, str]) -> str:
    items = "".join(
        f'<Relationship Id="rId{n}" Type="{kind}" Target="{target}"/>'
        for n, (target, kind) in enumerate(targets.items(), 1)
    )
    return f'<Relationships xmlns="{_PACKAGE}/relationships">{items}</Relationships>'


def _package_relations() -> str:
    core = f"{_PACKAGE}/relationships/metadata/core-properties"
    return _relations({"word/document.xml": f"{_OFFICE}/officeDocument", "docProps/core.xml": core})


def _document_relations() -> str:
    return _relations({"styles.xml": f"{_OFFICE}/styles", "settings.xml": f"{_OFFICE}/settings"})


def _core_properties(title: str) -> str:
    stamps = "".join(
        f'<dcterms:{k} xsi:type="dcterms:W3CDTF">{_CREATED}</dcterms:{k}>' for k in ("created", "modified")
    )
    return (
        f'<cp:coreProperties xmlns:cp="{_PACKAGE}/metadata/core-properties" '
        'xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:dcterms="http://purl.org/dc/terms/" '
        'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">'
        f"<dc:title>{escape(title)}</dc:title>{stamps}</cp:coreProperties>"
    )


# compatibility mode 15 is Word 2013 and later; below it Word opens the file in "compatibility mode"
_SETTINGS = (
    tag("defaultTabStop", val=420)
    + tag("characterSpacingControl", val="doNotCompress")
    + tag(
        "compat",
        tag("compatSetting", name="compatibilityMode", uri="http://schemas.microsoft.com/office/word", val=15),
    )
    + tag("themeFontLang", val="en-US", eastAsia="zh-CN")
    + tag("decimalSymbol", val=".")
    + tag("listSeparator", val=",")
)
_STYLES = (
    tag("docDefaults", tag("rPrDefault", run_properties(10.5)), tag("pPrDefault"))
    + tag("style", tag("name", val="Normal"), tag("qFormat"), type="paragraph", default=1, styleId="Normal")
    + tag(
        "style",
        tag("name", val="Normal Table"),
        tag("uiPriority", val=99),
        tag("semiHidden"),
        tag("unhideWhenUsed"),
        tag("tblPr", tag("tblInd", w=0, type="dxa")),
        type="table",
        default=1,
        styleId="TableNormal",
    )
)
