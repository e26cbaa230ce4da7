"""From a specification to the request that a plain fit would get, and the rows that it uses."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import numpy as np
import polars as pl

from econloom.core.errors import DataError, EconloomError, EstimationError, UsageError
from econloom.core.frame import Panel
from econloom.core.spec import SscName
from econloom.data.expressions import Scope
from econloom.panel.absorb import IntArray
from econloom.panel.columns import Columns
from econloom.panel.design import Sample, draw_sample
from econloom.panel.designs.specifications.choices import Choices, Specification
from econloom.panel.formula import EffectTerm, ModelSpec, Term, expand, has_factors, parse_formula, retyped
from econloom.panel.request import Request


@dataclass(frozen=True)
class Setting:
    """What all specifications share.

    Attributes
    ----------
    panel : Panel
    choices : Choices
    instruments : mapping of terms to the instruments that stand for them, as typed
    ssc, singletons, common
        As the arguments of :func:`econloom.panel.designs.specifications.curve`.
    scope : Scope or None
        Lists and named samples that conditions may use.
    """

    panel: Panel
    choices: Choices
    instruments: Mapping[str, str] = field(default_factory=dict)
    ssc: SscName = "fixest"
    singletons: Literal["keep", "drop"] = "keep"
    common: bool = False
    unit: str | None = None
    scope: Scope | None = None


@dataclass(frozen=True)
class Member:
    """A specification with its request, spelt out on its sample.

    Attributes
    ----------
    asked : Request
    focal : Term
    columns : Columns
    sample : Sample
    """

    specification: Specification
    asked: Request
    focal: Term
    columns: Columns
    sample: Sample


@dataclass(frozen=True)
class Failure:
    """A specification that has no estimate, and why."""

    specification: Specification
    reason: str


@dataclass
class Writer:
    """Writes requests; every part of a formula is read once.

    Attributes
    ----------
    setting : Setting
    """

    setting: Setting
    _terms: dict[str, tuple[Term, ...]] = field(default_factory=dict)
    _models: dict[tuple[object, ...], ModelSpec] = field(default_factory=dict)
    _outcomes: dict[str, Term] = field(default_factory=dict)
    _effects: dict[str, tuple[EffectTerm, ...]] = field(default_factory=dict)

    def request(self, one: Specification) -> tuple[Request, Term]:
        """The request of a specification, and its term of interest."""
        s = self.setting
        model, focal = self.model(one), self.term(one.term)
        where, vcov = s.choices.samples[one.sample], s.choices.vcovs[one.vcov]
        options: dict[str, Any] = {"weights": one.weights, "where": where, "unit": s.unit, "ssc": s.ssc}
        asked = Request(
            model, s.panel, vcov, singletons=s.singletons, scope=s.scope, constant="none", **options
        )  # fmt: skip
        return asked, focal

    def model(self, one: Specification) -> ModelSpec:
        """The model of a specification."""
        key = (one.outcome, one.term, one.controls, one.effects)
        if key not in self._models:
            outcome, effects, focal = self.outcome(one.outcome), self.effects(one.effects), self.term(one.term)
            terms = {t.key: t for c in one.controls for t in self.terms(c)}
            if focal.key in terms or outcome.key in {focal.key, *terms}:
                raise UsageError(f"{one.term!r} or {one.outcome!r} is among the controls {' + '.join(one.controls)!r}")
            instruments = self.setting.instruments.get(one.term)
            if instruments is None:
                made = ModelSpec("", outcome, (focal, *terms.values()), True, effects)
            else:
                made = ModelSpec("", outcome, tuple(terms.values()), True, effects, (focal,), self.terms(instruments))
            self._models[key] = retyped(made)
        return self._models[key]

    def term(self, text: str) -> Term:
        """The one term that a text stands for."""
        found = self.terms(text)
        if len(found) != 1:
            raise UsageError(f"{text!r} stands for {len(found)} terms: the term of interest is one")
        return found[0]

    def terms(self, text: str) -> tuple[Term, ...]:
        """Terms of a part of a formula, such as ``log(x) + z``."""
        if text not in self._terms:
            model = parse_formula(f"{text} ~ 1" if not text else f"y ~ {text}")
            if model.effects or model.endogenous or not model.intercept or not model.terms:
                raise UsageError(f"{text!r} is no list of terms", hint="effects have an argument of their own")
            self._terms[text] = model.terms
        return self._terms[text]

    def outcome(self, text: str) -> Term:
        """An outcome, such as ``log(y)``."""
        if text not in self._outcomes:
            self._outcomes[text] = parse_formula(f"{text} ~ 1").outcome
        return self._outcomes[text]

    def effects(self, text: str) -> tuple[EffectTerm, ...]:
        """Fixed effects, such as ``firm + year``; none of an empty text."""
        if text not in self._effects:
            self._effects[text] = parse_formula(f"y ~ 1 | {text}").effects if text else ()
        return self._effects[text]


class Sampler:
    """Draws the sample of each request once for all requests that lose the same rows.

    Parameters
    ----------
    writer : Writer
    """

    def __init__(self, writer: Writer) -> None:
        self.writer = writer
        self._columns: dict[object, Columns] = {}
        self._samples: dict[object, Sample | EconloomError] = {}
        self._combinations: dict[object, list[tuple[Any, ...]]] = {}
        self.digests: dict[int, bytes] = {}

    def member(self, one: Specification, where: pl.Series | None = None) -> Member | Failure:
        """A specification ready to be estimated, or why it has no rows.

        Parameters
        ----------
        one : Specification
        where : boolean Series, optional
            Instead of the condition of its sample.
        """
        asked, focal = self.writer.request(one)
        key: object = one.sample
        if where is not None:
            asked, key = replace(asked, where=where), (one.sample, id(where))
        try:
            if key not in self._columns:
                self._columns[key] = Columns(asked.panel, asked.where, asked.scope)
            columns = self._columns[key]
            sample = self._sample(key, columns, asked)
            if has_factors(asked.model, columns):
                levels = _Levels(columns, sample, self._combinations)
                asked = replace(asked, model=expand(asked.model, levels))
                if focal.key not in {t.key for t in asked.model.regressors}:
                    raise UsageError(f"the term of interest {focal.name!r} is a factor", hint="name one column")
        except (DataError, EstimationError) as error:
            return Failure(one, error.message)
        return Member(one, asked, focal, columns, sample)

    def _sample(self, where: object, columns: Columns, asked: Request) -> Sample:
        model = asked.model
        lossy = frozenset(t.key for t in model.columns if columns.missing(t, model.text) is not None)
        effects = tuple(e.key for e in model.effects)
        key = (where, lossy, effects, asked.weights, asked.cluster_ways, asked.vcov.space, asked.unit)
        if key not in self._samples:
            try:
                found = draw_sample(columns, asked)
                self.digests[id(found)] = hashlib.sha256(found.rows.tobytes()).digest()
                self._samples[key] = found
            except (DataError, EstimationError) as error:
                self._samples[key] = error
        known = self._samples[key]
        if isinstance(known, EconloomError):
            raise known
        return known


@dataclass(frozen=True)
class _Levels:
    """Levels of a sample's factors, each combination of columns looked up once."""

    columns: Columns
    sample: Sample
    known: dict[object, list[tuple[Any, ...]]]

    def is_text(self, column: str) -> bool:
        return self.columns.is_text(column)

    def combinations(self, columns: Sequence[str]) -> list[tuple[Any, ...]]:
        key = (id(self.sample), tuple(columns))
        if key not in self.known:
            self.known[key] = self.columns.combinations(columns, self.sample.rows)
        return self.known[key]


