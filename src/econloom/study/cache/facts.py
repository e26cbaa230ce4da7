"""What is known of a step that was done, beside its value."""

from __future__ import annotations

from dataclasses import dataclass

from econloom.core.lineage import Event


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of a step that was done.

    Attributes
    ----------
    seconds : float
        That it took.
    rows : int or None
        Of its value, where that is a panel or a frame.
    events : tuple of Event
        What it did to columns for single models (``prepare``, ``dates``).
    """

    seconds: float
    rows: int | None = None
    events: tuple[Event, ...] = ()
