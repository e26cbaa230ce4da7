"""Dimensions that two or more effects absorb, from their connected components."""

from __future__ import annotations

from collections.abc import Sequence

from econloom.panel.absorb.groupings import Grouping
from econloom.panel.passes import forms


def absorbed_rank(main: Grouping, others: Sequence[Grouping]) -> tuple[int, bool]:
    """Dimensions of all dummies together, and whether the number is exact.

    Two effects take the sum of their levels less the connected components of the graph that joins levels which share
    a row (Abowd, Creecy and Kramarz 2002). Of three or more, the first two are counted so and each further effect
    with its levels less one, which may be too many.
    """
    rank = main.levels + others[0].levels - components(main, others[0])
    return rank + sum(g.levels - 1 for g in others[1:]), len(others) == 1


def pairwise_redundant(effects: Sequence[Grouping], nested: Sequence[bool]) -> tuple[int, ...]:
    """Levels of each effect that those before it explain, as ``reghdfe`` counts them (Correia 2016).

    None of the first; of each further one the largest number of components that it makes with an effect before it,
    effects nested in clusters aside; at least one.
    """
    counts = []
    for j, grouping in enumerate(effects):
        pairs = (
            [] if nested[j] else [components(other, grouping) for i, other in enumerate(effects[:j]) if not nested[i]]
        )
        counts.append(max([min(j, 1), *pairs]))
    return tuple(counts)


def components(a: Grouping, b: Grouping) -> int:
    """Connected components of two effects."""
    return int(forms(len(a.codes)).joined_sets(a.codes, b.codes, a.levels, b.levels))
