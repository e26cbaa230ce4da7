"""A fitted linear model: what a user holds, and how it is put together from arrays."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import polars as pl

from econloom.core.errors import EstimationError, UsageError, plural
from econloom.core.estimate import Coefficient, Stage, Test, Tidy, Unavailable
from econloom.core.lineage import SampleLog
from econloom.core.spec import SscName, VcovSpec
from econloom.panel import hypotheses, show
from econloom.panel.absorb import FloatArray, Grouping
from econloom.panel.conventions import Counts, correction
from econloom.panel.counting import cluster_ways, counted, unit_position
from econloom.panel.design import Design
from econloom.panel.formula import ModelSpec, Term, retyped
from econloom.panel.inference.clustering import clustered_meat
from econloom.panel.inference.sandwich import Inference, infer
from econloom.panel.inference.serial import axes
from econloom.panel.linear.constant import Offset
from econloom.panel.linear.gmm import GMMEstimate, Weigh, two_step
from econloom.panel.linear.goodness import Basis, Glance, beside_likelihood, goodness, mean_of_column
from econloom.panel.linear.iv import Equation, IVEstimate, instrumental
from econloom.panel.linear.ols import Estimate, least_squares
from econloom.panel.moments import Absorbed, Moments
from econloom.panel.request import Request


@dataclass(frozen=True)
class Shared:
    """What all models on one sample have in common.

    Attributes
    ----------
    design : Design
    moments : Moments
    offset : Offset, Unavailable or None
        What defines the constant; why there is none.
    """

    design: Design
    moments: Moments
    offset: Offset | Unavailable | None


@dataclass(frozen=True, repr=False, eq=False)
class Fit:
    """A fitted linear model.

    Attributes
    ----------
    request : Request
        What was asked for, with the panel.
    sample : SampleLog
        The funnel from the rows offered to n.
    shared : Shared
        Arrays, shared with other models of the same sample.
    estimate : Estimate
    inference : Inference
    glance_values : dict
    counts : Counts
        What the small-sample rules were applied to.
    clusters : tuple of Grouping
        One for each way of clustering.
    stage : {"main", "first", "second", "reduced"}
    """

    request: Request
    sample: SampleLog
    shared: Shared
    estimate: Estimate
    inference: Inference
    glance_values: Glance
    counts: Counts
    clusters: tuple[Grouping, ...]
    stage: Stage = "main"

    @property
    def design(self) -> Design:
        """Arrays of the sample."""
        return self.shared.design

    @property
    def absorbed(self) -> Absorbed:
        """The block of columns with the effects swept out."""
        return self.shared.moments.absorbed

    @property
    def constant(self) -> str | None:
        """Why the convention's constant is not printed."""
        return self.shared.offset.reason if isinstance(self.shared.offset, Unavailable) else None

    def tidy(self) -> pl.DataFrame:
        """One row a coefficient: term, estimate, std_error, statistic, p_value, conf_low, conf_high (95 per cent).

        What is undefined is null.
        """
        columns = ("estimate", "std_error", "statistic", "p_value", "conf_low", "conf_high")
        found = {c: [_known(getattr(row, c)) for row in self.summary.coefficients] for c in columns}
        schema = {"term": pl.String, **dict.fromkeys(columns, pl.Float64)}
        return pl.DataFrame({"term": list(self.estimate.names), **found}, schema=schema)

    def glance(self) -> pl.DataFrame:
        """One row of statistics: n, n_units, n_clusters, r2 in its kinds, loglik, aic, bic, df_residual and others."""
        whole = {"n", "n_units", "n_clusters", "df_residual"}
        schema = {k: pl.Int64 if k in whole else pl.Float64 for k in self.glance_values}
        return pl.DataFrame({k: [v] for k, v in self.glance_values.items()}, schema=schema)

    def with_vcov(self, vcov: VcovSpec) -> Fit:
        """The same coefficients with another covariance; this fit stays as it is.

        Raises
        ------
        UsageError
            The covariance's column is missing in rows of the sample.
        """
        return assembled(replace(self.request, vcov=vcov), self.sample, self.shared, self.estimate, self.stage)

    def with_ssc(self, ssc: SscName) -> Fit:
        """The same coefficients under another small-sample convention; the constant stays the one that is printed.

        Raises
        ------
        UsageError
            A convention that does not fit the model; ``xtreg`` of a weighted model (fit that again).
        """
        if ssc == self.request.ssc:
            return self
        if ssc == "xtreg" and self.request.weights is not None:
            raise UsageError("convention xtreg of a weighted model", hint="fit again with ssc='xtreg'")
        asked = replace(self.request, ssc=ssc, constant=self.request.constant_kind)
        return assembled(asked, self.sample, self.shared, self.estimate, self.stage)

    @property
    def vcov(self) -> FloatArray:
        """Covariance of the coefficients, (p, p), in the order of :meth:`tidy`."""
        return self.inference.vcov.copy()

    @property
    def warnings(self) -> tuple[str, ...]:
        """What a reader of the numbers has to know."""
        removed = (f"{name} left out: {why}" for name, why in self.estimate.removed)
        constant = (f"no constant: {self.constant}",) if self.constant else ()
        return (*removed, *constant, *self.inference.warnings)

    @cached_property
    def first_stage(self) -> Mapping[str, Fit]:
        """The regression of each endogenous variable on exogenous regressors and instruments, same rows, by name."""
        terms = (*self.request.model.terms, *self.request.model.instruments)
        return {t.name: self._stage(t, terms, "first") for t in self.request.model.endogenous}

    @cached_property
    def reduced_form(self) -> Fit:
        """The regression of the outcome on exogenous regressors and instruments, on the same rows.

        Raises
        ------
        UsageError
            The model has no endogenous variables.
        """
        model = self.request.model
        if not model.endogenous:
            raise UsageError(f"a model without instruments has no reduced form: {model.text}")
        return self._stage(model.outcome, (*model.terms, *model.instruments), "reduced")

    def _stage(self, outcome: Term, terms: tuple[Term, ...], stage: Stage) -> Fit:
        plain = replace(self.request.model, outcome=outcome, terms=terms, endogenous=(), instruments=())
        return fitted(replace(self.request, model=retyped(plain)), self.sample, self.shared, stage)

    @cached_property
    def tests(self) -> hypotheses.Tests:
        """Statistics by name, computed when asked for; see :class:`econloom.panel.hypotheses.Tests`."""
        return hypotheses.Tests(self)

    def wald(self, terms: Sequence[str] | str) -> Test | Unavailable:
        """Joint test that some coefficients are zero; see :func:`econloom.panel.hypotheses.wald`."""
        return hypotheses.wald(self, [terms] if isinstance(terms, str) else terms)

    @property
    def small_sample(self) -> Mapping[str, float]:
        """Numbers of the convention (:mod:`econloom.panel.conventions`): n, K, G where there are clusters, factor."""
        asked, counts = self.request, self.counts
        kind = replace(asked.vcov, kind="cluster") if asked.vcov.clusters else asked.vcov
        rule = correction(asked.ssc, kind, counts)
        found: dict[str, float] = {"n": counts.n, "K": rule.parameters, "factor": rule.factor}
        return found | ({"G": counts.clusters} if kind.clusters and counts.clusters else {})

    @property
    def summary(self) -> Tidy:
        """The model as rows and statistics, free of arrays."""
        model, law = self.request.model, self.inference
        rows = zip(
            self.estimate.names, self.estimate.coefficients, law.std_error, law.statistic, law.p_value,
            law.conf_low, law.conf_high, strict=True,
        )  # fmt: skip
        return Tidy(
            outcome=model.outcome.name,
            coefficients=tuple(Coefficient(name, *map(float, numbers)) for name, *numbers in rows),
            glance=dict(self.glance_values),
            effects=tuple(e.name for e in model.effects),
            vcov=str(self.request.vcov),
            ssc=self.request.ssc,
            distribution=law.distribution,
            df=law.df,
            sample=self.sample,
            clusters=self.request.vcov.clusters,
            stage=self.stage,
            removed=self.estimate.removed,
            formula=model.text,
            extra={
                "warnings": self.warnings,
                "small_sample": self.small_sample,
                **_instruments(model, self.estimate),
                **_degrees(self.inference),
            },
        )

    def __repr__(self) -> str:
        return show.text(self.summary)

    def _repr_html_(self) -> str:
        return show.html(self.summary)


