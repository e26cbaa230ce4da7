"""What an audit finds: a class, a place, the printed numbers, why they cannot be, and what could."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any, Literal

from econloom.core.labels import Label, Lang

Level = Literal["certain", "conditional", "suspicious"]
LEVELS: tuple[Level, ...] = ("certain", "conditional", "suspicious")
LEVEL_LABELS: dict[Level, Label] = {
    "certain": Label(zh="确定不可能", en="certain"),
    "conditional": Label(zh="在所述条件下不可能", en="certain under the condition"),
    "suspicious": Label(zh="可疑", en="suspicious"),
}


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that a table prints and that cannot be, or ought to be looked at.

    Attributes
    ----------
    level : {"certain", "conditional", "suspicious"}
        ``certain``: no value inside the intervals of the print is consistent. ``conditional``: so, under the condition
        that is named. ``suspicious``: possible, but rarely meant.
    check : str
        Key of the check, a heading of docs/audit.md.
    where : str
        Such as ``t3: row 'TBI', column (2)``.
    printed : str
        The printed strings that are involved.
    why : Label
        Why they do not go together.
    possible : Label
        What would be possible.
    condition : Label
        Of a conditional finding; else empty.
    table : str
        Name of the table.

    Examples
    --------
    >>> f = Finding("certain", "stars", "t3: row 'x', column (1)", "0.10*** (0.09)", Label.same("t is 1.1"), Label())
    >>> print(f)
    certain [stars] t3: row 'x', column (1): 0.10*** (0.09): t is 1.1
    """

    level: Level
    check: str
    where: str
    printed: str
    why: Label
    possible: Label
    condition: Label = field(default_factory=Label)
    table: str = ""

    @property
    def key(self) -> str:
        """What a baseline file knows a finding by: its check, place and printed numbers."""
        return sha256("\x1f".join((self.check, self.where, self.printed)).encode()).hexdigest()[:16]

    def text(self, lang: Lang = "en") -> str:
        """One paragraph for a person."""
        level = self.level if lang == "en" else LEVEL_LABELS[self.level].text("zh")
        parts = [f"{level} [{self.check}] {self.where}: {self.printed}: {self.why.text(lang)}"]
        if self.condition:
            parts.append(("condition: " if lang == "en" else "条件：") + self.condition.text(lang))
        if self.possible:
            parts.append(("possible: " if lang == "en" else "可能的取值：") + self.possible.text(lang))
        return ("; " if lang == "en" else "；").join(parts)

    def __str__(self) -> str:
        return self.text("en")

    def to_dict(self) -> dict[str, Any]:
        """As JSON-ready values."""
        return {
            "level": self.level, "check": self.check, "table": self.table, "where": self.where,
            "printed": self.printed, "why": both(self.why), "possible": both(self.possible),
            "condition": both(self.condition) if self.condition else None, "key": self.key,
        }  # fmt: skip


def both(label: Label) -> dict[str, str]:
    """A label as its two texts."""
    return {"zh": label.text("zh"), "en": label.text("en")}


def ordered(findings: Iterable[Finding]) -> list[Finding]:
    """Certain ones first, else in the order of the tables."""
    return sorted(findings, key=lambda f: LEVELS.index(f.level))
