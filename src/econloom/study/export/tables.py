"""What the writers of both programs share: numbers, samples and covariances in words, blocks by table."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from econloom.core.errors import listed
from econloom.core.labels import Label
from econloom.study.export.data import Data
from econloom.study.export.statement import Described, Errors, LeftOut, Native, Row, Statement
from econloom.study.schema import StudySpec

MANY = 100
"""Levels of effects that are still written as dummies."""


def number(value: float) -> str:
    """A number to its last digit.

    Examples
    --------
    >>> number(2.0), number(0.1)
    ('2', '0.1')
    """
    return str(int(value)) if value == int(value) and abs(value) < 1e15 else repr(float(value))


def said(errors: Errors) -> str:
    """The covariance and its convention in words."""
    parts = [f"standard errors: {errors.said}, small-sample rules of {errors.convention}"]
    if errors.factor is not None and errors.parameters:
        parts.append(f"K = {errors.parameters}" + (f", G = {errors.groups}" if errors.groups else ""))
    if errors.kind == "wild":
        parts.append("p values from random draws are not compared (boottest, fwildclusterboot)")
    return ", ".join(parts)


def native_text(native: Native) -> str:
    """A native term in econloom's notation, for comments."""
    if native.kind == "product":
        return " * ".join(map(native_text, native.parts))
    if native.kind == "lag":
        return f"l({native.column}, {native.value})"
    return f"({native.column} == {native.value})" if native.kind == "level" else native.column


def by_table(
    spec: StudySpec, statements: Sequence[Statement], described: Sequence[Described]
) -> Iterator[tuple[str, Label, list[tuple[str, Statement]], Described | None]]:
    """Tables and figures with their titles and their columns (address and statement) or their statistics."""
    summaries = {d.id: d for d in described}
    found: dict[str, list[tuple[int, str, Statement]]] = {}
    for one in statements:
        for address in one.addresses:
            table, _, column = address.rpartition(".")
            found.setdefault(table, []).append((int(column[1:]), address, one))
    for name in (*spec.tables, *spec.figures):
        if name in found or name in summaries:
            made = spec.tables.get(name) or spec.figures[name]
            columns = sorted(found.get(name, []), key=lambda c: c[0])
            yield name, made.title.label, [(a, s) for _, a, s in columns], summaries.get(name)


def described_rows(one: Described) -> list[Row]:
    """What is compared of a table of descriptive statistics."""
    return [
        Row(one.id, f"{one.id}.{stat}.{name}", f"{one.columns[name]} {stat}", value, float("nan"), "estimate")
        for (name, stat), value in one.numbers.items()
    ]


def head_of(statement: Statement, data: Mapping[str, Data]) -> list[str]:
    """What is said before an estimation: formula, sample, covariance, what was left out, how terms are made."""
    lines = [
        f"{statement.addresses[0]}: {statement.formula}",
        f"sample {statement.sample}: {data[statement.data][statement.sample].what}; {statement.funnel}",
        said(statement.errors),
    ]
    lines += [f"{name} is not in the model: {why}" for name, why in statement.removed]
    lines += [
        f"{v.column} is {v.term}" for v in statement.variables if v.native.kind == "column" and v.column != v.term
    ]
    return lines


def reasons(left_out: Sequence[LeftOut], most: int = 10_000) -> list[str]:
    """What is not exported or not compared, one line a reason; of many addresses the first ``most``."""
    groups: dict[str, list[str]] = {}
    for one in left_out:
        groups.setdefault(one.why, []).append(one.what)
    return [f"{listed(what, most)}: {why}" for why, what in groups.items()]
