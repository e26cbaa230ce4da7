"""A table of any kind."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import Discriminator, Tag

from econloom.study.language.bacon import BaconTable
from econloom.study.language.event_tables import EventStudyTable
from econloom.study.language.specifications import SpecificationTable
from econloom.study.language.tables import (
    BalanceTable,
    CorrelationTable,
    CountsTable,
    DescriptiveTable,
    FamilyTable,
    GrangerTable,
    MediationTable,
    RegressionTable,
    SensitivityTable,
    ValuesTable,
    VifTable,
)

AnyTable = Annotated[
    Annotated[RegressionTable, Tag("<regression>")]
    | Annotated[ValuesTable, Tag("<values>")]
    | Annotated[DescriptiveTable, Tag("<descriptive>")]
    | Annotated[CorrelationTable, Tag("<correlation>")]
    | Annotated[VifTable, Tag("<vif>")]
    | Annotated[CountsTable, Tag("<counts>")]
    | Annotated[MediationTable, Tag("<mediation>")]
    | Annotated[EventStudyTable, Tag("<event_study>")]
    | Annotated[GrangerTable, Tag("<granger>")]
    | Annotated[SensitivityTable, Tag("<sensitivity>")]
    | Annotated[FamilyTable, Tag("<family>")]
    | Annotated[BalanceTable, Tag("<balance>")]
    | Annotated[BaconTable, Tag("<bacon>")]
    | Annotated[SpecificationTable, Tag("<specification_curve>")],
    Discriminator(lambda value: _kind(value)),
]


def _kind(value: Any) -> str:
    """The kind of table, chosen before its keys are checked, so that an error names the right ones."""
    if isinstance(value, Mapping):
        kind = value.get("kind")
        if kind is not None:
            return f"<{kind}>"
        return "<values>" if "values" in value else "<regression>"
    return f"<{getattr(value, 'kind', 'regression')}>"
