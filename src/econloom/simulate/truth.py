"""What is true of simulated numbers: the effects that were put in, by name of the study's variables."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

__all__ = ["Effect", "Truth"]


@dataclass(frozen=True, slots=True)
class Effect:
    """One true effect.

    Attributes
    ----------
    outcome, term : str
        Variables of the study; ``mig:str`` is an interaction.
    value : float
        Change of the outcome with a unit of the term, the rest of the equation held fixed.
    kind : str
        ``total``: also through mediators. ``direct``: mediators held fixed. ``path``: on or of a mediator. ``control``,
        ``first_stage``, ``moderation``: as they say. ``at zero``: where the moderators are zero.
    where : str or None
        Group of cities that it holds in; None for all.
    """

    outcome: str
    term: str
    value: float
    kind: str = "total"
    where: str | None = None


@dataclass(frozen=True)
class Truth:
    """The true effects of one draw.

    Attributes
    ----------
    effects : tuple of Effect
    notes : tuple of str
        What a reader of estimates must know: which methods are unbiased under this process, and which are not.
    """

    effects: tuple[Effect, ...]
    notes: tuple[str, ...] = ()

    def value(self, outcome: str, term: str, kind: str = "total", where: str | None = None) -> float:
        """One true effect.

        Raises
        ------
        KeyError
            There is no such effect, or it differs between groups of cities and none is named.
        """
        for effect in self.effects:
            if (effect.outcome, effect.term, effect.kind, effect.where) == (outcome, term, kind, where):
                return effect.value
        raise KeyError(f"no {kind} effect of {term} on {outcome}" + (f" in {where}" if where else ""))

    def to_dict(self) -> Mapping[str, Any]:
        """JSON-ready."""
        return {"effects": [asdict(e) for e in self.effects], "notes": list(self.notes)}
