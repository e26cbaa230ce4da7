"""What differs between two study files, and where it stands."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from econloom.core.labels import Label
from econloom.study.diff.graph import Graph

_MOST = 160
_PARTS = (
    ("terms", "", ""),
    ("effects", "effect ", "固定效应"),
    ("endogenous", "endogenous ", "内生变量"),
    ("instruments", "instrument ", "工具变量"),
)


@dataclass(frozen=True)
class Written:
    """Two study files.

    Attributes
    ----------
    first, second : Graph
    changes : tuple of tuple
        Paths of the values that differ.
    """

    first: Graph
    second: Graph
    changes: tuple[tuple[str | int, ...], ...]

    @classmethod
    def of(cls, first: Graph, second: Graph) -> Written:
        """Compare them, value by value."""
        return cls(first, second, tuple(_differing(first.written, second.written, ())))

    def value(self, path: Sequence[str]) -> Any:
        """What the second file has at a path."""
        return value_at(self.second.written, path)

    def macros(self) -> list[tuple[str, ...]]:
        """Macros that differ."""
        return [(str(p[0]), str(p[1])) for p in self.changes if p[0] == "macros" and len(p) > 1]

    def places(self, version: str, prefixes: Sequence[tuple[str, ...]]) -> tuple[str, ...]:
        """Changes below some paths, and in a version's own changes, with the lines of both files."""
        wanted = [*prefixes, *([("versions", version)] if version != "default" else [])]
        found = [p for p in self.changes if any(_below(p, prefix) for prefix in wanted)]
        return tuple(self._place(p) for p in found)

    def _place(self, path: tuple[str | int, ...]) -> str:
        before, after = (_nearest(g.places, path) for g in (self.first, self.second))
        dotted = ".".join(map(str, path))
        where = before if before == after else f"{before or 'absent'} -> {after or 'absent'}"
        return f"{dotted}, {where}" if where else dotted


def value_at(data: Any, path: Sequence[str | int]) -> Any:
    """What stands at a path of keys; None where there is nothing."""
    for key in path:
        data = data.get(key) if isinstance(data, Mapping) else None
    return data


def _below(path: tuple[str | int, ...], prefix: tuple[str, ...]) -> bool:
    """Whether a path lies at, below or above a prefix, in which ``*`` stands for anything."""
    pairs = zip(path, prefix, strict=False)
    return all(w == "*" or str(p) == w for p, w in pairs)


def _nearest(places: Mapping[tuple[Any, ...], str], path: tuple[Any, ...]) -> str:
    while path and path not in places:
        path = path[:-1]
    return places.get(path, "")


def _differing(first: Any, second: Any, path: tuple[str | int, ...]) -> Iterator[tuple[str | int, ...]]:
    if isinstance(first, Mapping) and isinstance(second, Mapping):
        for key in dict.fromkeys([*first, *second]):
            if key not in first or key not in second:
                yield (*path, key)
            else:
                yield from _differing(first[key], second[key], (*path, key))
    elif isinstance(first, list) and isinstance(second, list) and len(first) == len(second):
        for number, (a, b) in enumerate(zip(first, second, strict=True)):
            yield from _differing(a, b, (*path, number))
    elif first != second:
        yield path


def terms_changed(first: Mapping[str, Any], second: Mapping[str, Any]) -> Label:
    """What a formula gained and lost: ``without lnPOP``, ``with lnPOP``, ``outcome y -> z``.

    Examples
    --------
    >>> terms_changed({"outcome": "y", "terms": ["x", "c"]}, {"outcome": "y", "terms": ["x", "d"]}).en
    'without c; with d'
    """
    zh, en = [], []
    if first.get("outcome") != second.get("outcome"):
        pair = f"{first.get('outcome')} -> {second.get('outcome')}"
        zh.append(f"被解释变量{pair}")
        en.append(f"outcome {pair}")
    for key, noun, chinese in _PARTS:
        old, new = list(first.get(key) or ()), list(second.get(key) or ())
        for terms, with_, has in (
            ([t for t in old if t not in new], "without", "去掉"),
            ([t for t in new if t not in old], "with", "加入"),
        ):
            en += [f"{with_} {noun}{t}" for t in terms]
            zh += [f"{has}{chinese}{t}" for t in terms]
    return Label(zh="；".join(zh) or "写法不同", en="; ".join(en) or "written otherwise")


def shown(value: Any) -> str | None:
    """A parameter as one short text."""
    if value is None or isinstance(value, str):
        return value
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _MOST else f"{text[:_MOST]}…"
