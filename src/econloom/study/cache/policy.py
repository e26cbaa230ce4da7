"""Which values are worth keeping."""

from __future__ import annotations

from collections.abc import Iterable

from econloom.study.step import Step

ROWS = frozenset(
    {"start", "join", "attach", "variable", "range", "drop", "balance", "policy", "rings", "matched", "split"}
)
"""Steps from one state of a panel to the next: kept only where the panel is finished, or where they were slow."""
CHEAP = frozenset({"prepare", "dates"})
"""Panels for single models: made again from the finished panel, unless they were slow."""
NEVER = frozenset({"read_tables"})
"""Values that only point to files."""
SLOW = 0.5
"""Seconds from which a step is slow."""


def joints(steps: Iterable[Step]) -> frozenset[str]:
    """Digests of finished panels: row by row steps whose value is used by another kind of step."""
    kinds = {}
    found: set[str] = set()
    for step in steps:
        kinds[step.digest] = step.kind
        if step.kind not in ROWS:
            found |= {i for i in step.inputs if kinds.get(i) in ROWS}
    return frozenset(found)


def kept(step: Step, finished: frozenset[str], outputs: frozenset[str] | set[str], seconds: float = 0.0) -> bool:
    """Whether a step's value is kept.

    Parameters
    ----------
    step : Step
    finished : frozenset of str
        From :func:`joints`.
    outputs : set of str
        Steps whose values are results: tables, figures, the prepared panel.
    seconds : float
        That it took.
    """
    if step.kind in NEVER:
        return False
    if step.digest in outputs or seconds >= SLOW:
        return True
    return step.kind not in CHEAP and (step.kind not in ROWS or step.digest in finished)
