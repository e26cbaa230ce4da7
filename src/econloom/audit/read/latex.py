"""Tables of LaTeX files. Nothing is executed: commands of the table are known by name, others lose their backslash."""

from __future__ import annotations

import re
from pathlib import Path

from econloom.audit.read.grid import MOST_CELLS, Box, Grid, clean, spread
from econloom.audit.read.text import read_text
from econloom.core.errors import DataError

MOST_TABLES = 2000
_BEGIN = re.compile(r"\\begin\{(tabular\*?|tabularx|tabulary|longtable|supertabular|array)\}")
_ARGUMENTS = {"tabular*": 2, "tabularx": 2, "tabulary": 2}
_COMMENT = re.compile(r"(?<!\\)((?:\\\\)*)%.*")
_END_ROW = re.compile(r"\\\\\*?(?:\s*\[[^\]\n]{0,20}\])?|\\tabularnewline\b|\\cr\b")
_RULES = re.compile(
    r"\\(?:toprule|midrule|bottomrule|specialrule|addlinespace|morecmidrules|hline|noalign|cmidrule|cline|hhline|Xhline|"
    r"rowcolor|endhead|endfoot|endlastfoot|endfirsthead|centering|footnotesize|scriptsize|small|tiny|normalsize)\b"
    r"(?:\[[^\]\n]{0,40}\]|\([a-z]{1,4}\)|\{[^{}\n]{0,40}\})*"
)
_DROPPED = re.compile(
    r"\\(?:label|ref|cite[a-z]*|hspace\*?|vspace\*?|phantom|hphantom|vphantom|footnotemark|rule|setlength|"
    r"includegraphics|"
    r"fontsize|color|cellcolor|tnote)(?:\[[^\]\n]{0,80}\])?(?:\{[^{}]{0,200}\})+"
)
_SPACES = re.compile(
    r"\\(?:quad|qquad|enspace|thinspace|hfill|par|newline|linebreak|item|indent|noindent)\b|\\[,;:! ]|~"
)
_NAMES = {"textbackslash": "\\", "ast": "*", "star": "*", "times": "×", "pm": "±", "chi": "χ", "beta": "β",
          "checkmark": "√", "textminus": "-", "cdot": "·", "ldots": "…", "dots": "…",
          "textasteriskcentered": "*", "dagger": "†", "leq": "≤",
          "geq": "≥", "textless": "<", "textgreater": ">", "ell": "l"}  # fmt: skip
_SIGNS = {"{": "(", "}": ")", "(": "", ")": "", "-": ""}
_COMMAND = re.compile(r"\\([A-Za-z]+)\*?(?:\[[^\]\n]{0,60}\])?\s?")
_ESCAPED = re.compile(r"\\([%&_#$\{\}()\-/'\"^`~.=])")


def read(path: Path) -> list[Grid]:
    """The tables of a file.

    Raises
    ------
    DataError
        A table that never ends, braces that do not close, or more tables than any paper has.
    """
    text = _COMMENT.sub(r"\1", read_text(path))
    grids: list[Grid] = []
    position = 0
    while (begin := _BEGIN.search(text, position)) is not None:
        if len(grids) >= MOST_TABLES:
            raise DataError(f"{path}: more than {MOST_TABLES:,} tables")
        body, end = _environment(text, begin, str(path))
        if begin[1] != "array":
            following = _BEGIN.search(text, end)
            stop = following.start() if following else len(text)
            grids.append(_grid(body, text[position : begin.start()], text[end:stop], str(path)))
        position = end
    return grids


def _environment(text: str, begin: re.Match[str], path: str) -> tuple[str, int]:
    """The body of an environment, and where it ends."""
    name, depth = begin[1], 1
    start = begin.end()
    optional = re.compile(r"\s*\[[^\]\n]*\]").match(text, start)
    start = optional.end() if optional else start
    for _ in range(_ARGUMENTS.get(name, 1)):
        start = _skip_group(text, start)
    for match in re.compile(r"\\(begin|end)\{" + re.escape(name) + r"\}").finditer(text, start):
        depth += 1 if match[1] == "begin" else -1
        if depth == 0:
            return text[start : match.start()], match.end()
    line = text.count("\n", 0, begin.start()) + 1
    raise DataError(f"{path}:{line}: a {name} that never ends", hint=f"\\end{{{name}}} is missing")


def _skip_group(text: str, start: int) -> int:
    """The place after a group in braces, or ``start`` where there is none."""
    while start < len(text) and text[start].isspace():
        start += 1
    if start >= len(text) or text[start] != "{":
        return start
    depth = 0
    for n in range(start, len(text)):
        if text[n] == "{" and text[n - 1] != "\\":
            depth += 1
        elif text[n] == "}" and text[n - 1] != "\\":
            depth -= 1
            if depth == 0:
                return n + 1
    return len(text)