def fitted(asked: Request, log: SampleLog, shared: Shared, stage: Stage | None = None) -> Fit:
    """Estimate one model from the arrays of its sample.

    Parameters
    ----------
    asked : Request
    log : SampleLog
    shared : Shared
    stage : str, optional
        ``second`` for a model with endogenous variables, else ``main``, by default.
    """
    model, design = asked.model, shared.design
    offset = None if isinstance(shared.offset, Unavailable) else shared.offset

    def named(terms: Sequence[Term]) -> list[tuple[int, str]]:
        return list(zip(design.positions(terms), [t.name for t in terms], strict=True))

    outcome = named([model.outcome])[0]
    if not model.endogenous:
        estimate: Estimate = least_squares(shared.moments, outcome, named(model.terms), offset)
        return assembled(asked, log, shared, estimate, stage or "main")
    equation = Equation(outcome, named(model.terms), named(model.endogenous), named(model.instruments))
    if asked.method == "gmm":
        estimate = two_step(shared.moments, equation, offset, _weigh(asked, design), asked.vcov)
    else:
        estimate = instrumental(shared.moments, equation, offset, asked.method)
    return assembled(asked, log, shared, estimate, "second")


def _weigh(asked: Request, design: Design) -> Weigh:
    """Covariance of sums of scores that the request's covariance stands for.

    Raises
    ------
    UsageError
        Neither robust to heteroskedasticity nor clustered.
    """
    if asked.vcov.kind not in {"hc1", "cluster"}:
        raise UsageError(
            f"method='gmm' weighs the moments by a robust covariance, not {asked.vcov}; under iid errors it is 2SLS",
            hint="vcov=el.hc1() or el.cluster('code'), or method='2sls'",
        )
    ways = cluster_ways(asked, design)

    def outer(scores: FloatArray) -> FloatArray:
        def sums(groups: Grouping) -> FloatArray:
            return np.column_stack([np.bincount(groups.codes, s, groups.levels) for s in scores.T])

        return clustered_meat(sums, ways) if ways else np.asarray(scores.T @ scores)

    return outer


