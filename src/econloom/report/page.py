"""All tables and figures of a study in one file: a Word document, or a web page that needs no network."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from econloom.core.errors import UsageError
from econloom.core.labels import Label, Lang
from econloom.core.table import Table
from econloom.report import explained, figures
from econloom.report import format as fmt
from econloom.report.render import docx, html
from econloom.report.render.layout import A4, MARGIN
from econloom.report.render.ooxml import Face, Section, package, paragraph, picture, run

_FIGURE = re.compile(r"f(?:ig(?:ure)?)?[_-]?(\d+[a-z]?)", re.IGNORECASE)
_NUMBERED = re.compile(r"(图|[Ff]igure|[Ff]ig\.)\s*[A-Z]?\d")
_INCH = 1440  # twips
_TALLEST = 9 * _INCH
_HEAD = re.compile(r"^.*?(?=<svg)", re.DOTALL)
_METADATA = re.compile(r"<metadata>.*?</metadata>", re.DOTALL)
_NAMESPACE = re.compile(r'\sxmlns(:\w+)?="[^"]*"')
_ID = re.compile(r'(\bid="|url\(#|href="#)')
_LANGUAGES = {"zh": "zh-CN", "en": "en"}
_CONTENTS = Label(zh="目录", en="Contents")
STYLE = """<style>
body { margin: 2em auto; padding: 0 1.5em; max-width: 70em; line-height: 1.5; color: #111; background: #fff;
  font-family: "Times New Roman", "Liberation Serif", "SimSun", "宋体", "Songti SC", "Noto Serif CJK SC", serif; }
