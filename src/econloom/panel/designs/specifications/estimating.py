"""All specifications on one block of absorbed columns: each a slice of one Gram matrix, their scores in batches.

With B the absorbed block, a model's regressors K and its outcome y: ``b = (B_K'W B_K)^-1 B_K'W y`` from the Gram
matrix. Its two columns that any robust covariance needs, ``x~ = B_K a`` (what the others leave of the regressor of
interest, over its squared length) and ``e = y - B_K b``, are combinations of the block, so those of a batch of models
are two matrix products; the variance of the coefficient is ``sum_g (sum_{i in g} w_i x~_i e_i)^2`` (Frisch and Waugh
1933). Models that differ in their covariance only share them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
from scipy import sparse

from econloom.core.errors import DataError, EconloomError, EstimationError
from econloom.core.spec import VcovSpec
from econloom.panel.absorb import FloatArray, Grouping
from econloom.panel.conventions import Counts, correction
from econloom.panel.counting import cluster_ways, counted, unit_position
from econloom.panel.design import Design, build_design
from econloom.panel.designs.specifications.asking import Failure, Member
from econloom.panel.designs.specifications.solving import Solved, said, solve
from econloom.panel.fit import printed_constant, refuse_varying_weights
from econloom.panel.fitted import Shared, fitted
from econloom.panel.inference.sandwich import ZERO
from econloom.panel.linear.ols import PERFECT_FIT, ROUNDING
from econloom.panel.moments import Absorbed, Moments, cross_multiply, sweep
from econloom.panel.passes import together

CELLS = 3_000_000
"""Rows times models of one batch."""
RUN = 4_096
"""Rows whose products stay in the processor's cache."""
FAST = ("iid", "hc1", "cluster")
Progress = Callable[[int], object]


@dataclass(frozen=True)
class Found:
    """The estimate of one specification; NaN where something cannot be said, with the reason in ``note``.

    ``law`` holds the p value and the interval of a covariance that has its own (the wild bootstrap), None for t.
    """

    number: int
    estimate: float
    std_error: float
    df: float | None
    n: int
    n_clusters: int | None
    removed: str | None
    formula: str
    note: str | None
    law: tuple[float, float, float] | None = None


@dataclass(frozen=True)
class Block:
    """What all members of a group share.

    Attributes
    ----------
    design : Design
    moments : Moments
    places : dict
        Columns of the block by key.
    """

    design: Design
    moments: Moments
    places: dict[str, int]

    @classmethod
    def of(cls, members: Sequence[Member]) -> Block:
        """Absorb every column of some members once and cross-multiply them."""
        design = build_design([(m.columns, m.asked) for m in members], members[0].sample)
        return cls(design, cross_multiply(sweep(design)), {key: n for n, key in enumerate(design.keys)})

    @property
    def absorbed(self) -> Absorbed:
        """The block of columns with the effects swept out."""
        return self.moments.absorbed


def group_key(member: Member, digest: bytes) -> tuple[object, ...]:
    """Members with equal keys share rows, effects and weights."""
    model = member.asked.model
    return (digest, tuple(e.key for e in model.effects), member.asked.weights, model.spans_constant)


def estimate_group(members: Sequence[Member], progress: Progress | None = None) -> Iterator[Found | Failure]:
    """The estimates of members that share rows, effects and weights, in any order."""
    try:
        block = Block.of(members)
    except (DataError, EstimationError) as error:
        yield from (Failure(m.specification, error.message) for m in members)
        return
    slices = [m for m in members if _is_slice(m)]
    models: dict[tuple[object, ...], list[Member]] = {}
    for member in slices:
        model = member.asked.model
        key = (model.outcome.key, member.focal.key, tuple(t.key for t in model.terms))
        models.setdefault(key, []).append(member)
    yield from _sliced(block, list(models.values()), progress)
    shared = None
    for member in members:
        if not _is_slice(member):
            shared = shared or Shared(block.design, block.moments, None)
            yield _fitted(member, shared)
            if progress:
                progress(1)


def _is_slice(member: Member) -> bool:
    """Whether its standard error needs the coefficient of interest only."""
    vcov = member.asked.vcov
    return not member.asked.model.endogenous and vcov.kind in FAST and len(vcov.clusters) < 2


