"""Windows of event studies."""

from __future__ import annotations

from typing import Literal

from econloom.study.language.base import Labelled, Whole

End = Literal["bin", "drop", "base"]


class EventWindow(Labelled):
    """Which event times have a coefficient, which are the base, and what happens beyond (docs/did.md)."""

    window: tuple[Whole, Whole] | None = None
    base: Whole | tuple[Whole, ...] | Literal["printed", "none"] = -1
    ends: End | tuple[End, End] = "bin"