def assembled(asked: Request, log: SampleLog, shared: Shared, estimate: Estimate, stage: Stage) -> Fit:
    """The fit with the inference and statistics of the request's covariance.

    Raises
    ------
    EstimationError
        No degrees of freedom are left.
    """
    design, absorbed = shared.design, shared.moments.absorbed
    clusters = cluster_ways(asked, design)
    counts = counted(asked, design, absorbed, estimate.regressors, clusters)
    if counts.n <= counts.regressors + counts.absorbed_rank:
        taken = plural(counts.regressors, "coefficient")
        effects = f" and {plural(counts.absorbed_rank, 'dimension')} of effects" if design.effects else ""
        raise EstimationError(
            f"{plural(counts.n, 'row')} for {taken}{effects}: no degrees of freedom are left",
            hint="fewer regressors, or coarser effects",
        )
    kind = replace(asked.vcov, kind="cluster") if asked.vcov.clusters else asked.vcov
    rule = correction(asked.ssc, kind, counts)
    inference = infer(estimate, absorbed, asked.vcov, rule, clusters, axes(asked, design))
    effect = None if (unit := unit_position(asked)) is None else design.effects[unit]
    at = design.positions([asked.model.outcome])[0]
    units = design.groups.get(asked.unit_keys) if asked.unit_keys else None
    values = goodness(design, absorbed, estimate, Basis(at, effect, asked.ssc, counts, rule))
    glance: Glance = {
        "n": design.n,
        "n_units": units.levels if units else None,
        "n_clusters": counts.clusters,
        "mean_outcome": mean_of_column(absorbed, at, design.intercept),
        **beside_likelihood(values, asked.ssc, counts, estimate),
    }
    return Fit(asked, log, shared, estimate, inference, glance, counts, clusters, stage)


def _degrees(law: Inference) -> dict[str, object]:
    """Degrees of freedom of each coefficient, where they have their own."""
    return {} if law.dfs is None else {"df": tuple(map(float, law.dfs))}


def _instruments(model: ModelSpec, estimate: Estimate) -> dict[str, object]:
    if not isinstance(estimate, IVEstimate):
        return {}
    names = {"endogenous": model.endogenous, "instruments": model.instruments}
    method = "gmm" if isinstance(estimate, GMMEstimate) else estimate.method
    return {"method": method, **{k: tuple(t.name for t in v) for k, v in names.items()}}


def _known(value: float) -> float | None:
    return None if math.isnan(value) else value
