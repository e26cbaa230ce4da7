r"""Tables as LaTeX: a ``table`` to ``\input``, with the rules of booktabs.

Decimals line up (dcolumn) and stars hang outside to the right. A table wider than the line is scaled down to it. The
comment on top lists the packages; :func:`document` makes a file of its own, :func:`compile_pdf` typesets it.
"""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from dataclasses import replace
from pathlib import Path
from unicodedata import east_asian_width

from econloom.core.estimate import Unavailable
from econloom.core.labels import Lang
from econloom.core.table import Cell, Row, Style, Table
from econloom.report import format as fmt
from econloom.report.render.layout import by_rows, em_width, fit, parts

PACKAGES = ("booktabs", "dcolumn", "graphicx")
LANDSCAPE = "pdflscape"
_STARS = r"\providecommand{\econloomstars}[1]{\rlap{\textsuperscript{#1}}}"
_SIZES = ((10.0, r"\normalsize"), (9.0, r"\small"), (8.0, r"\footnotesize"), (0.0, r"\scriptsize"))
_ESCAPES = {
    "\\": r"\textbackslash{}", "&": r"\&", "%": r"\%", "_": r"\_", "#": r"\#", "$": r"\$", "{": r"\{", "}": r"\}",
    "~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "<": r"\textless{}", ">": r"\textgreater{}",
    "|": r"\textbar{}", "−": "$-$", "∞": r"$\infty$", "²": r"$^{2}$", "³": r"$^{3}$", "×": r"$\times$", "√": r"$\surd$",
    "–": "--", "—": "---", "\u2009": r"\,", "≥": r"$\geq$", "≤": r"$\leq$", "β": r"$\beta$", "ε": r"$\varepsilon$",
    '"': r"{\char`\"}", "·": r"$\cdot$", "\u00a0": "~", "[": "{[}", "]": "{]}", "*": "{*}",
}  # fmt: skip
_TIMEOUT = 120
_TALLEST = {False: 50, True: 34}  # rows of a float, on an upright and on a landscape page
_STUB, _HEAD = 16.0, 8.0  # em from which labels of rows and columns are broken into lines


def escape(words: str) -> str:
    r"""A text in which nothing is a command.

    Examples
    --------
    >>> print(escape("R&D_a 50% #1 {x} ~^$\\"))
    R\&D\_a 50\% \#1 \{x\} \textasciitilde{}\textasciicircum{}\$\textbackslash{}
    """
    return "".join(_ESCAPES.get(c, c) for c in words)


def render(table: Table, lang: Lang = "zh") -> str:
    r"""The table as a float for a manuscript; one for each part of a table that is too large for a page.

    The caption leaves the number to LaTeX; its label is ``tab:`` and the table's id.

    Examples
    --------
    >>> from econloom.core.labels import Label
    >>> header = ((Cell.text(Label.same("A & B")),),)
    >>> table = Table("t1", Label(), header, (Row(Label.same("tbi"), (Cell("estimate", -1.5, 2, stars=1),)),))
    >>> [line for line in render(table, "en").splitlines() if line.startswith("tbi")]
    ['tbi & -1.50\\econloomstars{*} \\\\']
    """
    wide = parts(table, lang)
    landscape = any(not fit(part, lang).upright for part in wide)
    made = [piece for part in wide for piece in by_rows(part, _TALLEST[landscape])]
    packages = ", ".join((*PACKAGES, LANDSCAPE) if landscape else PACKAGES)
    engine = "; compile with XeLaTeX and ctex" if _is_chinese(table, lang) else ""
    lines = [f"% packages: {packages}{engine}", _STARS]
    for part in made:
        lines += [r"\begin{landscape}"] if landscape else []
        lines += _float(part, lang)
        lines += [r"\end{landscape}"] if landscape else []
    return "\n".join(lines) + "\n"


def document(body: str, lang: Lang = "zh") -> str:
    """A whole LaTeX file around one or more rendered tables: ctex for Chinese, article for English."""
    wide = lang == "zh" or any(east_asian_width(c) in "WF" for c in body)
    kind = r"\documentclass[UTF8,a4paper,zihao=-4]{ctexart}" if wide else r"\documentclass[a4paper]{article}"
    packages = "".join(f"\\usepackage{{{name}}}\n" for name in (*PACKAGES, LANDSCAPE))
    margins = "\\usepackage[margin=2cm]{geometry}\n\\pagestyle{empty}\n"
    return f"{kind}\n{packages}{margins}\\begin{{document}}\n{body}\\end{{document}}\n"


