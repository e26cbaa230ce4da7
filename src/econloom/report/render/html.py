"""Tables as an HTML fragment: three-line look from a style block that touches nothing outside it.

Cells carry their address as ``data-source``. Colours are the reader's own, so that dark themes work.
"""

from __future__ import annotations

from html import escape

from econloom.core.labels import Lang
from econloom.core.table import Cell, Row, Style, Table
from econloom.report import format as fmt

WIDE = 8  # columns from which type and white are smaller
# the class is doubled to outweigh the striped, right-aligned tables of notebooks
STYLE = """<style>
.econloom-table.econloom-table { display: table; margin: 1em auto; max-width: 100%; font-size: 0.95em; line-height: 1.4;
  font-family: "Times New Roman", "Liberation Serif", "SimSun", "宋体", "Songti SC", "Noto Serif CJK SC", serif; }
.econloom-table.econloom-table table { width: 100%; margin: 0; border: 0; border-collapse: collapse;
  border-top: var(--outer, 1.5pt) solid currentColor; border-bottom: var(--outer, 1.5pt) solid currentColor;
  font: inherit; table-layout: auto; }
.econloom-table.econloom-table tr { background: none; border: 0; }
.econloom-table.econloom-table tr > * { padding: 0.1em 1em; border: 0; background: none; color: inherit;
  font-weight: normal; text-align: center; vertical-align: middle; font-variant-numeric: tabular-nums lining-nums; }
.econloom-table.econloom-table tr > .stub { text-align: left; padding-left: 0.3em; max-width: 22em; }
.econloom-table.econloom-table.wide { font-size: 0.8em; }
.econloom-table.econloom-table.wide tr > * { padding: 0.1em 0.55em; }
.econloom-table.econloom-table.wide tr > .stub { min-width: 9em; }
.econloom-table.econloom-table tr > .rule { border-top: var(--inner, 0.75pt) solid currentColor; }
.econloom-table.econloom-table tr > .spanner { padding-bottom: 0; }
.econloom-table.econloom-table tr > .spanner span { display: block; padding-bottom: 0.15em;
  border-bottom: var(--spanner, 0.5pt) solid currentColor; }
.econloom-table.econloom-table tr.panel > th { text-align: left; padding-left: 0.3em; }
.econloom-table.econloom-table tr.panel > .middle { text-align: center; }
.econloom-table.econloom-table tr > .number { white-space: nowrap; }
.econloom-table.econloom-table tr.estimate > * { padding-bottom: 0; }
.econloom-table.econloom-table tr.paren > * { padding-top: 0; line-height: 1.2; }
.econloom-table.econloom-table sup { display: inline-block; width: 0; overflow: visible; line-height: 0;
  font-size: 0.7em; }
.econloom-table.econloom-table .title { margin: 0 0 0.3em; padding: 0; font-weight: bold; text-align: center; }
.econloom-table.econloom-table .notes { display: table-caption; caption-side: bottom; margin: 0; padding: 0.3em 0 0;
  font-size: 0.85em; text-align: left; }
.econloom-table.econloom-table .notes p { margin: 0; }
</style>"""
_LANGUAGES = {"zh": "zh-CN", "en": "en"}


def render(table: Table, lang: Lang = "zh") -> str:
    """The table as an HTML fragment with its own style block.

    Examples
    --------
    >>> from econloom.core.labels import Label
    >>> from econloom.core.table import Row
    >>> header = ((Cell.text(Label.same("A & B")),),)
    >>> row = Row(Label.same("tbi"), (Cell("estimate", -1.5, 2, stars=1, source="t3.c1.tbi"),))
    >>> '<td class="number rule" data-source="t3.c1.tbi">−1.50<sup>*</sup></td>' in render(
    ...     Table("t3", Label(), header, (row,)), "en"
    ... )
    True
    """
    return f"{STYLE}\n{fragment(table, lang)}"


