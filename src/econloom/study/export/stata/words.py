"""Terms, options and lines in Stata's notation."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from econloom.study.export.statement import Effect, Errors, Native, Statement, Variable

WIDTH = 110
_WORDS = re.compile(r'(?:"[^"]*"|\([^()"]{0,60}\)|[^\s"])+')


def term(native: Native) -> str:
    """A term as a command names it, and its coefficient.

    Examples
    --------
    >>> term(Native("lag", "tbi", 1)), term(Native("lag", "tbi", -2)), term(Native("level", "year", 2001))
    ('L.tbi', 'F2.tbi', '2001.year')
    >>> term(Native("product", parts=(Native("column", "mig"), Native("lag", "str", 1))))
    'c.mig#cL.str'
    """
    if native.kind == "product":
        return "#".join(_factor(p) for p in native.parts)
    if native.kind == "lag":
        return f"{_operator(native.value)}.{native.column}"
    return f"{native.value}.{native.column}" if native.kind == "level" else native.column


def _factor(native: Native) -> str:
    """A term within a product."""
    if native.kind == "level":
        return term(native)
    return f"c{term(native)}" if native.kind == "lag" else f"c.{native.column}"


def _operator(periods: int) -> str:
    letter, size = ("L", periods) if periods > 0 else ("F", -periods)
    return letter if size == 1 else f"{letter}{size}"


def listed(variables: Sequence[Variable], macros: Mapping[str, Sequence[str]] | None = None) -> str:
    """Terms after one another, runs that are a local macro by its name."""
    words = [term(v.native) for v in variables]
    for name, members in (macros or {}).items():
        size = len(members)
        for start in range(len(words) - size + 1):
            if size > 1 and words[start : start + size] == list(members):
                words[start : start + size] = [f"`{name}'"]
                break
    return " ".join(words)


def absorbed(effects: Sequence[Effect]) -> str:
    """Effects as ``absorb()`` of reghdfe takes them."""
    found = []
    for e in effects:
        groups = "#".join(e.columns)
        if not e.slopes:
            found.append(groups)
        for number, v in enumerate(e.slopes):
            found.append(f"{groups}{'##' if e.own and number == 0 else '#'}c.{v.column}")
    return " ".join(found)


def vce(errors: Errors, names: Mapping[str, str] | None = None) -> str:
    """The option ``vce()``; of covariances that the command has not, the nearest that it has."""
    known = {"hc1": "vce(robust)", "iid": "", **(names or {})}
    if errors.clusters:
        return f"vce(cluster {' '.join(errors.clusters)})"
    return known.get(errors.kind, "vce(robust)")


def weights(s: Statement, kind: str = "aw") -> str:
    """``[aw=popwt]``, or nothing."""
    return f"[{kind}={s.weights}]" if s.weights else ""


def command(*parts: str, options: Sequence[str] = ()) -> str:
    """A command line from its parts; empty ones are left out."""
    line = " ".join(p for p in parts if p)
    given = [o for o in options if o]
    return f"{line}, {' '.join(given)}" if given else line


def wrapped(line: str, indent: str = "") -> list[str]:
    """A command on lines of readable length, continued by ``///``.

    Examples
    --------
    >>> wrapped("regress y x, vce(robust)")
    ['regress y x, vce(robust)']
    """
    if len(line) <= WIDTH:
        return [indent + line]
    lines: list[str] = []
    current = indent
    for word in _WORDS.findall(line):
        if len(current) + len(word) + 5 > WIDTH and current.strip():
            lines.append(f"{current.rstrip()} ///")
            current = f"{indent}    "
        current += word + " "
    return [*lines, current.rstrip()]


def comment(text: str) -> str:
    """A comment line that cannot begin a block or continue the next one."""
    flat = " ".join(text.split())
    for found, made in (("/*", "/ *"), ("*/", "* /"), ("//", "/ /")):
        flat = flat.replace(found, made)
    return f"* {flat}"


def quoted(text: str) -> str:
    """A text between quotes, without what Stata would expand."""
    plain = " ".join(text.split()).replace("`", "'").replace("$", "S").replace('"', "'")
    return f'"{plain}"'