def compile_pdf(source: str) -> bytes | Unavailable:
    """The typeset file, where a TeX engine is installed: XeLaTeX for Chinese, else also pdfLaTeX.

    Parameters
    ----------
    source : str
        As :func:`document` makes it.

    Returns
    -------
    bytes or Unavailable
        A PDF, or why there is none: no engine, or the first error of the log.
    """
    engines = ("xelatex",) if "ctexart" in source else ("pdflatex", "xelatex")
    engine = next(filter(None, map(shutil.which, engines)), None)
    if engine is None:
        return Unavailable(f"no TeX engine is installed ({' or '.join(engines)})")
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "table.tex").write_text(source, encoding="utf-8")
        command = [engine, "-interaction=nonstopmode", "-halt-on-error", "-no-shell-escape", "table.tex"]
        try:
            done = subprocess.run(command, cwd=folder, capture_output=True, timeout=_TIMEOUT, check=False)
        except subprocess.TimeoutExpired:
            return Unavailable(f"{Path(engine).name} took longer than {_TIMEOUT} s")
        pdf = Path(folder) / "table.pdf"
        if done.returncode == 0 and pdf.is_file():
            return pdf.read_bytes()
        log = done.stdout.decode("utf-8", "replace").splitlines()
        return Unavailable(next((line for line in log if line.startswith("!")), "the engine failed without a word"))


def _is_chinese(table: Table, lang: Lang) -> bool:
    words = [
        table.title.text(lang),
        *(row.label.text(lang) for row in table.rows),
        *(n.text(lang) for n in table.notes),
    ]
    return any(east_asian_width(c) in "WF" for w in words for c in w)


def _float(table: Table, lang: Lang) -> list[str]:
    layout = fit(table, lang)
    size = next(command for least, command in _SIZES if layout.size >= least)
    notes = [rf"\par {escape(fmt.clean(n.text(lang)))}" for n in table.notes]
    below = (
        [
            r"\par\smallskip",
            r"\begin{minipage}{\ifdim\wd0>\linewidth\linewidth\else\wd0\fi}\footnotesize",
            *notes,
            r"\end{minipage}",
        ]
        if notes
        else []
    )
    return [
        r"\begin{table}[htbp]",
        r"\centering\setlength{\belowcaptionskip}{6pt}",
        *_caption(table, lang),
        size,
        # a box that is measured first: wider than the line, it is scaled to it
        r"\setbox0=\hbox{%",
        *_tabular(table, lang),
        r"}\leavevmode\ifdim\wd0>\linewidth\resizebox{\linewidth}{!}{\copy0}\else\copy0\fi",
        *below,
        r"\end{table}",
    ]


def _caption(table: Table, lang: Lang) -> list[str]:
    title = escape(fmt.clean(table.title.text(lang)))
    if table.continued:
        words = "续表" if lang == "zh" else "continued"
        return [r"\addtocounter{table}{-1}", rf"\caption[]{{{title} ({words})}}"]
    return [rf"\caption{{{title}}}\label{{tab:{''.join(c for c in table.id if c.isalnum() or c in '-.')}}}"]


def _tabular(table: Table, lang: Lang) -> list[str]:
    columns = "".join(_column(table, n, lang) for n in range(table.n_columns))
    style = table.style
    lines = [rf"\begin{{tabular}}{{{_stub(table, lang)}{columns}}}", _rule("top", style.outer_rule)]
    for level, header in enumerate(table.header, 1):
        last = level == len(table.header)
        stub = fmt.clean(table.stub.text(lang)) if last else ""
        lines.append(" & ".join([escape(stub), *(_heading(c, lang, style) for c in header)]) + r" \\")
        lines += [] if last else _spanners(header, style)
    for number, row in enumerate(table.rows):
        if number == 0 or row.rule_above:
            lines.append(_rule("mid", style.inner_rule))
        lines.append(_row(table, row, lang))
    return [*lines, _rule("bottom", style.outer_rule), r"\end{tabular}%"]