def fragment(table: Table, lang: Lang = "zh") -> str:
    """The table without the style block, for a page that has it once."""
    title = escape(fmt.caption(table, lang))
    kind = "econloom-table wide" if table.n_columns > WIDE else "econloom-table"
    opening = f'<div class="{kind}" lang="{_LANGUAGES[lang]}" data-table="{escape(fmt.clean(table.id))}"'
    lines = [f"{opening}{_rule_widths(table.style)}>"]
    if title:
        lines.append(f'<div class="title">{title}</div>')
    lines += ["<table>", "<thead>", *_head(table, lang), "</thead>", "<tbody>"]
    lines += [_row(table, row, lang, rule=row.rule_above or n == 0) for n, row in enumerate(table.rows)]
    lines += ["</tbody>", "</table>"]
    if table.notes:
        notes = "".join(f"<p>{escape(fmt.clean(n.text(lang)))}</p>" for n in table.notes)
        lines.append(f'<div class="notes">{notes}</div>')
    return "\n".join([*lines, "</div>"]) + "\n"


def _rule_widths(style: Style) -> str:
    """The style's rules where they differ from the default ones."""
    usual = Style()
    widths = {"outer": "outer_rule", "inner": "inner_rule", "spanner": "spanner_rule"}
    changed = {n: getattr(style, f) for n, f in widths.items() if getattr(style, f) != getattr(usual, f)}
    return f' style="{"; ".join(f"--{n}: {v:g}pt" for n, v in changed.items())}"' if changed else ""


def _head(table: Table, lang: Lang) -> list[str]:
    depth = len(table.header)
    tall = f' rowspan="{depth}"' if depth > 1 else ""
    stub = f'<th class="stub" scope="col"{tall}>{escape(fmt.clean(table.stub.text(lang)))}</th>'
    rows = [
        "".join(_heading(c, lang, table.style, last=level == depth) for c in header)
        for level, header in enumerate(table.header, 1)
    ]
    return [f"<tr>{stub if n == 0 else ''}{cells}</tr>" for n, cells in enumerate(rows)]


def _heading(cell: Cell, lang: Lang, style: Style, last: bool) -> str:
    ruled = cell.rule and not last
    scope = f' scope="colgroup" colspan="{cell.span}"' if cell.span > 1 else ' scope="col"'
    words = _words(fmt.text(cell, lang), cell.italic, style)
    return f'<th class="spanner"{scope}><span>{words}</span></th>' if ruled else f"<th{scope}>{words}</th>"


def _words(words: str, italic: bool, style: Style) -> str:
    return f"<i>{escape(words)}</i>" if words and fmt.slanted(words, italic, style) else escape(words)


def _row(table: Table, row: Row, lang: Lang, rule: bool) -> str:
    line = " rule" if rule else ""
    label = _words(fmt.clean(row.label.text(lang)), row.italic, table.style)
    if row.role == "panel":
        middle = " middle" if table.style.panel_align == "center" else ""
        across = f'colspan="{table.n_columns + 1}" scope="rowgroup"'
        return f'<tr class="panel"><th class="label{line}{middle}" {across}>{label}</th></tr>'
    glyphs = fmt.typeset(table.style)
    stub = f'<th class="stub{line}" scope="row">{label}</th>'
    return f'<tr class="{row.role}">{stub}{"".join(_cell(c, lang, line, glyphs) for c in row.cells)}</tr>'


def _cell(cell: Cell, lang: Lang, line: str, glyphs: fmt.Glyphs) -> str:
    kind = "text" if cell.kind in ("text", "mark", "empty") else "number"
    source = f' data-source="{escape(fmt.clean(cell.source))}"' if cell.source else ""
    pieces = fmt.pieces(cell, lang, glyphs)
    words = "".join(f"<sup>{escape(w)}</sup>" if raised else escape(w) for w, raised in pieces)
    return f'<td class="{kind}{line}"{source}>{words}</td>'
