"""Tables of one paper against each other: samples, and results that are printed twice."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from econloom.audit.checks import reasoning as r
from econloom.audit.checks.parts import label
from econloom.audit.findings import Finding
from econloom.audit.given import Given
from econloom.audit.paper import Estimate, PaperTable
from econloom.audit.words import CONSTANTS, folded

_DIGITS = 4  # significant digits of a coefficient that is taken for the same result


def check(tables: Sequence[PaperTable], given: Given) -> Iterator[Finding]:
    """Every rule between tables."""
    yield from _samples(tables)
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
