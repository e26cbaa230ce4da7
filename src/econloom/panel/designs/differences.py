"""Tests of the differences between fits of one formula in several groups."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations
from typing import Literal, get_args

import polars as pl

from econloom.core.errors import EstimationError, UsageError, did_you_mean, listed
from econloom.core.estimate import CONSTANT, Test, Unavailable
from econloom.core.labels import Label
from econloom.panel.designs import permutation
from econloom.panel.designs.joint import Joint, overlap, stacked, suest
from econloom.panel.designs.permutation import Permutation
from econloom.panel.designs.splits import Groups
from econloom.panel.fitted import Fit

TestName = Literal["interaction", "suest", "permutation"]
TESTS: tuple[TestName, ...] = get_args(TestName)


@dataclass(frozen=True)
class Difference:
    """A coefficient in one group less that in another; NaN where a test has no such number.

    Attributes
    ----------
    term, first, second : str
    test : {"interaction", "suest", "permutation"}
    difference, std_error, statistic, p_value, conf_low, conf_high : float
        The permutation test has a p value only.
    unavailable : str or None
        Why the test has no result.
    """

    term: str
    first: str
    second: str
    test: str
    difference: float
    std_error: float = float("nan")
    statistic: float = float("nan")
    p_value: float = float("nan")
    conf_low: float = float("nan")
    conf_high: float = float("nan")
    unavailable: str | None = None


@dataclass(frozen=True, repr=False)
class Comparison:
    """Fits of the groups and the tests of their differences.

    Attributes
    ----------
    fits : mapping of str to Fit
        By group.
    differences : tuple of Difference
        For each term, pair of groups and test.
    joint : mapping of (term, test) to Test or Unavailable
        That the term has one coefficient in all groups, for interaction and suest.
    left_out, shared : int or None
        Rows that the whole sample has and no group; rows in several groups.
    groups : Groups or None
        How they were made, where a split made them.
    permutation : Permutation or None
    """

    fits: Mapping[str, Fit]
    differences: tuple[Difference, ...]
    joint: Mapping[tuple[str, str], Test | Unavailable]
    left_out: int | None = None
    shared: int = 0
    groups: Groups | None = None
    permutation: Permutation | None = field(default=None)

    def tidy(self) -> pl.DataFrame:
        """One row a term, pair of groups and test; what a test does not have is null."""
        names = ("term", "first", "second", "test", "difference", "std_error", "statistic", "p_value", "conf_low",
                 "conf_high", "unavailable")  # fmt: skip
        texts = {"term", "first", "second", "test", "unavailable"}
        schema = {n: pl.String if n in texts else pl.Float64 for n in names}
        rows = [{n: getattr(d, n) for n in names} for d in self.differences]
        return pl.DataFrame(rows, schema=schema).with_columns(pl.col(pl.Float64).fill_nan(None))

    @property
    def notes(self) -> tuple[Label, ...]:
        """What a reader of the groups has to know: how they were cut, what they leave out of the whole."""
        found = [self.groups.said(Label.same(self.groups.split.by))] if self.groups is not None else []
        return (*found, *left_out_notes(self.left_out, self.shared))

    def __repr__(self) -> str:
        lines = [f"{name}: {_coefficients(fit, self)}" for name, fit in self.fits.items()]
        lines += [
            f"{d.term}, {d.first} - {d.second} ({d.test}): "
            + (f"unavailable: {d.unavailable}" if d.unavailable else f"{d.difference:.6g}, p = {d.p_value:.4g}")
            for d in self.differences
        ]
        return "\n".join([*lines, *(n.text("en") for n in self.notes)])


def _coefficients(fit: Fit, made: Comparison) -> str:
    terms = dict.fromkeys(d.term for d in made.differences)
    found = [(t, fit.summary.coefficient(t)) for t in terms]
    return ", ".join(f"{t} {c.estimate:.6g} ({c.std_error:.4g})" for t, c in found if c) + f", n = {fit.design.n}"


def left_out_notes(left_out: int | None, shared: int) -> tuple[Label, ...]:
    """Rows in no group, and rows in several, in words."""
    said = []
    if left_out:
        said.append(
            Label(
                zh=f"全样本中有{left_out}个观测不属于任何一组",
                en=f"{left_out} rows of the whole sample are in no group",
            )
        )
    if shared:
        said.append(Label(zh=f"有{shared}个观测重复出现在多个组", en=f"{shared} rows are in more than one group"))
    return tuple(said)


def known_tests(tests: Sequence[str] | str) -> tuple[str, ...]:
    """The names of tests as a tuple.

    Raises
    ------
    UsageError
        An unknown one.
    """
    wanted = (tests,) if isinstance(tests, str) else tuple(tests)
    for name in wanted:
        if name not in TESTS:
            raise UsageError(f"no test of a difference {name!r}{did_you_mean(name, TESTS)}", hint=", ".join(TESTS))
    return wanted


def differences(
    fits: Mapping[str, Fit],
    terms: Sequence[str] | str | None = None,
    tests: Sequence[str] | str = ("interaction",),
    draws: int = 1_000,
    seed: int = 1,
    permute: str | None = None,
    progress: Callable[[int, int], object] | None = None,
) -> Comparison:
    """Tests of the differences between fits that are there already.

    Parameters
    ----------
    fits : mapping of str to Fit
        By group: one formula on rows of one panel.
    terms, tests, draws, seed, permute
        As for :func:`compare`.

    Raises
    ------
    UsageError
        Fewer than two fits, or a term that none of them has.
    EstimationError
        A term that one of them does not identify.

    Examples
    --------
    >>> import econloom as el, polars as pl
    >>> frame = pl.DataFrame({"x": [1.0, 2, 3, 4, 1, 2, 3, 4], "y": [1.0, 2, 3, 4.5, 2, 4.5, 6, 8],
    ...                       "g": [0, 0, 0, 0, 1, 1, 1, 1]})
    >>> fits = {str(g): el.ols("y ~ x", frame, where=f"g == {g}") for g in (0, 1)}
    >>> frame_of = lambda f: f.request.panel
    >>> round(float(fits["0"].tidy()["estimate"][0] - fits["1"].tidy()["estimate"][0]), 4)
    -0.8
    """
    wanted = known_tests(tests)
    names, made = list(fits), list(fits.values())
    if len(made) < 2:
        raise UsageError("a comparison needs two groups")
    if any(f.request.panel is not made[0].request.panel for f in made):
        raise UsageError("the fits are of different panels", hint="el.heterogeneity.compare(formula, data, by=...)")
    chosen = _terms(fits, terms)
    joints = {"interaction": stacked(made) if "interaction" in wanted else None,
              "suest": suest(made) if "suest" in wanted else None}  # fmt: skip
    dealt = permutation.permute(made, chosen, draws, seed, permute, progress) if "permutation" in wanted else None
    found: list[Difference] = []
    for place, term in enumerate(chosen):
        for one, two in combinations(range(len(made)), 2):
            pair = (term, names[one], names[two])
            gap = _estimate(made[one], term) - _estimate(made[two], term)
            for test in wanted:
                if test == "permutation":
                    found.append(_dealt(pair, gap, dealt, one, two, place))
                else:
                    found.append(_tested(pair, test, gap, joints[test], one, two))
    joint = {(t, w): _all_equal(joints[w], len(made), t) for t in chosen for w in wanted if w != "permutation"}
    law = dealt if isinstance(dealt, Permutation) else None
    return Comparison(fits, tuple(found), joint, None, overlap(made), None, law)


def _estimate(fit: Fit, term: str) -> float:
    return float(fit.estimate.coefficients[fit.estimate.names.index(term)])


def _terms(fits: Mapping[str, Fit], terms: Sequence[str] | str | None) -> list[str]:
    """The compared terms, each in every fit."""
    everywhere = list(dict.fromkeys(n for f in fits.values() for n in f.estimate.names if n != CONSTANT))
    chosen = [terms] if isinstance(terms, str) else list(terms) if terms is not None else everywhere[:1]
    for term in chosen:
        for name, fit in fits.items():
            if term in fit.estimate.names:
                continue
            why = dict(fit.estimate.removed).get(term)
            if why is not None:
                raise EstimationError(f"group {name!r}: {term!r} has no coefficient there: {why}")
            near = did_you_mean(term, everywhere)
            raise UsageError(f"no model has the term {term!r}{near}", hint=f"they have {listed(everywhere)}")
    return chosen


def _tested(
    pair: tuple[str, str, str], test: str, gap: float, joint: Joint | Unavailable | None, one: int, two: int
) -> Difference:
    if not isinstance(joint, Joint):
        return Difference(*pair, test, gap, unavailable=joint.reason if joint is not None else "not asked for")
    c = joint.difference(one, two, pair[0])
    return Difference(*pair, test, gap, c.std_error, c.statistic, c.p_value, c.conf_low, c.conf_high)


def _dealt(
    pair: tuple[str, str, str], gap: float, law: Permutation | Unavailable | None, one: int, two: int, place: int
) -> Difference:
    if not isinstance(law, Permutation):
        return Difference(*pair, "permutation", gap, unavailable=law.reason if law is not None else "not asked for")
    return Difference(*pair, "permutation", gap, p_value=law.p_value(one, two, place, gap))


def _all_equal(joint: Joint | Unavailable | None, groups: int, term: str) -> Test | Unavailable:
    if not isinstance(joint, Joint):
        return Unavailable("not asked for") if joint is None else joint
    contrasts = [joint.contrast(0, g, term) for g in range(1, groups)]
    return joint.wald(contrasts, f"{term}: one coefficient in all {groups} groups")
