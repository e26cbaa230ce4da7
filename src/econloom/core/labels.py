"""Chinese and English texts as one object."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Lang = Literal["zh", "en"]


@dataclass(frozen=True, slots=True)
class Label:
    """One text in Chinese and English.

    Attributes
    ----------
    zh, en : str or None
        A missing one falls back to the other.
    """

    zh: str | None = None
    en: str | None = None

    def text(self, lang: Lang) -> str:
        """The text in ``lang``, or in the other language when that one is missing."""
        first, second = (self.zh, self.en) if lang == "zh" else (self.en, self.zh)
        return first if first is not None else (second or "")

    @classmethod
    def same(cls, text: str) -> Label:
        """A text that reads the same in both languages, such as a number or a symbol."""
        return cls(zh=text, en=text)

    def __bool__(self) -> bool:
        return bool(self.zh or self.en)