h1 { font-size: 1.5em; text-align: center; }
nav ol { list-style: none; padding: 0; }
nav a { color: inherit; }
section { margin: 2.5em 0; overflow-x: auto; }
figure { margin: 0; text-align: center; }
figure svg { max-width: 100%; height: auto; }
figcaption { margin-top: 0.4em; font-weight: bold; }
figcaption + p, .notes { font-size: 0.85em; text-align: left; }
@media print { section { break-inside: avoid; } }
</style>"""


@dataclass(frozen=True, slots=True)
class FigureFile:
    """A figure that has been drawn.

    Attributes
    ----------
    id : str
        ``f1`` is captioned 图1 / Figure 1.
    title : Label
    svg : bytes
        For the web page.
    png : bytes
        For Word, of ``dpi`` dots an inch.
    notes : tuple of Label
    """

    id: str
    title: Label
    svg: bytes
    png: bytes
    notes: tuple[Label, ...] = ()
    dpi: int = 200

    @classmethod
    def of(cls, figure: figures.Figure, lang: Lang) -> FigureFile:
        """Draw a figure for both."""
        svg, png = (figures.draw(figure, kind, lang) for kind in ("svg", "png"))
        return cls(figure.id, figure.title, svg, png, figure.notes)


Block = Table | FigureFile


def caption(block: Block, lang: Lang) -> str:
    """The title with its number: 表3　…, 图1　….

    Examples
    --------
    >>> caption(FigureFile("f1", Label(zh="趋势", en="Trend"), b"", b""), "en")
    'Figure 1. Trend'
    """
    if isinstance(block, Table):
        return fmt.caption(block, lang)
    title, match = fmt.clean(block.title.text(lang)), _FIGURE.fullmatch(block.id)
    if match is None or _NUMBERED.match(title):
        return title
    shape = "图{}\u3000{}" if lang == "zh" else "Figure {}. {}"
    return shape.format(match[1], title) if title else shape.format(match[1], "").rstrip(" .\u3000")


def report_docx(title: Label, blocks: Sequence[Block], lang: Lang = "zh") -> bytes:
    """All tables and figures as one Word file, titles in the navigation pane; the same blocks give the same bytes.

    Parameters
    ----------
    title : Label
        Of the study.
    blocks : sequence of Table or FigureFile
        In order; a wide table gets a landscape page.
    lang : {"zh", "en"}

    Raises
    ------
    UsageError
        There is nothing to report.

    Examples
    --------
    >>> from econloom.core.spec import TableSpec
    >>> from econloom.report.tables import values
    >>> table = values({("2007", "CHN"): 0.2426}, TableSpec("t1", Label.same("TBI")))
    >>> report_docx(Label.same("A study"), [table])[:2]
    b'PK'
    """
    _some(blocks)
    words = fmt.clean(title.text(lang))
    head = paragraph(run(words, Face(15, bold=True)), face=Face(15), keep_next=True, spacing=(0, 240), level=0)
    sections = [Section(head if words else "", A4)]
    pictures: list[bytes] = []
    for block in blocks:
        if isinstance(block, FigureFile):
            pictures.append(block.png)
            made = Section(_figure(block, len(pictures), lang), A4)
        else:
            made = docx.section(block, lang, level=1)
        if sections[-1].page == made.page:
            between = paragraph(face=Face(10.5)) if len(sections) > 1 or block is not blocks[0] else ""
            sections[-1] = Section(sections[-1].body + between + made.body, made.page)
        else:
            sections.append(made)
    return package([s for s in sections if s.body], words, margin=MARGIN, pictures=pictures)


def _figure(block: FigureFile, number: int, lang: Lang) -> str:
    """A picture, its caption below, its notes."""
    words = caption(block, lang)
    width, height = _fitted(block)
    bold, small = Face(10.5, bold=True), Face(9)
    body = paragraph(picture(number, words, width, height), face=Face(10.5), keep_next=True, spacing=(120, 60))
    body += paragraph(run(words, bold), face=Face(10.5), spacing=(0, 60), level=1)
    return body + "".join(paragraph(run(fmt.clean(n.text(lang)), small), face=small, align="both") for n in block.notes)


def _fitted(block: FigureFile) -> tuple[int, int]:
    """Width and height in twips: those of the file, or as large as the page allows."""
    if block.png[:8] != b"\x89PNG\r\n\x1a\n":
        raise UsageError(f"figure {block.id}: its png is no PNG file")
    pixels = (int.from_bytes(block.png[a : a + 4], "big") for a in (16, 20))
    width, height = (n * _INCH / block.dpi for n in pixels)
    scale = min(1.0, (A4[0] - 2 * MARGIN) / width, _TALLEST / height)
    return int(width * scale), int(height * scale)


def report_html(
    title: Label, blocks: Sequence[Block], lang: Lang = "zh", said: explained.Explained | None = None
) -> str:
    """All tables and figures as one web page: contents on top, figures inline, nothing to be fetched.

    Parameters
    ----------
    title : Label
    blocks : sequence of Table or FigureFile
        Cells of tables keep their ``data-source``.
    lang : {"zh", "en"}
    said : Explained, optional
        What a panel says of a cell when it is clicked.

    Raises
    ------
    UsageError
        There is nothing to report, or two blocks have one id.

    Examples
    --------
    >>> from econloom.core.spec import TableSpec
    >>> from econloom.report.tables import values
    >>> table = values({("2007", "CHN"): 0.2426}, TableSpec("t1", Label.same("TBI")))
    >>> page = report_html(Label.same("A study"), [table], "en")
    >>> '<a href="#t1">Table 1. TBI</a>' in page, 'data-source="t1.CHN.2007"' in page
    (True, True)
    """
    _some(blocks)
    ids = [block.id for block in blocks]
    if len(set(ids)) < len(ids):
        twice = next(i for i in ids if ids.count(i) > 1)
        raise UsageError(f"report: two tables or figures are called {twice!r}")
    words = escape(fmt.clean(title.text(lang)))
    links = "\n".join(
        f'<li><a href="#{escape(b.id)}">{escape(caption(b, lang)) or escape(b.id)}</a></li>' for b in blocks
    )
    parts = [
        "<!DOCTYPE html>",
        f'<html lang="{_LANGUAGES[lang]}">',
        f'<head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>{words}</title>',
        f"{STYLE}\n{html.STYLE}{explained.STYLE if said else ''}</head>",
        f"<body><h1>{words}</h1>{said.help(lang) if said else ''}",
        f'<nav aria-label="{_CONTENTS.text(lang)}"><ol>\n{links}\n</ol></nav>',
        *(f'<section id="{escape(b.id)}">\n{_block(b, lang)}</section>' for b in blocks),
        *([said.html(lang)] if said else []),
        "</body></html>",
    ]
    return "\n".join(parts) + "\n"


def _block(block: Block, lang: Lang) -> str:
    if isinstance(block, Table):
        return html.fragment(block, lang)
    words = escape(caption(block, lang))
    notes = "".join(f"<p>{escape(fmt.clean(n.text(lang)))}</p>" for n in block.notes)
    drawn = inline_svg(block.svg.decode("utf-8"), block.id, caption(block, lang))
    return f"<figure>\n{drawn}\n<figcaption>{words}</figcaption>{notes}</figure>\n"


def inline_svg(svg: str, name: str, alt: str = "") -> str:
    """An SVG file as an element of a page: no prolog, metadata or namespaces, and ids that begin with ``name``.

    Examples
    --------
    >>> inline_svg('<?xml version="1.0"?><svg xmlns="x" width="1"><use href="#a"/><g id="a"/></svg>', "f1", "A & B")
    '<svg role="img" aria-label="A &amp; B" width="1"><use href="#f1-a"/><g id="f1-a"/></svg>'
    """
    drawn = _NAMESPACE.sub("", _METADATA.sub("", _HEAD.sub("", svg))).replace("xlink:href", "href").strip()
    drawn = _ID.sub(lambda m: f"{m[0]}{name}-", drawn)
    return drawn.replace("<svg", f'<svg role="img" aria-label="{escape(alt)}"', 1)


def _some(blocks: Sequence[Block]) -> None:
    if not blocks:
        raise UsageError("report: empty (it needs a table or a figure)")