def _fitted(member: Member, shared: Shared) -> Found | Failure:
    """By the estimator itself, on the shared arrays: instruments, and covariances of all coefficients together."""
    asked = member.asked
    try:
        offset = printed_constant(asked, shared.design, shared.moments.absorbed)
        fit = fitted(asked, member.sample.log, replace(shared, offset=offset))
    except EconloomError as error:
        return Failure(member.specification, error.message)
    names = fit.estimate.names
    if member.focal.name not in names:
        why = dict(fit.estimate.removed).get(member.focal.name)
        return Failure(member.specification, f"{member.focal.name} left out: {why}")
    at = names.index(member.focal.name)
    law = fit.inference
    df = law.df if law.dfs is None else float(law.dfs[at])
    spread = float(law.std_error[at])
    note = None if np.isfinite(spread) else (law.warnings or ("no standard error",))[0]
    clusters = min((c.levels for c in fit.clusters), default=None)
    removed = said(fit.estimate.removed)
    value = float(fit.estimate.coefficients[at])
    own = float(law.p_value[at]), float(law.conf_low[at]), float(law.conf_high[at])
    return Found(
        member.specification.number, value, spread, df, shared.design.n, clusters, removed, asked.model.text, note,
        own if asked.vcov.kind == "wild" else None,
    )  # fmt: skip


@dataclass
class Rules:
    """Clusters and small-sample counts of a group, each found once.

    Attributes
    ----------
    block : Block
    """

    block: Block

    def __post_init__(self) -> None:
        self._known: dict[VcovSpec, tuple[tuple[Grouping, ...], Counts] | EconloomError] = {}

    def of(self, member: Member) -> tuple[tuple[Grouping, ...], Counts]:
        """Clusters, and what the rules are applied to, of no regressors.

        Raises
        ------
        EstimationError
            One cluster.
        UsageError
            As any fit of the convention.
        """
        asked = member.asked
        if asked.vcov not in self._known:
            try:
                unit = unit_position(asked)
                if asked.ssc == "xtreg" and unit is not None:
                    refuse_varying_weights(self.block.design, unit)
                ways = cluster_ways(asked, self.block.design)
                self._known[asked.vcov] = ways, counted(asked, self.block.design, self.block.absorbed, 0, ways)
            except EconloomError as error:
                self._known[asked.vcov] = error
        known = self._known[asked.vcov]
        if isinstance(known, EconloomError):
            raise known
        return known