def _stub(table: Table, lang: Lang) -> str:
    """The label column, with lines where a label is long."""
    widest = max(em_width(fmt.clean(row.label.text(lang))) for row in table.rows)
    return rf">{{\raggedright\arraybackslash}}p{{{_STUB:g}em}}" if widest > _STUB else "l"


def _glyphs(style: Style) -> fmt.Glyphs:
    """Of plain text, with the style's own separator of thousands."""
    return replace(fmt.plain(style), thousands=style.thousands)


def _rule(which: str, points: float) -> str:
    return rf"\{which}rule[{points:g}pt]"


def _column(table: Table, n: int, lang: Lang) -> str:
    """A column that lines up at the decimal point, with room for the longest number on either side."""
    glyphs = _glyphs(table.style)
    cells = [row.cells[n] for row in table.rows]
    halves = [fmt.parts(c, lang, glyphs)[0].partition(".") for c in cells if fmt.has_point(c, lang, glyphs)]
    if not halves:
        return "c"
    left, right = max(len(a) for a, _, _ in halves), max(len(b) for _, _, b in halves)
    return rf"D{{.}}{{.}}{{{left}.{right}}}"


def _heading(cell: Cell, lang: Lang, style: Style) -> str:
    words = fmt.text(cell, lang)
    if not words and cell.span == 1:
        return ""
    inner = _slanted(words, cell.italic, style)
    if em_width(words) > _HEAD * cell.span:
        inner = rf"\parbox[b]{{{_HEAD * cell.span:g}em}}{{\centering {inner}}}"
    return rf"\multicolumn{{{cell.span}}}{{c}}{{{inner}}}"


def _slanted(words: str, italic: bool, style: Style) -> str:
    return rf"\textit{{{escape(words)}}}" if fmt.slanted(words, italic, style) else escape(words)


def _spanners(header: tuple[Cell, ...], style: Style) -> list[str]:
    rules, column = [], 2
    for cell in header:
        if cell.rule:
            rules.append(rf"\cmidrule[{style.spanner_rule:g}pt](lr){{{column}-{column + cell.span - 1}}}")
        column += cell.span
    return ["".join(rules)] if rules else []


def _row(table: Table, row: Row, lang: Lang) -> str:
    label = fmt.clean(row.label.text(lang))
    if row.role == "panel":
        align = "c" if table.style.panel_align == "center" else "l"
        return rf"\multicolumn{{{table.n_columns + 1}}}{{{align}}}{{{escape(label)}}} \\"
    glyphs = _glyphs(table.style)
    cells = [_cell(c, lang, glyphs) for c in row.cells]
    return " & ".join([_slanted(label, row.italic, table.style), *cells]) + r" \\"


def _cell(cell: Cell, lang: Lang, glyphs: fmt.Glyphs) -> str:
    """A number for the decimal column, which sets it as mathematics; anything else centred as text."""
    if fmt.has_point(cell, lang, glyphs):
        words, stars = fmt.parts(cell, lang, glyphs)
        return _maths(words, aligned=True) + _raised(stars)
    pieces = fmt.pieces(cell, lang, glyphs)
    if not pieces:
        return ""
    if cell.kind in ("text", "mark"):
        inner = escape("".join(words for words, _ in pieces))
    else:
        inner = "".join(_raised(w) if raised else f"${_maths(w)}$" if w.strip() else "~" for w, raised in pieces)
    return rf"\multicolumn{{1}}{{c}}{{{inner}}}"


def _raised(stars: str) -> str:
    return rf"\econloomstars{{{stars}}}" if stars else ""


def _maths(number: str, aligned: bool = False) -> str:
    """A printed number in mathematics: a minus that is a sign, commas without a space after them."""
    number = number.replace("inf", r"\infty ").replace(", ", ",\\ ")
    mantissa, e, exponent = number.partition("e")
    if e:
        return f"{_maths(mantissa, aligned)}\\mathrm{{e}}{_maths(exponent)}"
    signs = {"{": r"\{", "}": r"\}"} | ({} if aligned else {"-": "{-}"})
    return (
        "".join(signs.get(c, c) for c in number).replace(",", "{,}").replace("{,}\\ ", ",\\ ").replace("\u2009", r"\,")
    )
