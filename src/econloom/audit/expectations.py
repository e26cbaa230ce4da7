"""What a study claims to reproduce, stated beforehand, and whether it does."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, fields
from decimal import Decimal
from fractions import Fraction
from typing import get_args

from econloom.audit.printed import KINDS, Kind
from econloom.audit.verdicts import RANK, Verdict
from econloom.core.errors import UsageError, did_you_mean, listed

COVERAGE = Fraction(95, 100)  # of the printed numbers that expectations must cover
ENOUGH: tuple[Verdict, ...] = ("exact", "within_rounding", "within_se", "within_tolerance")
MEASURED: frozenset[Kind] = frozenset(KINDS) - {"n"}  # kinds that `within` can be asked of; N is equal or not


@dataclass(frozen=True, slots=True)
class Expectation:
    """A claim on a set of printed cells: so many of them reach at least this verdict.

    Attributes
    ----------
    tables, terms, columns, kinds : sequence of str, or None
        Which cells; empty or None means all. Terms and columns by their printed names or ours.
    verdict : str or None
        The least verdict: ``exact``, ``within_rounding``, ``within_se`` or, for cells other than coefficients,
        ``within_tolerance`` (the same level). ``sign_only`` is refused: the sign alone is no success.
    within : float or None
        Instead of a verdict: an absolute tolerance, for all but N. A coefficient has the printed sign and stars, too.
    at_least : int or None
        How many cells must reach it.
    share : float or None
        Or which share of them, in (0, 1]. Neither: all.
    why : str or None
        The study's reason for this claim; carried along.

    Raises
    ------
    UsageError
        A contradictory or empty claim.

    Examples
    --------
    >>> Expectation(tables=["t3"], kinds=["coefficient"], verdict="within_se", at_least=105).required(120)
    105
    >>> Expectation(tables=["t1"], within=0.002, share=0.95).required(119)
    114
    """

    tables: Sequence[str] | None = ()
    terms: Sequence[str] | None = ()
    columns: Sequence[str] | None = ()
    kinds: Sequence[str] | None = ()
    verdict: str | None = None
    within: float | None = None
    at_least: int | None = None
    share: float | None = None
    why: str | None = None

    def __post_init__(self) -> None:
        for name in ("tables", "terms", "columns", "kinds"):
            given = getattr(self, name)
            if isinstance(given, str):
                raise UsageError(f"expect: {name} is {given!r}; give a list: [{given}]")
            object.__setattr__(self, name, tuple(given or ()))
        for kind in self.kinds or ():
            if kind not in KINDS:
                raise UsageError(f"expect: unknown kind {kind!r}{did_you_mean(kind, KINDS)}; kinds are {listed(KINDS)}")
        self._check_level()
        self._check_amount()

    def _check_level(self) -> None:
        if (self.verdict is None) == (self.within is None):
            raise UsageError("expect: give either a verdict or within")
        if self.verdict == "sign_only":
            raise UsageError("expect: sign_only is not a success", hint=f"verdicts to expect: {', '.join(ENOUGH)}")
        if self.verdict is not None and self.verdict not in ENOUGH:
            raise UsageError(f"expect: unknown verdict {self.verdict!r}{did_you_mean(self.verdict, ENOUGH)}",
                             hint=f"verdicts to expect: {', '.join(ENOUGH)}")  # fmt: skip
        if self.within is not None and not (math.isfinite(self.within) and self.within >= 0):
            raise UsageError(f"expect: within is {self.within}, not a tolerance")
        if self.within is not None and (other := sorted(set(self.kinds or ()) - MEASURED)):
            raise UsageError(f"expect: within is not for {listed(other)}",
                             hint="N is as printed or not: verdict: exact")  # fmt: skip

    def _check_amount(self) -> None:
        if self.at_least is not None and self.share is not None:
            raise UsageError("expect: give at_least or share, not both")
        if self.at_least is not None and self.at_least < 1:
            raise UsageError(f"expect: at_least is {self.at_least}; a claim needs at least one cell")
        if self.share is not None and not 0 < self.share <= 1:
            raise UsageError(f"expect: share is {self.share}, not above 0 and at most 1")

    def required(self, selected: int) -> int:
        """How many of ``selected`` cells must reach the claim."""
        if self.at_least is not None:
            return self.at_least
        share = Fraction(1) if self.share is None else Fraction(repr(float(self.share)))
        return math.ceil(share * selected)

    def reached(self, verdict: Verdict | None, difference: Decimal | None, agrees: bool = True) -> bool:
        """Whether one cell reaches the claim; a cell that was not compared does not.

        ``agrees``: for ``within``, whether a coefficient has the printed sign and stars.
        """
        if verdict is None or difference is None:
            return False
        if self.within is not None:
            near = abs(difference) <= Decimal(repr(float(self.within)))
            return verdict == "exact" or (near and agrees)
        return RANK[verdict] >= RANK[_verdict(self.verdict)]

    def __str__(self) -> str:
        shown = [(f.name, getattr(self, f.name)) for f in fields(self) if f.name != "why"]
        texts = [
            f"{k}: {'[' + ', '.join(v) + ']' if isinstance(v, tuple) else v}" for k, v in shown if v not in ((), None)
        ]
        return "{" + ", ".join(texts) + "}"


@dataclass(frozen=True, slots=True)
class Incomparable:
    """Printed cells that a study declares not comparable with its own, and why.

    They get no verdict and count neither for nor against the study; every report says how many they are, and why.

    Attributes
    ----------
    why : str
        The reason.
    tables, terms, columns, kinds : sequence of str, or None
        Which cells, as in :class:`Expectation`.

    Raises
    ------
    UsageError
        No reason, or an unknown kind.

    Examples
    --------
    >>> str(Incomparable("simulated data", tables=["t1"], kinds=["value"]))
    '{tables: [t1], kinds: [value]}'
    """

    why: str
    tables: Sequence[str] | None = ()
    terms: Sequence[str] | None = ()
    columns: Sequence[str] | None = ()
    kinds: Sequence[str] | None = ()

    def __post_init__(self) -> None:
        for name in ("tables", "terms", "columns", "kinds"):
            object.__setattr__(self, name, tuple(getattr(self, name) or ()))
        if not self.why.strip():
            raise UsageError("not_comparable: say why")
        for kind in self.kinds or ():
            if kind not in KINDS:
                near = did_you_mean(kind, KINDS)
                raise UsageError(f"not_comparable: unknown kind {kind!r}{near}; kinds are {listed(KINDS)}")

    def __str__(self) -> str:
        shown = [(f.name, getattr(self, f.name)) for f in fields(self) if f.name != "why"]
        return "{" + ", ".join(f"{k}: [{', '.join(v)}]" for k, v in shown if v) + "}"


def _verdict(name: str | None) -> Verdict:
    return next(v for v in get_args(Verdict) if v == name)


@dataclass(frozen=True, slots=True)
class Outcome:
    """An expectation and what was found.

    Attributes
    ----------
    expectation : Expectation
    selected, compared, reached, required : int
        Cells it speaks of; those with a number of ours; those that reach it; those that must.
    short : tuple of str
        Addresses of the cells that do not reach it.
    """

    expectation: Expectation
    selected: int
    compared: int
    reached: int
    required: int
    short: tuple[str, ...]

    @property
    def met(self) -> bool:
        """Whether enough cells reach it."""
        return self.reached >= self.required

    def __str__(self) -> str:
        head = f"{self.expectation}: {self.reached} of {self.selected} cells, {self.required} required"
        return head if self.met else f"{head}; short: {listed(self.short)}"


@dataclass(frozen=True, slots=True)
class Coverage:
    """How many of the printed numbers the expectations speak of.

    A number is covered if an expectation selects it and ours has a counterpart.

    Examples
    --------
    >>> Coverage(120, 114, ()).ok, Coverage(120, 113, ()).ok, Coverage(20, 19, ()).ok
    (True, False, True)
    """

    printed: int
    covered: int
    uncovered: tuple[str, ...]

    @property
    def share(self) -> float:
        """Covered share of the printed numbers; of none, all."""
        return self.covered / self.printed if self.printed else 1.0

    @property
    def ok(self) -> bool:
        """Whether it is at least ``COVERAGE``, in exact arithmetic."""
        return self.covered >= COVERAGE * self.printed

    def __str__(self) -> str:
        head = f"expectations cover {self.covered} of {self.printed} printed numbers ({100 * self.share:.1f} per cent)"
        need = math.ceil(COVERAGE * self.printed)
        return head if self.ok else f"{head}, {need} required; not covered: {listed(self.uncovered)}"