def _sliced(block: Block, models: Sequence[Sequence[Member]], progress: Progress | None) -> Iterator[Found | Failure]:
    """Members by model: those of one model differ in their covariance only."""
    rules = Rules(block)
    solved: list[tuple[Solved, list[tuple[Member, Grouping | None, Counts]]]] = []
    for same in models:
        try:
            one = solve(block.moments, same[0], block.places)
        except EstimationError as error:
            yield from (Failure(m.specification, error.message) for m in same)
            continue
        ready = []
        for member in same:
            try:
                ways, base = rules.of(member)
                counts = replace(base, regressors=base.regressors + one.regressors)
                _refuse_no_freedom(counts)
                ready.append((member, ways[0] if ways else None, counts))
            except EconloomError as error:
                yield Failure(member.specification, error.message)
        if ready:
            solved.append((one, ready))
    if progress:
        progress(sum(map(len, models)) - sum(len(r) for _, r in solved))
    size = max(1, CELLS // max(block.design.n, 1))
    batches = [solved[n : n + size] for n in range(0, len(solved), size)]
    for pair in (batches[n : n + 2] for n in range(0, len(batches), 2)):
        outs: list[list[Found]] = [[] for _ in pair]
        tasks = [partial(_batch, block, batch, out) for batch, out in zip(pair, outs, strict=True)]
        together(tasks, sum(block.design.n * len(b) for b in pair) * 10)
        for out in outs:
            yield from out
            if progress:
                progress(len(out))


def _refuse_no_freedom(counts: Counts) -> None:
    if counts.n <= counts.regressors + counts.absorbed_rank:
        raise EstimationError(f"{counts.n} rows for {counts.regressors + counts.absorbed_rank} parameters")


def _batch(
    block: Block, batch: Sequence[tuple[Solved, list[tuple[Member, Grouping | None, Counts]]]], out: list[Found]
) -> None:
    """Estimates of a batch of models with all their covariances."""
    kinds = {(m.asked.vcov.kind, m.asked.vcov.clusters): way for _, ready in batch for m, way, _ in ready}
    rss, meats = scored(block.absorbed, [one for one, _ in batch], {k: w for k, w in kinds.items() if k[0] != "iid"})
    for n, (one, ready) in enumerate(batch):
        for member, way, counts in ready:
            key = (member.asked.vcov.kind, member.asked.vcov.clusters)
            meat = rss[n] * one.bread if key[0] == "iid" else meats[key][n]
            out.append(_found(member, one, counts, way, float(rss[n]), float(meat)))


def scored(
    absorbed: Absorbed, models: Sequence[Solved], kinds: dict[tuple[str, tuple[str, ...]], Grouping | None]
) -> tuple[FloatArray, dict[tuple[str, tuple[str, ...]], FloatArray]]:
    """Squared residuals of each model, and its sums of squared scores over rows or clusters, (S,) arrays.

    Parameters
    ----------
    absorbed : Absorbed
    models : sequence of Solved
    kinds : mapping to Grouping or None
        Ways of clustering by name; None for rows.
    """
    focal, errors = combinations(absorbed, models)
    S = len(models)
    rss = np.zeros(S)
    sums = {k: None if way is None else np.zeros((way.levels, S)) for k, way in kinds.items()}
    meats = {k: np.zeros(S) for k in kinds}
    for begin in range(0, absorbed.n, RUN):
        run = slice(begin, begin + RUN)
        B = absorbed.block[run]
        E = B @ errors
        heavy = E if absorbed.weights is None else E * absorbed.weights[run, None]
        rss += np.einsum("ij,ij->j", E, heavy)
        P = (B @ focal) * heavy
        for key, way in kinds.items():
            total = sums[key]
            if way is None or total is None:
                meats[key] += np.einsum("ij,ij->j", P, P)
            else:
                add_by_group(P, way.codes[run], total)
    for key, total in sums.items():
        if total is not None:
            meats[key] = np.einsum("ij,ij->j", total, total)
    return rss, meats


def add_by_group(P: FloatArray, codes: np.typing.NDArray[np.int64], out: FloatArray) -> None:
    """Add each row of P (n, S) to the row of ``out`` that its code names."""
    first = int(codes.min())
    span = int(codes.max()) - first + 1
    n = len(codes)
    if span > 4 * n:
        present, codes = np.unique(codes, return_inverse=True)
        dummies = sparse.csr_array((np.ones(n), (codes, np.arange(n))), shape=(len(present), n))
        out[present] += dummies @ P
        return
    dummies = sparse.csr_array((np.ones(n), (codes - first, np.arange(n))), shape=(span, n))
    out[first : first + span] += dummies @ P


def combinations(absorbed: Absorbed, models: Sequence[Solved]) -> tuple[FloatArray, FloatArray]:
    """What makes x~ and e of each model from the block, two (m, S) arrays."""
    m = absorbed.block.shape[1]
    focal, errors = np.zeros((m, len(models))), np.zeros((m, len(models)))
    for n, one in enumerate(models):
        columns = list(one.columns)
        focal[columns, n] = one.focal
        errors[columns, n] = -one.slopes
        errors[one.outcome, n] += 1.0
    return focal, errors


def _found(member: Member, one: Solved, counts: Counts, way: Grouping | None, rss: float, meat: float) -> Found:
    """With the standard error of the convention, or why there is none."""
    note = None
    vcov = member.asked.vcov
    rule = correction(member.asked.ssc, vcov, counts)
    error = float(np.sqrt(max(rule.factor * meat * one.scale, 0.0)))
    if rss <= max(PERFECT_FIT**2 * one.tss, ROUNDING**2 * counts.n):
        error, note = float("nan"), "the model fits perfectly: residuals are rounding, standard errors are undefined"
    elif error <= ZERO * float(np.sqrt(one.bread * rss / counts.n * one.scale)):
        error, note = float("nan"), "no standard error: the scores sum to zero in every cluster"
    clusters = None if way is None else way.levels
    text = member.asked.model.text
    number = member.specification.number
    return Found(number, one.estimate, error, rule.df, counts.n, clusters, said(one.removed), text, note)
