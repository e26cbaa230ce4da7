"""Rings of distance around the units that a policy treats: as columns of the main panel, and in figures."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import Field, model_validator

from econloom.core.errors import UsageError
from econloom.panel.designs.rings import Rings
from econloom.study.language.base import ColumnName, Identifier, Model, Real

Edge = Annotated[Real, Field(ge=0)]


class RingSettings(Model):
    """Which rings, around which units; see :class:`econloom.panel.designs.rings.Rings`."""

    policy: Identifier = Field(description="The policy whose units are at the centres.")
    width: Annotated[float, Field(gt=0)] = Field(50, description="Of each ring, in kilometres.")
    to: Annotated[float, Field(gt=0)] = 500
    edges: tuple[Edge | tuple[Edge, Edge], ...] | None = Field(
        None, description="Edges in place of width and to: [0, 20, 100], or [[0, 50], [100, 150]]."
    )
    rule: Literal["any", "nearest"] = "any"
    later: Literal["ignored", "counted"] = Field(
        "ignored", description="Whether units of batches that the policy leaves out count as treated neighbours."
    )
    latitude: ColumnName = "latitude"
    longitude: ColumnName = "longitude"
    places: Identifier | None = Field(None, description="Source with the coordinates of all units; else the panel.")

    @model_validator(mode="after")
    def _possible(self) -> Self:
        if self.edges is not None and {"width", "to"} & self.model_fields_set:
            raise ValueError("'edges' take the place of 'width' and 'to'")
        try:
            self.rings("unit", "ring")
        except UsageError as error:
            raise ValueError(error.message) from error
        return self

    def rings(self, unit: str, prefix: str) -> Rings:
        """The rings around units of a column."""
        edges: Any = self.edges
        return Rings(unit, "start", self.latitude, self.longitude, self.width, self.to, edges, self.rule, prefix=prefix)


class RingColumns(RingSettings):
    """Columns ``name_50``, ``name_100`` … of the main panel; ``$name`` stands for all of them in formulas."""
