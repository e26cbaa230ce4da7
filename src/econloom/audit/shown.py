"""An audit as tables of a report: counts, findings by class, what was not read."""

from __future__ import annotations

from econloom.audit.auditing import Audit
from econloom.audit.checks.registry import LABELS
from econloom.audit.findings import LEVEL_LABELS, LEVELS, Finding, Level
from econloom.core.labels import Label
from econloom.core.table import Cell, Row, Table

_TITLES: dict[Level, Label] = {
    "certain": Label(zh="确定不可能的数字", en="What cannot be"),
    "conditional": Label(zh="在所述条件下不可能的数字", en="What cannot be under a condition"),
    "suspicious": Label(zh="可疑之处", en="What ought to be looked at"),
}
_NOTE = Label(
    zh="每个印刷数字代表其末位半个单位以内的区间；区间内没有任何取值相容时才列出。没有发现不等于没有错误。",
    en="Every printed number stands for half a unit of its last digit to either side; a finding is made only if "
    "no value inside is consistent. No finding does not mean that a table is right.",
)


def tables(done: Audit) -> list[Table]:
    """Tables for :func:`econloom.report.page.report_html` and ``report_docx``.

    Examples
    --------
    >>> [t.id for t in tables(Audit((), ()))]
    ['summary']
    """
    found = [_summary(done)]
    found += [_findings(level, held) for level in LEVELS if (held := [f for f in done.findings if f.level == level])]
    if done.known:
        found.append(_listing("known", Label(zh="基线文件已接受", en="Accepted by the baseline"), list(done.known)))
    if done.unread or done.repaired:
        found.append(_unread(done))
    return found


def _text(words: Label | str) -> Cell:
    return Cell.text(words if isinstance(words, Label) else Label.same(words))


def _summary(done: Audit) -> Table:
    header = (tuple(_text(x) for x in (Label(zh="数字", en="Numbers"), *LEVEL_LABELS.values())),)
    rows = []
    for table in done.tables:
        counts = [sum(f.level == level and f.table == table.name for f in done.findings) for level in LEVELS]
        rows.append(Row(Label.same(table.name), tuple(Cell("count", float(n)) for n in (table.numbers, *counts))))
    totals = (done.numbers, *(done.count(level) for level in LEVELS))
    rows.append(Row(Label(zh="合计", en="Total"), tuple(Cell("count", float(n)) for n in totals), rule_above=True))
    return Table(
        "summary", Label(zh="核查结果", en="Outcome"), header, tuple(rows), (_NOTE,), Label(zh="表", en="Table")
    )


def _findings(level: Level, found: list[Finding]) -> Table:
    return _listing(level, _TITLES[level], found)


def _listing(id: str, title: Label, found: list[Finding]) -> Table:
    heads = [Label(zh="印刷", en="Printed"), Label(zh="原因", en="Why"), Label(zh="可能的取值", en="Possible")]
    conditional = any(f.condition for f in found)
    if conditional:
        heads.append(Label(zh="条件", en="Condition"))
    rows = []
    for f in found:
        label = LABELS.get(f.check, Label.same(f.check))
        stub = Label(zh=f"{f.where}（{label.text('zh')}）", en=f"{f.where} ({label.text('en')})")
        cells = [_text(f.printed), _text(f.why), _text(f.possible), *([_text(f.condition)] if conditional else [])]
        rows.append(Row(stub, tuple(cells)))
    return Table(id, title, (tuple(_text(h) for h in heads),), tuple(rows), (), Label(zh="位置", en="Place"))


def _unread(done: Audit) -> Table:
    entries = [(u.where, u.text, u.why) for u in done.unread]
    entries += [(r.split(": ", 1)[0], "", r.split(": ", 1)[-1]) for r in done.repaired]
    rows = tuple(Row(Label.same(where), (_text(text), _text(why))) for where, text, why in entries)
    header = ((_text(Label(zh="印刷", en="Printed")), _text(Label(zh="原因", en="Why"))),)
    title = Label(zh="未能读取或经修补读取的内容", en="What was not read, or mended to be read")
    return Table("unread", title, header, rows, (), Label(zh="位置", en="Place"))
