"""Fits on rows that a panel was turned into: what they hold beside a plain fit, and their inference."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from typing import Any, Literal, get_args

import numpy as np
from scipy import special

from econloom.core.errors import UsageError
from econloom.core.estimate import Tidy
from econloom.core.lineage import SampleLog
from econloom.core.spec import SscName, VcovSpec
from econloom.panel.absorb import Grouping
from econloom.panel.columns import grouped
from econloom.panel.design import Design
from econloom.panel.fitted import Fit, Shared, assembled
from econloom.panel.inference.sandwich import Inference
from econloom.panel.linear.between import explained
from econloom.panel.linear.goodness import Glance
from econloom.panel.linear.ols import Estimate
from econloom.panel.linear.random_effects import Components
from econloom.panel.request import Request

Estimator = Literal["random effects", "between", "first difference"]
PanelSsc = Literal["xtreg", "fixest", "none"]
ROBUST = ("hc1", "hc2", "hc3")


@dataclass(frozen=True)
class Drawn:
    """The rows of one model with the unit as the only effect, before they are turned into others.

    Attributes
    ----------
    request : Request
        Without effects; its terms are spelt out on the sample.
    design : Design
    log : SampleLog
    """

    request: Request
    design: Design
    log: SampleLog

    @property
    def unit(self) -> Grouping:
        """Units of the rows."""
        return self.design.effects[0]

    @property
    def outcome(self) -> tuple[int, str]:
        """Column of the block, and name."""
        term = self.request.model.outcome
        return self.design.positions([term])[0], term.name

    @property
    def regressors(self) -> list[tuple[int, str]]:
        """Columns of the block, and names."""
        terms = self.request.model.terms
        return list(zip(self.design.positions(terms), [t.name for t in terms], strict=True))


@dataclass(frozen=True, repr=False, eq=False, kw_only=True)
class PanelFit(Fit):
    """A fit on transformed rows; all of :class:`~econloom.panel.fitted.Fit`, and what belongs to its estimator.

    Attributes
    ----------
    estimator : {"random effects", "between", "first difference"}
    convention : {"xtreg", "fixest", "none"}
    drawn : Drawn
        The rows as they were.
    components : Components or None
        Of random effects.
    notes : tuple of str
        What a reader has to know of the estimator.
    """

    estimator: Estimator
    convention: PanelSsc
    drawn: Drawn
    components: Components | None
    notes: tuple[str, ...]

    def with_vcov(self, vcov: VcovSpec) -> PanelFit:
        """The same coefficients with another covariance; this fit stays as it is.

        Raises
        ------
        UsageError
            The covariance's column is missing in rows of the sample, or does not suit the estimator.
        """
        return _inferred(self, replace(self.request, vcov=vcov), self.convention)

    def with_ssc(self, ssc: SscName) -> PanelFit:
        """The same coefficients under another small-sample convention.

        Raises
        ------
        UsageError
            Not one of ``xtreg``, ``fixest`` and ``none``.
        """
        known = known_convention(ssc)
        return _inferred(self, replace(self.request, ssc=factors_of(known)), known)

    @property
    def warnings(self) -> tuple[str, ...]:
        """What a reader of the numbers has to know."""
        return (*self.notes, *super().warnings)

    @property
    def summary(self) -> Tidy:
        """The model as rows and statistics, free of arrays."""
        found = super().summary
        return replace(found, ssc=self.convention, extra={**found.extra, "estimator": self.estimator})


def put_together(
    drawn: Drawn, log: SampleLog, shared: Shared, estimate: Estimate, estimator: Estimator, convention: PanelSsc,
    components: Components | None, notes: tuple[str, ...],
) -> PanelFit:  # fmt: skip
    """A fit from its parts, with the covariance and convention that are asked for.

    Raises
    ------
    UsageError
        A covariance that does not suit the estimator.
    """
    asked = drawn.request
    _refuse_covariance(estimator, asked.vcov)
    _refuse_split_units(drawn, asked, estimator)
    plain = assembled(asked, log, shared, estimate, "main")
    fit = PanelFit(
        **{f.name: getattr(plain, f.name) for f in fields(plain)},
        estimator=estimator, convention=convention, drawn=drawn, components=components, notes=notes,
    )  # fmt: skip
    return _inferred(fit, asked, convention)


def _inferred(fit: PanelFit, asked: Request, convention: PanelSsc) -> PanelFit:
    """The fit with the covariance and convention that are asked for."""
    _refuse_covariance(fit.estimator, asked.vcov)
    _refuse_split_units(fit.drawn, asked, fit.estimator)
    plain = assembled(asked, fit.sample, fit.shared, fit.estimate, "main")
    normal = convention == "xtreg" and fit.estimator == "random effects"
    law = _normal(plain.inference, fit.estimate) if normal else plain.inference
    return replace(
        fit, request=asked, convention=convention, inference=law, counts=plain.counts, clusters=plain.clusters,
        glance_values=_statistics(fit, plain.glance_values),
    )  # fmt: skip


def _normal(law: Inference, estimate: Estimate) -> Inference:
    """The same standard errors with the normal law."""
    reach = float(special.ndtri(0.975)) * law.std_error
    return replace(
        law,
        p_value=2 * special.ndtr(-np.abs(law.statistic)),
        conf_low=estimate.coefficients - reach,
        conf_high=estimate.coefficients + reach,
        distribution="normal",
        df=None,
    )


def _statistics(fit: PanelFit, values: Glance) -> Glance:
    """Counts and R2 of the rows, and what random effects add."""
    if fit.estimator == "first difference":
        return {**values, "n_units": fit.design.groups[(str(fit.request.unit),)].levels}
    drawn, names = fit.drawn, {n: c for c, n in fit.drawn.regressors}
    used = [(names[n], b) for n, b in zip(fit.estimate.names, fit.estimate.coefficients, strict=True) if n in names]
    prediction = drawn.design.block[:, [c for c, _ in used]] @ np.array([b for _, b in used])
    shares = explained(drawn.design.block[:, drawn.outcome[0]], prediction, drawn.unit)
    values = {**values, **shares, "r2_within_unit": shares["r2_within"]}
    if fit.components is None:
        return {**values, "r2_between": values["r2"], "n_rows": drawn.design.n}
    undefined: Glance = dict.fromkeys(("r2_adjusted", "loglik", "aic", "bic"))
    return {**values, **undefined, "r2": shares["r2_overall"], **_sizes_of_errors(fit.components)}


def _sizes_of_errors(found: Components) -> Glance:
    values: Glance = {"sigma_u": found.sigma2_u**0.5, "sigma_e": found.sigma2_e**0.5, "rho": found.rho}
    theta = found.theta
    if theta.min() == theta.max():
        return {**values, "theta": float(theta[0])}
    return values | {f"theta_{name}": float(f(theta)) for name, f in _SPREAD.items()}


_SPREAD: dict[str, Callable[[Any], Any]] = {"min": np.min, "median": np.median, "max": np.max}


def _refuse_covariance(estimator: Estimator, vcov: VcovSpec) -> None:
    """Refuse what the rows of an estimator cannot bear."""
    if estimator == "random effects" and vcov.kind in ROBUST:
        raise UsageError(
            f"random effects with {vcov.kind}: the errors of a unit stay correlated; vce(robust) of xtreg clusters",
            hint="el.cluster(unit)",
        )
    allowed = {"random effects": ("iid", "cluster"), "between": ("iid", "cluster", *ROBUST)}.get(estimator)
    if allowed and vcov.kind not in allowed:
        raise UsageError(f"{estimator} with {vcov}: only {', '.join(allowed)}")


def _refuse_split_units(drawn: Drawn, asked: Request, estimator: Estimator) -> None:
    """Refuse clusters none of which holds whole units, where rows of a unit are mixed with one another."""
    if not asked.cluster_ways or estimator == "first difference":
        return
    rows = asked.panel.with_rows(asked.panel.frame[drawn.design.rows])
    found = [grouped(rows, keys) for keys in asked.cluster_ways]
    ways = [g.grouping("", None) for g in found if g.missing is None]
    if ways and not any(drawn.unit.nested_in(way) for way in ways):
        raise UsageError(f"{estimator}: units of {drawn.unit.name!r} lie in several clusters of {asked.vcov}")


def known_convention(name: str) -> PanelSsc:
    """The convention of that name.

    Raises
    ------
    UsageError
    """
    for known in get_args(PanelSsc):
        if known == name:
            return known  # type: ignore[no-any-return]
    raise UsageError(f"convention {name!r} of a panel regression", hint=", ".join(get_args(PanelSsc)))


def factors_of(convention: PanelSsc) -> SscName:
    """Whose small-sample factors a convention has."""
    return "none" if convention == "none" else "fixest"
