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
    summaries,
    variables,
)
from econloom.study.steps.context import Context, Work

_WIRING: Mapping[str, Work] = {
    **data.WIRING,
    **variables.WIRING,
    **prepare.WIRING,
    **models.WIRING,
    **summaries.WIRING,
    **families.WIRING,
    **figures.WIRING,
    **rings.WIRING,
    **matched.WIRING,
    **event_studies.WIRING,
}

__all__ = ["Context", "perform"]


def perform(step: Step, inputs: Sequence[Any], context: Context) -> Any:
    """Do one step."""
    return _WIRING[step.kind](step.params, inputs, context)
