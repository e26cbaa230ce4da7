"""Pairs of unmatched names that look like two spellings of one unit: suggestions, never applied."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable
from typing import Any

from econloom.data.regions.placing import LEVELS, code_of, fold, short_name
from econloom.data.regions.registry import countries, legacy_codes

_MOST_COMPARED = 400  # names a side that are compared one by one; beyond it (firms) only equal writings are found


def near_matches(missing: Iterable[Any], extra: Iterable[Any], alike: bool = True) -> list[tuple[Any, Any]]:
    """Names of one side that may be names of the other, such as ROU and ROM, 北京 and 北京市.

    In this order: the same text in another writing (full-width, blanks, case, accents); the same name without its
    administrative ending; one country or Chinese unit by name or code (ROM and ROU, 襄樊 and 襄阳市, Korea and KOR);
    texts that share their first two characters and two thirds of the rest. Two different current ISO codes (AUS and
    AUT) are not near. Each name is suggested once.

    Parameters
    ----------
    missing, extra : iterable
        Names that are only on one side, and only on the other.
    alike : bool
        Whether texts that are only similar count; without it a pair is one name in two writings.

    Returns
    -------
    list of (name, name)
        In the order of ``missing``.

    Examples
    --------
    >>> near_matches(["ROU", "北京", "Korea, Rep.", "AUS"], ["ROM", "北京市", "KOR", "AUT"])
    [('ROU', 'ROM'), ('北京', '北京市'), ('Korea, Rep.', 'KOR')]
    """
    left, right = list(missing), list(extra)
    found: dict[Any, Any] = {}
    small = max(len(left), len(right)) <= _MOST_COMPARED
    for rule in (_written, _bare, _placed) if small else (_written, _bare):
        _pair(left, right, found, rule)
    for name in left if small and alike else ():
        if name not in found and (near := _alike(name, [r for r in right if r not in found.values()])) is not None:
            found[name] = near
    return [(name, found[name]) for name in left if name in found]


def _pair(left: list[Any], right: list[Any], found: dict[Any, Any], rule: Callable[[Any], Any]) -> None:
    """Pair the names that a rule makes equal, where it does so for one name on each side."""
    others: dict[Any, list[Any]] = {}
    for name in right:
        if name not in found.values() and (key := rule(name)) is not None:
            others.setdefault(key, []).append(name)
    for name in left:
        if name in found or (key := rule(name)) is None:
            continue
        if len(same := others.get(key, [])) == 1:
            found[name] = same.pop()


def _written(name: Any) -> str | None:
    return fold(str(name)) or None


def _bare(name: Any) -> str | None:
    return short_name(str(name)) if isinstance(name, str) else None


def _placed(name: Any) -> Any:
    """The unit that a name or code stands for, where it is a text that is known."""
    if not isinstance(name, str) or not name.strip():
        return None
    for level in LEVELS[::-1]:
        if (code := code_of(name, level)) is not None:
            return code
    return None


def _alike(name: Any, others: list[Any]) -> Any | None:
    text = str(name)
    texts = {str(o): o for o in others if str(o)[:2].casefold() == text[:2].casefold() and not _two_codes(text, str(o))}
    near = difflib.get_close_matches(text, list(texts), n=1, cutoff=0.65)
    return texts[near[0]] if near else None


def _two_codes(a: str, b: str) -> bool:
    """Whether both are current ISO3 codes, or plain numbers: then they are two units."""
    known = countries()
    codes = a in known and b in known and a not in legacy_codes() and b not in legacy_codes()
    return codes or (a.isdecimal() and b.isdecimal())
