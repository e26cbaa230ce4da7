"""The wiring table: kind of step -> function. Each takes the step's parameters, its inputs' values and the context."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from econloom.study.step import Step
from econloom.study.steps import (
    data,
    event_studies,
    families,
    figures,
    matched,
    models,
    prepare,
    rings,
    specifications,
    summaries,
    variables,
)
from econloom.study.steps.context import Context, Work

_PARTS = (data, variables, prepare, models, summaries, families, figures, rings, matched, event_studies, specifications)


def _wired(parts: Sequence[Any]) -> Mapping[str, Work]:
    """One table of all parts; a kind that two of them do is a fault of the program."""
    table: dict[str, Work] = {}
    for part in parts:
        twice = sorted(table.keys() & part.WIRING.keys())
        assert not twice, f"kinds of step with two meanings: {twice}"
        table.update(part.WIRING)
    return table


_WIRING = _wired(_PARTS)

__all__ = ["Context", "perform"]


def perform(step: Step, inputs: Sequence[Any], context: Context) -> Any:
    """Do one step."""
    return _WIRING[step.kind](step.params, inputs, context)
