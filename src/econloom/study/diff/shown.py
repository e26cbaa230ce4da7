"""A comparison of two runs for a person: text, csv, and tables for the renderers."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from econloom.core.errors import OutputError, listed
from econloom.core.files import replace_file
from econloom.core.labels import Label, Lang
from econloom.core.table import Cell, Row, Table
from econloom.report import page
from econloom.report.render import render
from econloom.study.diff.cells import VERDICTS, Change, Verdict

if TYPE_CHECKING:
    from econloom.study.diff.comparing import RunDiff

HEADS: dict[Verdict, Label] = {
    "sign": Label(zh="符号反转", en="Signs that flipped"),
    "stars": Label(zh="显著性星号改变", en="Stars that changed"),
    "changed": Label(zh="数值改变", en="Numbers that changed"),
    "went": Label(zh="消失的数字", en="Numbers that went"),
    "came": Label(zh="新增的数字", en="Numbers that came"),
    "noise": Label(zh="舍入误差（相对1e-10以内）", en="Noise (within 1e-10 relative)"),
}
_KINDS = {
    "parameter": Label(zh="参数", en="parameter"),
    "settings": Label(zh="设定", en="settings"),
    "rows": Label(zh="样本", en="rows"),
    "data": Label(zh="数据", en="data"),
    "seed": Label(zh="种子", en="seed"),
    "code": Label(zh="程序", en="code"),
    "libraries": Label(zh="程序库", en="libraries"),
    "unknown": Label(zh="未知", en="unknown"),
}
_BEFORE, _AFTER = Label(zh="之前", en="Before"), Label(zh="之后", en="After")
_CAUSES = (_BEFORE, _AFTER, Label(zh="位置与细节", en="Place, detail"), Label(zh="影响的数字", en="Numbers"))
_CHANGES = (
    _BEFORE,
    _AFTER,
    Label(zh="差", en="Difference"),
    Label(zh="相对", en="Relative"),
    Label(zh="标准误", en="Std. errors"),
    Label(zh="原因", en="Cause"),
)
_MOST = 15
_LANGUAGES: tuple[Lang, ...] = ("zh", "en")
_FIRST = {"estimate", "std_error", "p_value", "stars", "value"}
_COLUMNS = ("verdict", "version", "table", "column", "term", "what", "before", "after", "absolute", "relative",
            "in_errors", "now", "causes")  # fmt: skip


def lines(found: RunDiff, lang: Lang = "en", most: int = _MOST) -> Iterator[str]:
    """Text: counts and causes, then the numbers, what flipped first."""
    zh = lang == "zh"
    yield f"{found.study}: {found.first} -> {found.second}"
    counts = found.counts
    said = [f"{counts[v]} {_short(v, lang)}" for v in VERDICTS if counts[v]]
    yield (f"相同{counts['equal']}个" if zh else f"{counts['equal']} equal") + "".join(f", {s}" for s in said)
    if found.same:
        yield "没有数字不同" if zh else "no number differs"
    if found.causes:
        yield "\n原因" if zh else "\nCauses"
        for name, cause in found.causes.items():
            n = found.cells(name)
            count = f"{n}个数" if zh else f"{n} numbers"
            yield f"  [{name}] {_KINDS[cause.kind].text(lang)}: {cause.label.text(lang)}  ({count})"
            if cause.before is not None or cause.after is not None:
                yield f"       - {cause.before if cause.before is not None else '-'}"
                yield f"       + {cause.after if cause.after is not None else '-'}"
            yield from (f"       {line}" for line in (*cause.places, *(d.text(lang) for d in cause.detail)))
    if found.rows:
        yield "\n样本行" if zh else "\nRows of samples"
        yield from (f"  {moved.label.text(lang)}" for moved in found.rows[:most])
        if len(found.rows) > most:
            yield f"  …另有{len(found.rows) - most}行" if zh else f"  … and {len(found.rows) - most} more lines"
    for verdict, groups in _grouped(found.changes).items():
        yield f"\n{HEADS[verdict].text(lang)}"
        said = list(_versions_together(groups, lang))
        yield from (f"  {line}" for line in said[:most])
        if len(said) > most:
            rest = len(said) - most
            yield (
                f"  …另有{rest}行（--json或--out给出全部）"
                if zh
                else f"  … and {rest} more lines (--json or --out has all)"
            )
    if found.notes or found.renamed:
        yield ""
    yield from (f"{'更名' if zh else 'renamed'}: {a} -> {b}" for a, b in found.renamed.items())
    yield from found.notes


def _short(verdict: Verdict, lang: Lang) -> str:
    en = {"sign": "flipped", "stars": "stars", "changed": "changed", "went": "gone", "came": "new", "noise": "noise"}
    zh = {"sign": "反号", "stars": "星号", "changed": "改变", "went": "消失", "came": "新增", "noise": "舍入"}
    return (zh if lang == "zh" else en)[verdict]


def _grouped(changes: Sequence[Change]) -> dict[Verdict, list[list[Change]]]:
    """What is said of one coefficient or one column together, under its worst verdict; the default version first."""
    held: dict[tuple[str, str, str, str], list[Change]] = {}
    for c in changes:
        if c.verdict != "noise":
            held.setdefault((c.version, c.table, c.column, c.term), []).append(c)
    order = {v: n for n, v in enumerate(VERDICTS)}
    groups = sorted(held.values(), key=lambda g: (g[0].version != "default", g[0].what not in _FIRST))
    found: dict[Verdict, list[list[Change]]] = {}
    for verdict in VERDICTS[:-1]:
        chosen = [g for g in groups if min((c.verdict for c in g), key=order.__getitem__) == verdict]
        if chosen:
            found[verdict] = chosen
    return found


def _versions_together(groups: Sequence[Sequence[Change]], lang: Lang) -> Iterator[str]:
    """The lines of some groups; where versions say the same, the others are named behind the first."""
    held: dict[str, list[str]] = {}
    lines: dict[str, str] = {}
    for group in groups:
        key = _group([replace(c, version="default") for c in group])
        lines.setdefault(key, _group(group))
        held.setdefault(key, []).append(group[0].version)
    for key, versions in held.items():
        also = "，另见版本 " if lang == "zh" else "; also in "
        yield lines[key] + (also + listed(versions[1:]) if len(versions) > 1 else "")


def _group(changes: Sequence[Change]) -> str:
    """One line: the address, each number before and after, the size of the first difference, the causes."""
    first = changes[0]
    parts = [f"{c.what} {_text(c.before)} -> {_text(c.after)}{_size(c)}" for c in changes]
    where = f" (now {first.now})" if first.now else ""
    causes = ", ".join(dict.fromkeys(i for c in changes for i in c.causes))
    return f"{first.address}{where}: {'; '.join(parts)}" + (f"  [{causes}]" if causes else "")


def _size(change: Change) -> str:
    by = []
    if change.absolute is not None and change.what in {"estimate", "value", "n", "n_clusters"}:
        by.append(f"{change.absolute:+.4g}")
    if change.relative is not None:
        by.append(f"{100 * change.relative:+.3g}%")
    if change.in_errors is not None:
        by.append(f"{change.in_errors:+.3g} s.e.")
    return f" ({', '.join(by)})" if by else ""


def _text(value: object) -> str:
    if value is None:
        return "-"
    return f"{value:.7g}" if isinstance(value, float) else (str(value) or "none")


def to_csv(found: RunDiff) -> str:
    """``diff.csv``: one row a number that is not the same to the bit."""
    target = io.StringIO()
    writer = csv.DictWriter(target, _COLUMNS, lineterminator="\n")
    writer.writeheader()
    for change in found.changes:
        writer.writerow({**change.to_dict(), "causes": " ".join(change.causes)})
    return target.getvalue()


def tables(found: RunDiff) -> list[Table]:
    """The causes, then the numbers by verdict, for the renderers; noise is counted, not listed."""
    made = [_causes(found)] if found.causes else []
    for verdict in VERDICTS[:-1]:
        chosen = [c for c in found.changes if c.verdict == verdict]
        if chosen:
            made.append(_changes(verdict, chosen))
    return made or [_nothing(found)]


def _cell(text: str) -> Cell:
    return Cell.text(Label.same(text))


def _head(*labels: Label) -> tuple[tuple[Cell, ...]]:
    return (tuple(Cell.text(label) for label in labels),)


def _causes(found: RunDiff) -> Table:
    rows = []
    for name, cause in found.causes.items():
        kind = _KINDS[cause.kind]
        stub = Label(zh=f"[{name}] {kind.zh}：{cause.label.text('zh')}", en=f"[{name}] {kind.en}: {cause.name}")
        where = Label(**{k: "; ".join((*cause.places, *(d.text(k) for d in cause.detail))) for k in _LANGUAGES})
        cells = (
            _cell(cause.before or ""),
            _cell(cause.after or ""),
            Cell.text(where),
            Cell("count", float(found.cells(name))),
        )
        rows.append(Row(stub, cells))
    head = _head(*_CAUSES)
    counts = ", ".join(f"{v} {n}" for v, n in found.counts.items())
    return Table("causes", Label(zh="原因", en="Causes"), head, tuple(rows), (Label.same(counts),))


def _changes(verdict: Verdict, chosen: Sequence[Change]) -> Table:
    rows = []
    for c in chosen:
        stub = Label.same(f"{c.address} {c.what}" + (f" ({c.now})" if c.now else ""))
        relative = "" if c.relative is None else f"{100 * c.relative:+.3g}%"
        errors = "" if c.in_errors is None else f"{c.in_errors:+.3g}"
        absolute = "" if c.absolute is None else f"{c.absolute:+.6g}"
        cells = (_text(c.before), _text(c.after), absolute, relative, errors, ", ".join(c.causes))
        rows.append(Row(stub, tuple(_cell(t) for t in cells)))
    head = _head(*_CHANGES)
    return Table(verdict, HEADS[verdict], head, tuple(rows))


def _nothing(found: RunDiff) -> Table:
    label = Label(zh="没有数字不同", en="No number differs")
    row = Row(Label(zh="相同", en="Equal"), (Cell("count", float(found.equal)),))
    return Table("same", label, _head(Label(zh="数字", en="Numbers")), (row,))


def write(found: RunDiff, folder: Path, lang: Lang = "zh") -> tuple[Path, ...]:
    """Write ``diff.csv``, ``diff.html``, ``diff.docx`` and ``diff.md`` to a folder.

    Raises
    ------
    OutputError
    """
    title = Label(zh=f"两次运行的差异：{found.study}", en=f"Differences of two runs: {found.study}")
    made = tables(found)
    contents = {
        "diff.csv": to_csv(found).encode(),
        "diff.html": page.report_html(title, made, lang).encode(),
        "diff.docx": page.report_docx(title, made, lang),
        "diff.md": b"\n".join(render(t, "md", lang) for t in made),
    }
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, content in contents.items():
            replace_file(folder / name, content)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise OutputError(f"{folder}: cannot be written: {reason}") from error
    return tuple(folder / name for name in contents)
