"""Fonts of figures: which are here, which characters they hold, and what to write when Chinese has no glyphs.

Latin text and digits are set in Times New Roman or its likeness STIX, which matplotlib brings along. Chinese needs a
font of the system, a file named by ``ECONLOOM_FONT``, or the ``[cjk]`` extra. A figure never shows boxes: without a
Chinese font its labels are the English ones, and one warning says how to get a font.
"""

from __future__ import annotations

import os
import warnings
from dataclasses import dataclass
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path

from econloom.core.errors import UsageError
from econloom.core.labels import Label, Lang

VARIABLE = "ECONLOOM_FONT"
ADVICE = (
    "no Chinese font was found, so figures have English labels; install one (Debian: apt-get install fonts-noto-cjk), "
    f"or pip install 'econloom[cjk]', or set {VARIABLE} to a font file"
)
_LATIN = ("Times New Roman", "STIXGeneral")
_CHINESE = (
    "Noto Serif CJK SC", "Source Han Serif SC", "Noto Serif SC", "Songti SC", "SimSun", "NSimSun", "STSong",
    "FandolSong", "AR PL UMing CN", "Noto Sans CJK SC", "Source Han Sans SC", "Noto Sans SC", "Microsoft YaHei",
    "PingFang SC", "Heiti SC", "STHeiti", "SimHei", "WenQuanYi Micro Hei", "WenQuanYi Zen Hei", "Arial Unicode MS",
)  # fmt: skip
_EXTRA = "pylopdf_fonts_zh_cn"  # the package behind [cjk]: Noto Serif SC and Noto Sans SC, OFL; located, never imported
_PROBE = "贸易指数"


class FontWarning(UserWarning):
    """A figure could not be labelled as asked."""


@dataclass(frozen=True, slots=True)
class Fonts:
    """What a figure is written with.

    Attributes
    ----------
    families : tuple of str
        For matplotlib, in order of preference glyph by glyph.
    characters : frozenset of int
        Code points that at least one of them holds.
    chinese : bool
        Whether one of them is a Chinese font.
    """

    families: tuple[str, ...]
    characters: frozenset[int]
    chinese: bool

    def hold(self, words: str) -> bool:
        """Whether every character of a text has a glyph."""
        return all(ord(c) in self.characters or c.isspace() for c in words)

    def legible(self, label: Label, lang: Lang, name: str = "") -> str:
        """The text of a label in ``lang``, or the nearest one that has glyphs for all of its characters.

        Tried in turn: the text asked for, the English one, ``name``; at last missing glyphs become question marks.
        """
        choices = [label.text(lang), label.text("en"), name]
        for words in choices:
            if words and self.hold(words):
                return words
        return "".join(c if self.hold(c) else "?" for c in next(filter(None, choices), ""))


def available(lang: Lang) -> Fonts:
    """The fonts for a figure; warns once where ``lang`` is Chinese and none is there.

    Raises
    ------
    UsageError
        ``ECONLOOM_FONT`` names something that is no font with Chinese glyphs.

    Examples
    --------
    >>> "STIXGeneral" in available("en").families
    True
    """
    chinese = _chinese(os.environ.get(VARIABLE, ""))
    if chinese is None and lang == "zh":
        warnings.warn(ADVICE, FontWarning, stacklevel=2)
    return _fonts(chinese)


@lru_cache(maxsize=8)
def _fonts(chinese: str | None) -> Fonts:
    installed = _installed()
    families = tuple(f for f in _LATIN if f in installed) + ((chinese,) if chinese else ())
    return Fonts(families, frozenset().union(*(_characters(f) for f in families)), chinese is not None)


def _chinese(file: str) -> str | None:
    """Family of a Chinese font: the file the user names, one of the system, or that of the extra."""
    if file:
        return _added(Path(file))
    installed = _installed()
    for family in _CHINESE:
        if family in installed:
            return family
    extra = find_spec(_EXTRA)
    if extra is not None and extra.origin:
        return _added(Path(extra.origin).with_name("NotoSerifSC-Regular.otf"))
    return None


def _installed() -> frozenset[str]:
    """Families that matplotlib knows."""
    from matplotlib import font_manager

    return frozenset(f.name for f in font_manager.fontManager.ttflist)


@lru_cache(maxsize=8)
def _added(file: Path) -> str:
    from matplotlib import font_manager

    try:
        font_manager.fontManager.addfont(file)
        family = font_manager.get_font(file).family_name
    except (OSError, RuntimeError) as error:
        raise UsageError(f"{file}: cannot be used as a font: {error}", hint=f"see {VARIABLE}") from error
    if not set(map(ord, _PROBE)) <= _characters(family):
        raise UsageError(f"{file}: the font {family} has no Chinese glyphs", hint=f"see {VARIABLE}")
    return str(family)


@lru_cache(maxsize=16)
def _characters(family: str) -> frozenset[int]:
    from matplotlib import font_manager

    found = font_manager.findfont(font_manager.FontProperties(family=[family]), fallback_to_default=False)
    return frozenset(font_manager.get_font(found).get_charmap())
