"""Keys of a source that say what a reader may do with it, and where to get it; see ``econloom pack``."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BeforeValidator, Field

from econloom.study.language.base import Flag, Model, Text


def _yes_or_no(value: Any) -> Any:
    """``yes`` and ``no``, which YAML 1.2 takes for texts, as truth values."""
    return {"yes": True, "no": False}.get(value.strip().lower(), value) if isinstance(value, str) else value


class RightsKeys(Model):
    """Licence of a source, whether it may go into a pack of the study, where it comes from."""

    licence: Text | None = Field(None, description="Under which the source may be used: CC BY 4.0, own data, …")
    ship: Annotated[Flag | Text, BeforeValidator(_yes_or_no)] | None = Field(
        None, description="Whether `econloom pack` puts the file into the pack; a text is the reason why it may not."
    )
    obtain: Text | None = Field(None, description="Where and how to get the file: an address, a request, a shop.")
    cite: Text | None = Field(None, description="The reference that a paper gives for it.")

    @property
    def withheld(self) -> str | None:
        """Why the file stays out of a pack; an empty text where no reason is given, None where it goes in."""
        if isinstance(self.ship, str):
            return self.ship
        return "" if self.ship is False else None