def drawn(sampler: Sampler, every: Sequence[Specification]) -> tuple[list[Member], list[Failure]]:
    """All specifications with their rows: their own, or in each sample those that all of them can use."""
    made = [sampler.member(one) for one in every]
    if sampler.writer.setting.common:
        made = _on_common_rows(sampler, made)
    return [m for m in made if isinstance(m, Member)], [m for m in made if isinstance(m, Failure)]


def _on_common_rows(sampler: Sampler, made: Sequence[Member | Failure]) -> list[Member | Failure]:
    """Each on the rows of its sample that every specification on that sample uses.

    Singletons that are dropped make the rows fewer, so it is repeated until nothing changes.
    """
    found = list(made)
    for name in dict.fromkeys(m.specification.sample for m in made):
        places = [n for n, m in enumerate(found) if m.specification.sample == name]
        before = -1
        while True:
            members = [m for n in places if isinstance(m := found[n], Member)]
            rows = _shared(members)
            if not members or len(rows) == before:
                break
            if not len(rows):
                reason = "no row of the sample can be used by every specification (common_sample=True)"
                for n in places:
                    found[n] = Failure(found[n].specification, reason)
                break
            before = len(rows)
            mask = np.zeros(members[0].asked.panel.height, dtype=bool)
            mask[rows] = True
            where = pl.Series(f"rows that all specifications of {name} share", mask)
            for n in places:
                if isinstance(found[n], Member):
                    found[n] = sampler.member(found[n].specification, where)
    return found


def _shared(members: Sequence[Member]) -> IntArray:
    """Rows that all have."""
    samples = {id(m.sample): m.sample.rows for m in members}
    if not samples:
        return np.zeros(0, dtype=np.int64)
    rows = list(samples.values())
    shared = rows[0]
    for other in rows[1:]:
        shared = np.intersect1d(shared, other, assume_unique=True)
    return shared
