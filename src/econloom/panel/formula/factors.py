"""Dummies of factors, once the sample and so the levels are known.

A factor that stands alone, ``i(year)``, leaves out its first level where the model has an intercept or effects; so do
``factor(year)`` and a bare column of text. In a product with others, ``i(year, x)``, all levels have a dummy unless
``ref`` says otherwise; ``factor()`` and text follow R there: they leave out their first level where the product
without them is a term of the model too. What is still redundant is removed as collinear, by name.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Protocol

from econloom.core.errors import ExpressionError, listed
from econloom.panel.formula.spec import Factor, Level, Levels, LevelValue, ModelSpec, Piece, Term

MOST_LEVELS = 5_000
"""Dummies that one term may have."""


class Typed(Protocol):
    """Columns of known types."""

    def is_text(self, column: str) -> bool:
        """Whether the column holds text or categories."""
        ...


class Sampled(Typed, Protocol):
    """Columns of the rows that a model uses."""

    def combinations(self, columns: Sequence[str]) -> list[tuple[Any, ...]]:
        """Combinations of values that occur, in order."""
        ...


def has_factors(model: ModelSpec, sampled: Typed) -> bool:
    """Whether some term still stands for several dummies."""
    return any(_levels(f, sampled) for t in model.columns[1:] for f in t.factors)


def expand(model: ModelSpec, sampled: Sampled) -> ModelSpec:
    """The model with every factor replaced by dummies of the levels that its sample has.

    Raises
    ------
    ExpressionError
        A reference level that the sample does not have, or too many levels.
    """
    if not has_factors(model, sampled):
        return model
    constant = model.spans_constant
    found: dict[str, tuple[Term, ...]] = {}
    for part in ("terms", "endogenous", "instruments"):
        beside = {t.key for t in (*model.terms, *getattr(model, part))}
        terms: dict[str, Term] = {}
        for term in getattr(model, part):
            made, constant = _dummies(term, model.text, sampled, beside, constant)
            terms.update((t.key, t) for t in made if t.key not in terms)
        found[part] = tuple(terms.values())
    return replace(model, terms=found["terms"], endogenous=found["endogenous"], instruments=found["instruments"])


def _dummies(term: Term, text: str, sampled: Sampled, beside: set[str], constant: bool) -> tuple[list[Term], bool]:
    """The terms that one stands for, and whether the constant is spanned after them."""
    factors: list[Piece] = [_levels(f, sampled) or f for f in term.factors]
    if any(isinstance(f, Levels) and f.function == "i" for f in factors):
        factors = [replace(f, function="i") if isinstance(f, Levels) else f for f in factors]
    categories = [f for f in factors if isinstance(f, Levels)]
    if not categories:
        return [term], constant
    present = sampled.combinations([f.column for f in categories])
    wanted = [_wanted(f, n, present, text, _contrast(f, term, beside, constant)) for n, f in enumerate(categories)]
    kept = [c for c in present if all(v in w for v, w in zip(c, wanted, strict=True))]
    if len(kept) > MOST_LEVELS:
        hint = "absorb it as an effect, after '|'"
        raise ExpressionError(f"{term.name} has {len(kept):,} levels", text, categories[0].position, hint)
    spans = len(factors) == len(categories) and len(kept) == len(present)
    return [Term.of(*_filled(factors, dict(zip(categories, c, strict=True)))) for c in kept], constant or spans


def _levels(factor: Piece, sampled: Typed) -> Levels | None:
    """A factor as categories, where it is one."""
    if isinstance(factor, Factor) and factor.column is not None and sampled.is_text(factor.column):
        return Levels(factor.column, factor.position, "text")
    return factor if isinstance(factor, Levels) else None


def _contrast(factor: Levels, term: Term, beside: set[str], constant: bool) -> bool:
    """Whether the first level is left out when no reference is named."""
    rest = [f for f in term.factors if getattr(f, "column", None) != factor.column]
    if not rest:
        return constant
    return factor.function != "i" and Term.of(*rest).key in beside


def _wanted(
    factor: Levels, place: int, present: Sequence[tuple[Any, ...]], text: str, contrast: bool
) -> list[LevelValue]:
    """Levels of one factor that get a dummy."""
    levels = list(dict.fromkeys(c[place] for c in sorted(present, key=lambda c: c[place])))
    for value in (*factor.reference, *factor.keep):
        if value not in levels:
            known = f"the sample has {listed(map(_shown, levels))}"
            raise ExpressionError(f"{factor.column!r} has no level {_shown(value)}", text, factor.position, known)
    if factor.reference:
        levels = [v for v in levels if v not in factor.reference]
    elif contrast and not factor.keep:
        levels = levels[1:]
    return [v for v in levels if not factor.keep or v in factor.keep]


def _filled(factors: Sequence[Piece], values: dict[Levels, Any]) -> list[Piece]:
    return [
        Level(f"{f.prefix}{_shown(values[f])}", f.column, values[f], f.position) if isinstance(f, Levels) else f
        for f in factors
    ]


def _shown(value: Any) -> str:
    """A level as a name shows it: ``2000``, not ``2000.0``."""
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)
