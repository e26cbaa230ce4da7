"""Tables of one paper against each other: samples, and results that are printed twice."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import combinations

from econloom.audit.checks import reasoning as r
from econloom.audit.checks.columns import GROUPS
from econloom.audit.checks.parts import label
from econloom.audit.findings import Finding
from econloom.audit.given import Given
from econloom.audit.paper import Column, Estimate, PaperTable
from econloom.audit.words import CONSTANTS, folded

_NEAR = 0.2  # relative distance of N within which two samples are taken for the same
_DIGITS = 4  # significant digits of a coefficient that is taken for the same result


def check(tables: Sequence[PaperTable], given: Given) -> Iterator[Finding]:
    """Every rule between tables."""
    yield from _samples(tables)
    yield from _sums(tables)
    yield from _pooled(tables)
    yield from _repeated(tables, given)


def _samples(tables: Sequence[PaperTable]) -> Iterator[Finding]:
    """No regression has more rows than the variable with most of them in the descriptive table."""
    counts = [(float(v.number.value), t) for t in tables if t.kind == "descriptive" for v in t.values if v.role == "n"]
    if len(counts) < 3:
        return
    most, source = max(counts, key=lambda x: x[0])
    for table in tables:
        larger = [s for s in table.statistics if s.role == "n" and float(s.number.value) > most]
        if table.kind == "regression" and larger:
            s = max(larger, key=lambda s: s.number.value)
            why = label(
                f"描述性统计（{source.name}）中样本量至多{most:.0f}",
                f"no variable of the descriptive table {source.name} has more than {most:.0f} observations",
            )
            yield Finding("suspicious", "repeated", table.place(s.row, s.column, s.panel), s.printed, why,
                          label(f"至多{most:.0f}", f"at most {most:.0f}"), table=table.name)  # fmt: skip


def _parts(table: PaperTable) -> list[tuple[str, int, str]]:
    """Columns of a table of groups that has two samples of different size: column, N, panel."""
    if table.kind != "regression" or not GROUPS.search(f"{table.title} {' '.join(c.words for c in table.columns)}"):
        return []
    held = [(s.column, int(s.number.value), s.panel) for s in table.statistics if s.role == "n"]
    return held if len({n for _, n, _ in held}) == 2 else []


def _sums(tables: Sequence[PaperTable]) -> Iterator[Finding]:
    """Two groups have as many rows as a sample elsewhere in the paper, if one is nearly as large."""
    for table in tables:
        held = _parts(table)
        total = sum({n for _, n, _ in held})
        others = {int(s.number.value) for t in tables if t is not table for s in t.statistics if s.role == "n"}
        near = [n for n in others if abs(n - total) <= _NEAR * total]
        if held and near and total not in others and max(n for _, n, _ in held) < max(near):
            nearest = min(near, key=lambda n: abs(n - total))
            why = label(f"两组共{total}个观测值，其他表的样本量为{nearest}",
                        f"the two groups have {total} rows, a sample of another table {nearest}")  # fmt: skip
            printed = "; ".join(map(str, dict.fromkeys(n for _, n, _ in held)))
            yield Finding("suspicious", "repeated", table.place("N"), printed, why,
                          label(f"合计{nearest}", f"{nearest} in all"), table=table.name)  # fmt: skip


def _pooled(tables: Sequence[PaperTable]) -> Iterator[Finding]:
    """Slopes of a whole sample outside those of its two parts, which another table prints."""
    for table in tables:
        held = _parts(table)
        for (a, na, pa), (b, nb, pb) in combinations(held, 2):
            if na == nb or pa != pb or not _one_outcome(table.column(a), table.column(b)):
                continue
            rows = [{e.row: e for e in table.by_column.get((pa, k), ())} for k in (a, b)]
            for whole, column in _wholes(tables, table, (a, b), na + nb, set(rows[0])):
                if set(rows[0]) == set(rows[1]):
                    yield from _outside(whole, column, table, (a, b), rows)


def _one_outcome(a: Column, b: Column) -> bool:
    return a.dependent == b.dependent and (a.dependent != "" or bool(set(a.head) & set(b.head)))


def _wholes(
    tables: Sequence[PaperTable], table: PaperTable, columns: tuple[str, str], n: int, rows: set[str]
) -> Iterator[tuple[PaperTable, Column]]:
    """Columns of other tables with this N, outcome and these regressors."""
    part = table.column(columns[0])
    for t in tables:
        for c in t.columns if t is not table and t.kind == "regression" else ():
            s = t.statistic(c.id, "n")
            same = {e.row for e in t.by_column.get(("", c.id), ())} == rows
            outcome = c.dependent == part.dependent if part.dependent else bool(set(c.head) & set(part.head))
            if s is not None and s.number.value == n and same and outcome:
                yield t, c


def _outside(
    whole: PaperTable, c: Column, table: PaperTable, columns: tuple[str, str], rows: list[dict[str, Estimate]]
) -> Iterator[Finding]:
    found = []
    for e in whole.by_column["", c.id]:
        ends = [r.span(held[e.row].coefficient) for held in rows]
        x = r.span(e.coefficient)
        outside = x.high < min(y.low for y in ends) or x.low > max(y.high for y in ends)
        if outside and folded(e.row) not in CONSTANTS:
            found.append(e)
    if found:
        e, n = found[0], len(found)
        slopes = "1 slope of the whole sample is" if n == 1 else f"{n} slopes of the whole sample are"
        why = label(f"全样本的{n}个系数不在两个子样本（{table.name}第{'、'.join(columns)}列）之间",
                    f"{slopes} outside those of its parts ({table.name}, columns {' and '.join(columns)})")  # fmt: skip
        parts = [held[e.row] for held in rows]
        low, high = sorted(parts, key=lambda x: x.coefficient.value)
        possible = f"{low.coefficient.text}", f"{high.coefficient.text}"
        yield Finding("suspicious", "pooled", whole.place(e.row, c.id), "; ".join(x.printed for x in (e, *parts)), why,
                      label("至".join(possible), " to ".join(possible)), table=whole.name)  # fmt: skip


def _repeated(tables: Sequence[PaperTable], given: Given) -> Iterator[Finding]:
    """One coefficient, standard error and N, printed twice with other stars."""
    seen: dict[tuple[object, ...], tuple[PaperTable, Estimate]] = {}
    for table in tables:
        if table.kind != "regression":
            continue
        for e in table.estimates:
            n = table.statistic(e.column, "n", e.panel)
            digits = len(str(e.coefficient.value.copy_abs()).replace(".", "").lstrip("0"))
            if n is None or digits < _DIGITS or folded(e.row) in CONSTANTS:
                continue
            key = (folded(e.row), e.coefficient.value, e.coefficient.exponent, n.number.value, r.schemes(table, given))
            if key in seen:
                yield from _compared(table, e, *seen[key])
            else:
                seen[key] = (table, e)


def _compared(table: PaperTable, e: Estimate, other: PaperTable, first: Estimate) -> Iterator[Finding]:
    pairs = [(getattr(e, k), getattr(first, k)) for k in ("se", "t", "p")]
    both = [(a, b) for a, b in pairs if a is not None and b is not None]
    equal = bool(both) and all(a.value == b.value for a, b in both)
    starred = all((x.panel, x.row) in t.starred_rows for x, t in ((e, table), (first, other)))
    if equal and starred and e.stars != first.stars:
        why = label(
            "同一系数与标准误印了两次，星号不同", "the same coefficient and error are printed twice, with other stars"
        )
        place = f"{table.place(e.row, e.column, e.panel)}; {other.place(first.row, first.column, first.panel)}"
        yield Finding("suspicious", "repeated", place, f"{e.printed}; {first.printed}", why,
                      label("相同的星号", "the same stars"), table=table.name)  # fmt: skip
