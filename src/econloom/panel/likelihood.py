"""What a model fitted by maximum likelihood gives: coefficients, covariances, statistics of the likelihood."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np

from econloom.core.errors import EstimationError, UsageError
from econloom.core.lineage import SampleLog
from econloom.core.spec import SscName, VcovSpec
from econloom.panel import hypotheses
from econloom.panel.absorb import Grouping
from econloom.panel.conventions import Correction, Counts, correction, residual_df
from econloom.panel.counting import cluster_ways, counted
from econloom.panel.fitted import Fit, Shared
from econloom.panel.inference.sandwich import infer
from econloom.panel.linear.goodness import Glance
from econloom.panel.linear.ols import Estimate
from econloom.panel.request import Request


@dataclass(frozen=True)
class Likelihood:
    """What the statistics of a fit are made of, whatever its covariance.

    Attributes
    ----------
    family : str
    loglik, loglik_null : float
        With all regressors and effects, and with a constant alone (conditional logit: with zero coefficients).
    deviance : float
    iterations : int
    conditional : bool
        The effects are conditioned out and take no degrees of freedom.
    notes : tuple of str
        What a reader of the numbers has to know.
    """

    family: str
    loglik: float
    loglik_null: float
    deviance: float
    iterations: int
    conditional: bool = False
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, repr=False, eq=False)
class LikelihoodFit(Fit):
    """A model fitted by maximum likelihood; used like any :class:`Fit`.

    Attributes
    ----------
    likelihood : Likelihood
    """

    likelihood: Likelihood = field(kw_only=True)

    def with_vcov(self, vcov: VcovSpec) -> LikelihoodFit:
        """The same coefficients with another covariance; this fit stays as it is.

        Raises
        ------
        UsageError
            A covariance that such models do not have, or whose column is missing in rows of the sample.
        """
        return self._again(replace(self.request, vcov=vcov))

    def with_ssc(self, ssc: SscName) -> LikelihoodFit:
        """The same coefficients under another small-sample convention.

        Raises
        ------
        UsageError
            A convention of linear models.
        """
        return self._again(replace(self.request, ssc=ssc))

    def _again(self, asked: Request) -> LikelihoodFit:
        return assembled(asked, self.sample, self.shared, self.estimate, self.likelihood)

    @property
    def warnings(self) -> tuple[str, ...]:
        """What a reader of the numbers has to know."""
        return (*super().warnings, *self.likelihood.notes)

    @cached_property
    def tests(self) -> hypotheses.Tests:
        """The joint Wald test of all regressors."""
        return _WaldOnly(self)


class _WaldOnly(hypotheses.Tests):
    """The one test of linear models that holds for any likelihood."""

    def __getitem__(self, name: str) -> hypotheses.Result:
        if name != "wald":
            raise KeyError(f"no test {name!r} of a model fitted by maximum likelihood; it has wald")
        return super().__getitem__(name)

    def __iter__(self) -> Iterator[str]:
        return iter(("wald",))

    def __len__(self) -> int:
        return 1


def refuse_options(asked: Request, name: str) -> None:
    """Refuse conventions and covariances of linear models.

    Raises
    ------
    UsageError
    """
    if sloped := [e.name for e in asked.model.effects if e.slopes]:
        raise UsageError(f"el.{name} takes no varying slopes: {', '.join(sloped)}", hint="dummies: i(firm, t)")
    if asked.ssc not in {"fixest", "none"}:
        raise UsageError(f"el.{name} has no convention {asked.ssc}", hint="ssc='fixest' or ssc='none'")
    if asked.vcov.kind not in {"iid", "hc1", "cluster"}:
        raise UsageError(f"el.{name} has no {asked.vcov}", hint="el.iid(), el.hc1() or el.cluster(...)")


def assembled(
    asked: Request, log: SampleLog, shared: Shared, estimate: Estimate, likelihood: Likelihood
) -> LikelihoodFit:
    """The fit with the inference of the request's covariance.

    Raises
    ------
    EstimationError
        No degrees of freedom are left.
    """
    refuse_options(asked, likelihood.family)
    design, absorbed = shared.design, shared.moments.absorbed
    clusters = cluster_ways(asked, design)
    counts = replace(counted(asked, design, absorbed, 0, clusters), regressors=len(estimate.names))
    if likelihood.conditional:
        counts = replace(counts, levels=(), nested=(), redundant=(), absorbed_rank=0)
        clusters = tuple(_of_groups(way, design.effects[0]) for way in clusters)
    if counts.n <= counts.regressors + counts.absorbed_rank:
        taken = f"{counts.regressors} regressors and {counts.absorbed_rank} dimensions of effects"
        raise EstimationError(f"{counts.n} rows for {taken}: no degrees of freedom are left")
    inference = infer(estimate, absorbed, asked.vcov, _rule(asked, counts), clusters)
    units = design.groups.get(asked.unit_keys) if asked.unit_keys else None
    sizes: Glance = {"n": design.n, "n_units": units.levels if units else None, "n_clusters": counts.clusters}
    values: Glance = {**sizes, **_statistics(asked, counts, likelihood)}
    return LikelihoodFit(asked, log, shared, estimate, inference, values, counts, clusters, likelihood=likelihood)


def _of_groups(clusters: Grouping, effect: Grouping) -> Grouping:
    """Clusters of the groups of an effect, over whose scores the conditional likelihood sums.

    Raises
    ------
    UsageError
        A group lies in several clusters.
    """
    if not effect.nested_in(clusters):
        raise UsageError(
            f"conditional logit: groups of {effect.name!r} lie in several clusters of {clusters.name!r}",
            hint=f"el.cluster({effect.name!r}), or clusters of whole groups",
        )
    first = np.zeros(effect.levels, dtype=np.int64)
    first[effect.codes] = clusters.codes
    return Grouping(clusters.name, first, clusters.levels)


def _rule(asked: Request, counts: Counts) -> Correction:
    """Factors of linear models, (n - 1)/(n - K) for iid, because the dispersion is one; always normal."""
    rule = correction(asked.ssc, asked.vcov, counts)
    dispersion = (counts.n - 1) / counts.n if asked.vcov.kind == "iid" and asked.ssc == "fixest" else 1.0
    return replace(rule, factor=rule.factor * dispersion, distribution="normal", df=None)


def _statistics(asked: Request, counts: Counts, likelihood: Likelihood) -> Glance:
    df = residual_df(asked.ssc, counts)
    taken, ll = counts.n - df, likelihood.loglik
    return {
        "loglik": ll,
        "loglik_null": likelihood.loglik_null,
        "deviance": likelihood.deviance,
        "pseudo_r2": 1 - ll / likelihood.loglik_null if likelihood.loglik_null else None,
        "aic": 2 * taken - 2 * ll,
        "bic": math.log(counts.n) * taken - 2 * ll,
        "df_residual": df,
    }