def _grid(body: str, before: str, after: str, path: str) -> Grid:
    before = before[-3000:]
    float_start = max(
        before.rfind(r"\begin{table"), before.rfind(r"\end{table"), before.rfind(r"\begin{threeparttable")
    )
    title = _caption(before[max(0, before.rfind(r"\begin{table")) :]) if float_start >= 0 else ""
    end = re.search(
        r"\\end\{(?:table\*?|sidewaystable\*?|document)\}|\\section|\\subsection|\\begin\{table\*?\}", after
    )
    below = after[: end.start()] if end else after[:3000]
    title = title or _caption(body) or _caption(below)
    notes = [n for n in (clean(_plain(p)).replace("\n", " ") for p in _notes(below)) if n]
    rows = _rows(_head_once(_without_captions(body)), path)
    return Grid(spread(rows), title, tuple(notes), path)


def _caption(text: str) -> str:
    match = re.search(r"\\caption\*?(?:\[[^\]]*\])?(?=\{)", text)
    if match is None:
        return ""
    return clean(_plain(text[match.end() : _skip_group(text, match.end())])).replace("\n", " ")


def _without_captions(text: str) -> str:
    for _ in range(5):
        match = re.search(r"\\caption\*?(?:\[[^\]]*\])?(?=\{)", text)
        if match is None:
            break
        end = _skip_group(text, match.end())
        text = text[: match.start()] + re.sub(r"^\s*(?:\\label\{[^}]*\})?\s*\\\\", "", text[end:])
    return text


def _head_once(body: str) -> str:
    """A long table's head, without the copies for later pages."""
    ends = [body.rfind(x) for x in (r"\endhead", r"\endfoot", r"\endlastfoot", r"\endfirsthead")]
    if max(ends) < 0:
        return body
    first = body.find(r"\endfirsthead")
    head = body[: first if first >= 0 else body.find(r"\endhead")] if r"\endhead" in body or first >= 0 else ""
    return head + "\n" + re.sub(r"^\\end\w+", "", body[max(ends) :])


def _notes(text: str) -> list[str]:
    text = re.sub(r"\\(?:begin|end)\{[^}]*\}(?:\[[^\]\n]*\])?(?:\{(?:[^{}]|\{[^{}]*\})*\})?", "\n\n", text)
    text = _without_captions(text)
    return re.split(r"\n\s*\n|\\\\|\\par\b|\\item\b", text)


def _rows(body: str, path: str) -> list[list[Box]]:
    made: list[list[Box]] = []
    cells = 0
    for line in _split(_END_ROW, body):
        line = _RULES.sub(" ", line)
        if not line.strip():
            continue
        row = [_box(c) for c in _split(re.compile(r"(?<!\\)&"), line)]
        cells += sum(b.columns for b in row)
        if cells > MOST_CELLS:
            raise DataError(f"{path}: more than {MOST_CELLS:,} cells, too many for printed tables")
        made.append(row)
    return made


def _split(pattern: re.Pattern[str], text: str) -> list[str]:
    """Text parted where a pattern stands outside of braces."""
    parts: list[str] = []
    depth = last = seen = 0
    for match in pattern.finditer(text):
        between = text[seen : match.start()]
        depth += between.count("{") - between.count("}") - between.count(r"\{") + between.count(r"\}")
        seen = match.start()
        if depth <= 0:
            parts.append(text[last : match.start()])
            last = seen = match.end()
            depth = 0
    return [*parts, text[last:]]


def _box(cell: str) -> Box:
    """A cell, with the columns and rows that it covers."""
    columns = rows = 1
    text = cell.strip()
    for _ in range(3):
        match = re.match(r"\{?\s*\\(multicolumn|multirow)\*?(?:\[[^\]]*\])?\s*\{\s*(\d{1,4})\s*\}", text)
        if match is None:
            break
        number = int(match[2])
        start = _skip_group(text, match.end())  # column type, or width
        if re.match(r"\s*\[", text[start:]):
            start += text[start:].index("]") + 1 if "]" in text[start:] else 0
        end = _skip_group(text, start)
        columns, rows = (number, rows) if match[1] == "multicolumn" else (columns, number)
        text = text[start:end].strip()
        text = text[1:-1].strip() if text.startswith("{") and text.endswith("}") else text
    return Box(clean(_plain(text)), max(1, columns), max(1, rows))


def _plain(text: str) -> str:
    """Words without mark-up; line ends of stacked cells are kept."""
    text = re.sub(r"\\(?:shortstack|makecell|thead|specialcell|begin\{tabular\})(?:\[[^\]\n]*\])?", "", text)
    text = _RULES.sub(" ", text)
    text = re.sub(r"\s*\n\s*", " ", text)
    text = _END_ROW.sub("\n", text)
    text = _DROPPED.sub("", text)
    text = _SPACES.sub(" ", re.sub(r"(?<=\d)\\,(?=\d{3}(?!\d))", ",", text))
    text = _ESCAPED.sub(lambda m: _SIGNS.get(m[1], m[1]), text)
    text = _COMMAND.sub(lambda m: _NAMES.get(m[1], ""), text)
    text = re.sub(r"\$\^\{?(\**)\}?\$", r"\1", text).replace("^", "").replace("$", "")
    return re.sub(r"[{}]", "", text).replace("---", "—").replace("--", "–")
