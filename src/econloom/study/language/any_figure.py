"""A figure of any kind."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import Discriminator, Tag

from econloom.study.language.figures import (
    EventStudyFigure,
    LeaveOneOutFigure,
    LoveFigure,
    PlaceboFigure,
    RingsFigure,
    TrendFigure,
)
from econloom.study.language.specifications import SpecificationFigure

AnyFigure = Annotated[
    Annotated[TrendFigure, Tag("<trend>")]
    | Annotated[LeaveOneOutFigure, Tag("<leave_one_out>")]
    | Annotated[EventStudyFigure, Tag("<event_study>")]
    | Annotated[PlaceboFigure, Tag("<placebo>")]
    | Annotated[RingsFigure, Tag("<rings>")]
    | Annotated[LoveFigure, Tag("<love>")]
    | Annotated[SpecificationFigure, Tag("<specification_curve>")],
    Discriminator(lambda value: _kind(value)),
]


def _kind(value: Any) -> str:
    kind = value.get("kind") if isinstance(value, Mapping) else getattr(value, "kind", None)
    return f"<{kind}>"
