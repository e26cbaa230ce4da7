"""Looks of tables by name, from the editable files beside this module or from a file of the user.

A preset is a TOML file with a ``[style]`` (the fields of :class:`~econloom.core.table.Style`; texts as
``{zh = ..., en = ...}``), its ``[style.words]``, and optionally a ``[table]`` with ``stars`` and ``digits``.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from importlib import resources
from pathlib import Path
from typing import Any

from econloom.core.errors import UsageError, did_you_mean, listed
from econloom.core.labels import Label
from econloom.core.spec import TableSpec
from econloom.core.table import Style

_TABLE = {"stars": list, "digits": int}
_CHOICES = {"panel_align": ("left", "center")}
_NUMBERS = ("number", "title", "n")


@dataclass(frozen=True, slots=True)
class Preset:
    """A look, and what a table shows under it.

    Attributes
    ----------
    stars : tuple of float or None
        None leaves those of the table.
    digits : int or None
    """

    style: Style
    stars: tuple[float, ...] | None = None
    digits: int | None = None

    def apply(self, spec: TableSpec) -> TableSpec:
        """The spec in this look.

        Examples
        --------
        >>> load("aer").apply(TableSpec("t1", Label())).stars
        ()
        """
        stars = spec.stars if self.stars is None else self.stars
        return replace(spec, style=self.style, stars=stars, digits=spec.digits if self.digits is None else self.digits)


def names() -> tuple[str, ...]:
    """The presets that come with econloom.

    Examples
    --------
    >>> names()
    ('aer', 'booktabs', 'chinese', 'chinese_small')
    """
    here = resources.files(__package__).iterdir()
    return tuple(sorted(f.name.removesuffix(".toml") for f in here if f.name.endswith(".toml")))


def load(name: str | Path) -> Preset:
    """A preset by name, or from a TOML file.

    Parameters
    ----------
    name : str or path
        ``chinese``, ``chinese_small``, ``booktabs``, ``aer``, or a path that ends in ``.toml``.

    Raises
    ------
    UsageError
        An unknown name, a file that cannot be read, or a key or value that a style cannot have.

    Examples
    --------
    >>> load("chinese").style == Style()
    True
    """
    if str(name).endswith(".toml"):
        return _parsed(_read(Path(name)), str(name))
    if str(name) not in names():
        near = did_you_mean(str(name), names())
        raise UsageError(f"unknown preset {str(name)!r}{near}", hint=f"one of {listed(names())}, or a .toml file")
    return _parsed(resources.files(__package__).joinpath(f"{name}.toml").read_text(encoding="utf-8"), str(name))


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"preset {path}: cannot be read: {error}") from error


def _parsed(text: str, where: str) -> Preset:
    try:
        found = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise UsageError(f"preset {where}: {error}") from error
    _known(found, ("style", "table"), where)
    style, table = found.get("style", {}), found.get("table", {})
    _known(table, _TABLE, f"{where}: table")
    for key, value in table.items():
        _typed(value, _TABLE[key], f"{where}: table.{key}")
    stars = table.get("stars")
    return Preset(_style(style, where), None if stars is None else tuple(map(float, stars)), table.get("digits"))


def _style(given: Mapping[str, Any], where: str) -> Style:
    plain = Style()
    _known(given, [f.name for f in fields(Style) if f.name != "name"], f"{where}: style")
    changes: dict[str, Any] = {"name": Path(where).stem}
    for key, value in given.items():
        at, default = f"{where}: style.{key}", getattr(plain, key)
        if key == "words":
            changes[key] = tuple((k, _label(v, Label(), f"{at}.{k}")) for k, v in value.items())
        elif isinstance(default, Label):
            changes[key] = _label(value, default, at)
        else:
            changes[key] = _typed(value, type(default), at)
        if key in _CHOICES and value not in _CHOICES[key]:
            raise UsageError(f"preset {at}: {value!r}{did_you_mean(str(value), _CHOICES[key])}")
    made = replace(plain, **changes)
    return replace(made, words=tuple((k, v) for k, v in made.words if v != _default_word(k)))


def _default_word(key: str) -> Label:
    from econloom.report.words import word

    return word(key, Style())


def _label(value: Any, default: Label, where: str) -> Label:
    """A text, or a table of texts by language; templates may only use the names they are given."""
    if isinstance(value, str):
        return Label.same(value)
    _typed(value, dict, where)
    _known(value, ("zh", "en"), where)
    made = Label(zh=value.get("zh", default.zh), en=value.get("en", default.en))
    for text in (made.text("zh"), made.text("en")):
        try:
            text.format(**dict.fromkeys(_NUMBERS, ""))
        except (KeyError, IndexError, ValueError) as error:
            raise UsageError(f"preset {where}: {text!r} has an unknown place {error}") from error
    return made


def _typed(value: Any, kind: type, where: str) -> Any:
    good = isinstance(value, kind) and (kind is bool or not isinstance(value, bool))
    if kind is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if not good:
        raise UsageError(f"preset {where}: {value!r} is no {kind.__name__}")
    return value


def _known(given: Any, keys: Any, where: str) -> None:
    for key in given:
        if key not in keys:
            raise UsageError(f"preset {where}: unknown key {key!r}{did_you_mean(key, list(keys))}")
