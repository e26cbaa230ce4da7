"""The choices that a specification curve goes through, and the specifications that they make."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, product
from math import prod

from econloom.core.errors import UsageError, did_you_mean, listed
from econloom.core.spec import VcovSpec, iid

MOST = 200_000
"""Specifications of one curve."""
ALL = "all"
"""The name of the sample without a condition."""
Names = str | Sequence[str]


@dataclass(frozen=True, slots=True)
class Specification:
    """One way to estimate.

    Attributes
    ----------
    number : int
        From 1, in the order of the choices.
    outcome, term : str
        As typed.
    controls : tuple of str
        Chosen ones in the order in which they were offered, those that are always in first.
    sample : str
        Its name.
    effects : str
        As typed; empty for none.
    vcov : str
        Its name.
    weights : str or None
    """

    number: int
    outcome: str
    term: str
    controls: tuple[str, ...]
    sample: str
    effects: str
    vcov: str
    weights: str | None

    @property
    def choices(self) -> dict[str, object]:
        """By name, as a row of a frame."""
        return {
            "outcome": self.outcome,
            "term": self.term,
            "controls": " + ".join(self.controls),
            "sample": self.sample,
            "effects": self.effects,
            "vcov": self.vcov,
            "weights": self.weights,
        }


@dataclass(frozen=True)
class Choices:
    """What is varied.

    Attributes
    ----------
    outcomes, terms, effects : tuple of str
    sets : tuple of tuple of str
        Of controls.
    samples : mapping of names to conditions
    vcovs : mapping of names to covariances
    weights : tuple of str or None
    """

    outcomes: tuple[str, ...]
    terms: tuple[str, ...]
    sets: tuple[tuple[str, ...], ...]
    samples: Mapping[str, str | None]
    effects: tuple[str, ...]
    vcovs: Mapping[str, VcovSpec]
    weights: tuple[str | None, ...]

    @property
    def controls(self) -> tuple[str, ...]:
        """Every control of some set, in the order in which they come."""
        return tuple(dict.fromkeys(c for chosen in self.sets for c in chosen))

    @property
    def number(self) -> int:
        """How many specifications there are."""
        sizes = (self.outcomes, self.terms, self.sets, self.samples, self.effects, self.vcovs, self.weights)
        return prod(map(len, sizes))

    def specifications(self) -> Iterator[Specification]:
        """All of them, the last choice fastest."""
        every = product(
            self.outcomes, self.terms, self.sets, self.samples, self.effects, self.vcovs, self.weights
        )  # fmt: skip
        for number, chosen in enumerate(every, 1):
            yield Specification(number, *chosen)


def several(given: Names | None, what: str, empty: bool = False) -> tuple[str, ...]:
    """One text or several, each once.

    Raises
    ------
    UsageError
        Nothing, another kind, or one that comes twice.
    """
    if not isinstance(given, str | Sequence | None):
        raise UsageError(f"{what}: a text or a list of texts, not {given!r:.60}")
    found = (given,) if isinstance(given, str) else tuple(given or ())
    if any(not isinstance(x, str) for x in found):
        raise UsageError(f"{what}: {next(x for x in found if not isinstance(x, str))!r:.60} is no text")
    found = tuple(x.strip() for x in found)
    if not empty and (not found or any(not x for x in found)):
        raise UsageError(f"{what}: name at least one")
    if twice := [x for x in dict.fromkeys(found) if found.count(x) > 1]:
        raise UsageError(f"{what}: {listed(twice)} comes twice")
    return found


def subsets(controls: Sequence[str], always: Sequence[str]) -> tuple[tuple[str, ...], ...]:
    """All subsets, from none to all, each with those that are always in.

    Raises
    ------
    UsageError
        More than a curve may have.

    Examples
    --------
    >>> subsets(["a", "b"], ["z"])
    (('z',), ('z', 'a'), ('z', 'b'), ('z', 'a', 'b'))
    """
    if both := [c for c in controls if c in always]:
        raise UsageError(f"controls: {listed(both)} is always in and a choice too")
    if 2 ** len(controls) > MOST:
        raise UsageError(
            f"controls: {len(controls)} of them have {2 ** len(controls):,} subsets; a curve has at most {MOST:,}",
            hint="join some in one choice ('a + b'), put some into always=, or list the sets in control_sets=",
        )
    sizes = range(len(controls) + 1)
    return tuple((*always, *chosen) for size in sizes for chosen in combinations(controls, size))


def listed_sets(given: Sequence[Names], always: Sequence[str]) -> tuple[tuple[str, ...], ...]:
    """Sets of controls that were listed one by one.

    Raises
    ------
    UsageError
        None, or one set twice.
    """
    if isinstance(given, str) or not isinstance(given, Sequence) or not given:
        raise UsageError("control_sets: a list of sets", hint='control_sets=[[], ["a"], ["a", "b"]]')
    found = []
    for chosen in given:
        one = several(chosen, "control_sets", empty=True)
        found.append((*always, *(c for c in one if c and c not in always)))
    as_sets = [frozenset(s) for s in found]
    if twice := [s for n, s in enumerate(found) if as_sets.index(as_sets[n]) < n]:
        raise UsageError(f"control_sets: {' + '.join(twice[0]) or 'the empty set'} comes twice")
    return tuple(found)


def named_samples(given: Names | Mapping[str, str | None] | None) -> dict[str, str | None]:
    """Conditions by name; a condition without one is its own name.

    Raises
    ------
    UsageError
    """
    if given is None:
        return {ALL: None}
    if isinstance(given, Mapping):
        found = dict(given)
    else:
        found = {x: (None if x == ALL else x) for x in several(given, "samples")}
    wrong = [k for k, v in found.items() if not isinstance(k, str) or not isinstance(v, str | None)]
    if wrong or not found:
        raise UsageError(f"samples: conditions by name, not {given!r:.60}", hint="{'all': None, 'late': 'year > 2008'}")
    return found


def named_covariances(given: VcovSpec | Sequence[VcovSpec] | Mapping[str, VcovSpec] | None) -> dict[str, VcovSpec]:
    """Covariances by name; one without is named as a fit prints it.

    Raises
    ------
    UsageError
    """
    if isinstance(given, Mapping):
        found = dict(given)
    else:
        each = [given or iid()] if isinstance(given, VcovSpec | None) else list(given)
        found = {str(v): v for v in each}
        if len(found) < len(each):
            raise UsageError("vcov: one comes twice")
    if not found or any(not isinstance(v, VcovSpec) for v in found.values()):
        raise UsageError(f"vcov: {given!r:.60} is no covariance", hint="el.iid(), el.hc1(), el.cluster('column') ...")
    return found


def chosen_one(given: Mapping[str, object] | None, every: Sequence[Specification]) -> int | None:
    """The number of the one specification that a mapping of choices names.

    Raises
    ------
    UsageError
        No such choice, or not exactly one.
    """
    if given is None:
        return None
    known = list(every[0].choices)
    if not isinstance(given, Mapping) or (wrong := [k for k in given if k not in known]):
        near = did_you_mean(wrong[0], known) if isinstance(given, Mapping) else ""
        raise UsageError(f"preferred: choices by name, not {given!r:.80}{near}", hint=", ".join(known))
    wanted = {k: _spelt(k, v) for k, v in given.items()}
    found = [s.number for s in every if all(_spelt(k, s.choices[k]) == v for k, v in wanted.items())]
    if len(found) != 1:
        said = ", ".join(f"{k}={v!r}" for k, v in given.items())
        how = "no specification has" if not found else f"{len(found)} specifications have"
        raise UsageError(f"preferred: {how} {said}", hint="name one value of every choice that is varied")
    return found[0]


def _spelt(name: str, value: object) -> object:
    """A choice in one spelling: sets of controls without their order."""
    if name != "controls":
        return value.strip() if isinstance(value, str) else value
    if not isinstance(value, str | list | tuple) or any(not isinstance(c, str) for c in value):
        raise UsageError(f"preferred: controls are a list of texts, not {value!r:.60}")
    parts = value.split("+") if isinstance(value, str) else [p for c in value for p in c.split("+")]
    return frozenset(p.strip() for p in parts if p.strip())
