"""Small-sample factors of a fit under its own convention and under those that programs follow."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import get_args

from econloom.core.errors import EconloomError
from econloom.core.spec import SscName
from econloom.panel.absorb import levelled, pairwise_redundant
from econloom.panel.conventions import Counts, correction
from econloom.panel.fitted import Fit
from econloom.panel.likelihood import LikelihoodFit
from econloom.panel.transformed import PanelFit, factors_of
from econloom.study.export.statement import Errors

ELSEWHERE = frozenset({"newey_west", "driscoll_kraay", "conley"})
"""Covariances whose factors are no part of a convention."""
SMALL = frozenset({"cr2", "cr3"})
"""Covariances without a factor."""


def errors_of(fit: Fit, clusters: tuple[str, ...]) -> Errors:
    """How the standard errors of a fit come about.

    Parameters
    ----------
    fit : Fit
    clusters : tuple of str
        Prepared columns of the ways of clustering.
    """
    asked = fit.request
    vcov = asked.vcov
    likelihood = isinstance(fit, LikelihoodFit)
    name = fit.convention if isinstance(fit, PanelFit) else asked.ssc
    own: SscName = factors_of(fit.convention) if isinstance(fit, PanelFit) else asked.ssc
    programs = _programs(fit)
    factor, parameters = None, 0
    if vcov.kind in SMALL:
        factor, programs = 1.0, dict.fromkeys(programs, 1.0)
    elif vcov.kind not in ELSEWHERE:
        kind = replace(vcov, kind="cluster") if vcov.clusters else vcov
        rule = correction(own, kind, _counts(fit, own))
        factor, parameters = rule.factor, rule.parameters
        if likelihood:
            n = fit.counts.n
            if vcov.kind == "iid":
                factor *= (n - 1 if own == "fixest" else n) if own == "fixest" else n
            programs = {**programs, "likelihood": likelihood_factor(vcov.kind, n, fit.counts.clusters)}
    return Errors(
        vcov.kind, str(vcov), clusters, vcov.lags, name, factor, parameters, fit.counts.clusters, programs
    )  # fmt: skip


def likelihood_factor(kind: str, n: int, clusters: int | None) -> float:
    """What Stata multiplies the covariance of a likelihood by: n/(n-1), G/(G-1), or nothing."""
    if kind == "iid":
        return 1.0
    if kind == "cluster" and clusters:
        return clusters / (clusters - 1)
    return n / (n - 1)


def _programs(fit: Fit) -> Mapping[str, float]:
    """The factor of each convention; without those that the model cannot have."""
    vcov = fit.request.vcov
    kind = replace(vcov, kind="cluster") if vcov.clusters else vcov
    if kind.kind in ELSEWHERE:
        return {}
    found = {}
    for name in get_args(SscName):
        if name in {"reghdfe", "xtreg"} and fit.request.model.slopes:
            continue  # neither rule says how varying slopes count
        try:
            found[name] = correction(name, kind, _counts(fit, name)).factor
        except EconloomError:
            continue
    return found


def _counts(fit: Fit, ssc: SscName) -> Counts:
    """What the rules count; levels that are redundant by pairs only for the program that counts them so."""
    counts, design = fit.counts, fit.design
    if ssc != "reghdfe" or not counts.levels:
        return counts
    effects = levelled(design.effects, design.slopes)
    return replace(counts, redundant=pairwise_redundant(effects, counts.nested))
