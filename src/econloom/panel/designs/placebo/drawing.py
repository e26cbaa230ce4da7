"""Draws of treated units and their dates within strata: how many there are, some of them, or all of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import combinations
from math import comb, exp, lgamma
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from econloom.core.errors import EstimationError, UsageError, did_you_mean, listed, plural
from econloom.panel.absorb import FloatArray, IntArray
from econloom.panel.designs.placebo.assignment import NEVER, Assignment

Labels = npt.NDArray[np.int16]
Pool = Literal["all", "never_treated"]
MOST_ENUMERATED = 200_000
"""Assignments that are enumerated when asked to."""
LARGE, MOST_EXPONENT = 40.0, 709.0
"""Logarithms of a number of assignments: from which on it is not a whole number, and not a float."""


@dataclass(frozen=True)
class Scheme:
    """What is dealt in each stratum.

    Attributes
    ----------
    units : int
    members : tuple of int array
        Units of each stratum that may be drawn.
    dealt : tuple of int array
        Batches dealt to them, as long as ``members``: numbers of paths, 0 for no treatment.
    """

    units: int
    members: tuple[IntArray, ...]
    dealt: tuple[IntArray, ...]

    @property
    def space(self) -> float:
        """Number of possible assignments, a product of multinomial coefficients; infinite beyond 1e308.

        A whole number up to e^40; beyond, nobody enumerates.
        """
        counts = [np.unique(labels, return_counts=True)[1].tolist() for labels in self.dealt]
        size = sum(lgamma(sum(c) + 1) - sum(lgamma(n + 1) for n in c) for c in counts)
        if size > LARGE:
            return exp(size) if size < MOST_EXPONENT else float("inf")
        number = 1
        for c in counts:
            left = sum(c)
            for n in c:
                number *= comb(left, n)
                left -= n
        return number

    @property
    def drawn(self) -> int:
        """Units treated in a draw."""
        return sum(int((labels != NEVER).sum()) for labels in self.dealt)

    def random(self, draws: int, seed: int) -> Labels:
        """Batch of every unit in each draw, (draws, units); each stratum has a stream of its own."""
        out = np.zeros((draws, self.units), dtype=np.int16)
        for number, (members, labels) in enumerate(zip(self.members, self.dealt, strict=True)):
            if np.all(labels == labels[0]):
                out[:, members] = labels[0]
                continue
            rng = np.random.default_rng([seed, number])
            out[:, members] = rng.permuted(np.tile(labels.astype(np.int16), (draws, 1)), axis=1)
        return out

    def every(self) -> Labels:
        """Every possible assignment once, (space, units)."""
        space = int(self.space)
        out = np.zeros((space, self.units), dtype=np.int16)
        repeat, tile = 1, space
        for members, labels in zip(self.members, self.dealt, strict=True):
            ways = np.array(list(_arrangements(labels)), dtype=np.int16)
            tile //= len(ways)
            out[:, members] = np.tile(np.repeat(ways, repeat, axis=0), (tile, 1))
            repeat *= len(ways)
        return out


def _arrangements(labels: IntArray) -> Iterator[tuple[int, ...]]:
    """Every distinct order of some labels."""
    kinds, counts = np.unique(labels[labels != NEVER], return_counts=True)

    def place(number: int, free: tuple[int, ...], made: list[int]) -> Iterator[tuple[int, ...]]:
        if number == len(kinds):
            yield tuple(made)
            return
        for chosen in combinations(free, int(counts[number])):
            further = list(made)
            for at in chosen:
                further[at] = int(kinds[number])
            yield from place(number + 1, tuple(f for f in free if f not in chosen), further)

    yield from place(0, tuple(range(len(labels))), [NEVER] * len(labels))


def scheme(found: Assignment, pool: Pool, counts: Mapping[Any, int] | None = None) -> Scheme:
    """Which units may be drawn and what is dealt to them.

    Parameters
    ----------
    found : Assignment
        Of the whole sample.
    pool : {"all", "never_treated"}
    counts : mapping of batch to number, optional
        Units to draw for each batch; as many as there are by default.

    Raises
    ------
    UsageError
        Counts within strata.
    EstimationError
        Strata without enough units to draw from.
    """
    members, dealt, short = [], [], []
    numbers = _numbers(found, counts)
    for stratum in range(found.strata.levels):
        inside = found.strata.codes == stratum
        chosen = np.flatnonzero(inside & ~found.treated if pool == "never_treated" else inside)
        batches = found.real[inside & found.treated] if numbers is None else numbers
        name = found.strata_names[stratum]
        if len(batches) > len(chosen):
            short.append(f"{name} ({len(batches)} to draw, {len(chosen)} untreated)")
        elif len(batches) and len(batches) == len(chosen) and len(np.unique(batches)) == 1:
            short.append(f"{name} (all {len(chosen)} treated at one date)")
        else:
            free = np.full(len(chosen) - len(batches), NEVER, dtype=np.int64)
            members.append(chosen.astype(np.int64))
            dealt.append(np.concatenate([batches.astype(np.int64), free]))
    if short:
        where = f"strata of {found.strata.name}" if found.keys.within else "the sample"
        what = ": " + listed(short) if found.keys.within else f" ({short[0].split('(')[1]}"
        raise EstimationError(
            f"{where} without enough untreated units to draw from{what}",
            hint="coarser strata (within), or leave them out"
            if found.keys.within
            else "pool='all'"
            if pool == "never_treated" and not counts
            else "fewer units",
        )
    filled = [(m, d) for m, d in zip(members, dealt, strict=True) if len(m)]
    return Scheme(len(found.units), tuple(m for m, _ in filled), tuple(d for _, d in filled))


def _numbers(found: Assignment, counts: Mapping[Any, int] | None) -> IntArray | None:
    """Paths to deal where the counts are given."""
    if not counts:
        return None
    if found.keys.within:
        raise UsageError("counts of batches do not go with strata", hint="leave one of counts and within out")
    made: list[int] = []
    for batch, number in counts.items():
        made += [found.batches.index(str(batch)) + 1] * number
    return np.array(made, dtype=np.int64)


def with_dates(found: Assignment, counts: Mapping[Any, int] | None) -> Assignment:
    """The assignment with a path for each date that is to be drawn and that no unit has: 1 from it on.

    Raises
    ------
    UsageError
        A batch that is neither there nor a period after the first, or a count that is not positive.
    """
    for batch, number in (counts or {}).items():
        if isinstance(number, bool) or not isinstance(number, int) or number < 1:
            raise UsageError(f"counts: a whole number of units for {batch}, not {number!r}")
        name = str(batch)
        if name in found.batches:
            continue
        date = int(name) if name.lstrip("-").isdigit() else None
        if date is None or not found.keys.time or not found.periods[0] < date <= found.periods[-1]:
            near = did_you_mean(name, found.batches)
            raise UsageError(f"no batch or period {name!r}{near}", hint=f"batches: {listed(found.batches)}")
        path = (found.periods >= date).astype(np.float64)
        found = replace(found, batches=(*found.batches, name), paths=np.vstack([found.paths, path]))
    return found


def dealt(plan: Scheme, draws: int, seed: int, exact: bool | None) -> tuple[Labels, bool, tuple[str, ...]]:
    """The draws, whether they are all possible assignments, and what is to be said.

    Parameters
    ----------
    plan : Scheme
    draws, seed : int
    exact : bool or None
        Enumerate; None: where there are no more assignments than draws.

    Raises
    ------
    UsageError
        Too many assignments to enumerate; draws that are no positive number.
    EstimationError
        A single possible assignment.
    """
    space = plan.space
    if space < 2:
        raise EstimationError("only one assignment is possible: there is nothing to draw", hint="coarser strata")
    if exact or (exact is None and space <= draws):
        if space > MOST_ENUMERATED:
            raise UsageError(
                f"{counted(space)} assignments are possible: too many to enumerate (at most {MOST_ENUMERATED:,})",
                hint="exact=None draws at random",
            )
        said = f"{plural(int(space), 'assignment')} are possible: all are enumerated"
        return plan.every(), True, (said + (f", not {draws:,} drawn" if draws != space else ""),)
    notes = () if space > draws else (f"{draws:,} draws with repetition from {int(space):,} possible assignments",)
    return plan.random(draws, seed), False, notes


def counted(space: float) -> str:
    """A number of assignments in words.

    Examples
    --------
    >>> counted(1_200), counted(1.18e56), counted(float("inf"))
    ('1,200', '1.18e+56', 'more than 1e308')
    """
    if space == float("inf"):
        return "more than 1e308"
    return f"{int(space):,}" if space < 1e6 else f"{space:.3g}"


def tail(values: FloatArray, real: float, side: str) -> int:
    """How many values are as large as the real one; rounding counts as a tie."""
    slack = TIES * max(abs(real), float(np.abs(values).max(initial=0.0)))
    if side == "greater":
        return int((values >= real - slack).sum())
    if side == "less":
        return int((values <= real + slack).sum())
    return int((np.abs(values) >= abs(real) - slack).sum())


TIES = 1e-9
"""Statistics that differ by less than this share of their size are equal."""
