"""What a user holds: fitted models, and the entry points that make them."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
import polars as pl

from econloom.core.errors import DataError, EstimationError, UsageError
from econloom.core.estimate import Coefficient, Tidy, Unavailable
from econloom.core.lineage import SampleLog
from econloom.core.spec import SscName, VcovSpec, iid
from econloom.panel import show
from econloom.panel.absorb import FloatArray, Grouping
from econloom.panel.columns import Columns, group_codes
from econloom.panel.conventions import Counts, correction
from econloom.panel.design import Design, Request, Sample, build_design, draw_sample, refuse_one_cluster, with_levels
from econloom.panel.formula import parse_formula
from econloom.panel.inference.sandwich import Inference, infer
from econloom.panel.linear.constant import Offset, base_period, intercept
from econloom.panel.linear.goodness import Basis, Glance, goodness
from econloom.panel.linear.ols import Estimate, least_squares
from econloom.panel.moments import Absorbed, Moments, cross_multiply, sweep
from econloom.panel.sources import as_panel

__all__ = ["Fit", "Request", "fit_many", "ols", "request"]


@dataclass(frozen=True, repr=False, eq=False)
class Fit:
    """A fitted linear model.

    Attributes
    ----------
    request : Request
        What was asked for, with the panel.
    sample : SampleLog
        The funnel from the rows offered to n.
    design, absorbed, estimate
        Arrays, shared with other models of the same sample.
    inference : Inference
    glance_values : dict
    constant : str or None
        Why the convention's constant is not printed.
    """

    request: Request
    sample: SampleLog
    design: Design
    absorbed: Absorbed
    estimate: Estimate
    inference: Inference
    glance_values: Glance
    constant: str | None = None

    def tidy(self) -> pl.DataFrame:
        """One row a coefficient: term, estimate, std_error, statistic, p_value, conf_low, conf_high (95 per cent).

        What is undefined is null.
        """
        columns = ("estimate", "std_error", "statistic", "p_value", "conf_low", "conf_high")
        found = {c: [_known(getattr(row, c)) for row in self.summary.coefficients] for c in columns}
        schema = {"term": pl.String, **dict.fromkeys(columns, pl.Float64)}
        return pl.DataFrame({"term": list(self.estimate.names), **found}, schema=schema)

    def glance(self) -> pl.DataFrame:
        """One row of statistics: n, n_units, n_clusters, r2 in its kinds, loglik, df_residual and others."""
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
        asked = replace(self.request, vcov=vcov)
        return _assembled(asked, self.sample, _Arrays(self.design, self.absorbed, self.estimate, self.constant))

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
            removed=self.estimate.removed,
            formula=model.text,
            extra={"warnings": self.warnings},
        )

    def __repr__(self) -> str:
        return show.text(self.summary)

    def _repr_html_(self) -> str:
        return show.html(self.summary)


def ols(
    formula: str,
    data: Any,
    vcov: VcovSpec | None = None,
    weights: str | None = None,
    where: str | None = None,
    unit: str | None = None,
    time: str | None = None,
    ssc: SscName = "fixest",
    singletons: Literal["keep", "drop"] = "keep",
) -> Fit:
    """Least squares with any number of fixed effects.

    Parameters
    ----------
    formula : str
        ``"y ~ x + log(z) | unit + year"``; see :func:`econloom.panel.formula.parse_formula`.
    data : Panel, polars, pandas, pyarrow or path
    vcov : VcovSpec
        ``el.iid()`` (the default), ``el.hc1()`` or ``el.cluster("column")``.
    weights : str, optional
        Column of analytic weights.
    where : str, optional
        Condition of the rows to use, such as ``"year >= 2000 and code != 'TWN'"``.
    unit, time : str, optional
        Keys: lags need both; ``unit`` is also the unit effect of ``xtreg``.
    ssc : {"fixest", "xtreg", "none"}
        Small-sample convention (:mod:`econloom.panel.conventions`).
    singletons : {"keep", "drop"}
        Rows alone in a group of an effect.

    Returns
    -------
    Fit

    Raises
    ------
    UsageError
        The formula, a column or the convention is wrong.
    DataError
        Infinite values, text among the regressors, weights that are not positive.
    EstimationError
        An empty sample, one cluster, no degrees of freedom, an outcome that does not vary, no regressor left.

    Notes
    -----
    ``b = (X'M W M X)^-1 X'M W y`` with M the residual maker of the effects (Frisch and Waugh 1933, Lovell 1963).

    Examples
    --------
    >>> frame = pl.DataFrame({"i": [1, 1, 2, 2, 3, 3], "t": [0, 1, 0, 1, 0, 1],
    ...                       "x": [1.0, 2.0, 1.0, 4.0, 2.0, 2.5], "y": [1.0, 2.0, 0.0, 4.0, 2.0, 3.0]})
    >>> fit = ols("y ~ x | i + t", frame)
    >>> round(fit.tidy()["estimate"][0], 6)
    1.285714
    """
    asked = request(
        formula, as_panel(data, unit, time), vcov=vcov or iid(), weights=weights, where=where, unit=unit, ssc=ssc,
        singletons=singletons,
    )  # fmt: skip
    return fit_many([asked])[0]


def request(formula: str, panel: Any, **options: Any) -> Request:
    """A :class:`Request` from a formula's text; options are the attributes of that class."""
    return Request(parse_formula(formula), panel, **options)


def fit_many(requests: Sequence[Request]) -> list[Fit]:
    """Fit many models; those that share rows, effects and weights share one absorbed block and its moments.

    Parameters
    ----------
    requests : sequence of Request

    Returns
    -------
    list of Fit
        In the order of the requests, with the numbers that each would have alone.

    Raises
    ------
    EconloomError
        The first fault found; its message begins with the model's formula.
    """
    columns: dict[tuple[object, ...], Columns] = {}
    groups: dict[tuple[object, ...], list[_Member]] = {}
    for number, asked in enumerate(requests):
        source, sample, spelt_out = _sampled(columns, asked)
        members = groups.setdefault(_group_key(asked, sample), [])
        members.append(_Member(number, source, sample, spelt_out))
    fits: dict[int, Fit] = {}
    for members in groups.values():
        fits.update(zip((m.number for m in members), _fit_group(members), strict=True))
    return [fits[number] for number in range(len(requests))]


@dataclass(frozen=True)
class _Member:
    """A request with its place among others, its sample and the columns it was drawn from."""

    number: int
    columns: Columns
    sample: Sample
    asked: Request


def _sampled(known: dict[tuple[object, ...], Columns], asked: Request) -> tuple[Columns, Sample, Request]:
    where = asked.where if isinstance(asked.where, str | None) else id(asked.where)
    key = (id(asked.panel), where, id(asked.scope))
    try:
        if key not in known:
            known[key] = Columns(asked.panel, asked.where, asked.scope)
        sample = draw_sample(known[key], asked)
        return known[key], sample, with_levels(known[key], asked, sample)
    except (DataError, EstimationError) as error:
        raise error.within(asked.model.text) from error


def _group_key(asked: Request, sample: Sample) -> tuple[object, ...]:
    """Requests with equal keys share rows, effects, weights and how columns are centred."""
    model = asked.model
    rows = hashlib.sha256(sample.rows.tobytes()).digest()
    effects = tuple(e.columns for e in model.effects)
    return (id(asked.panel), id(asked.scope), rows, effects, asked.weights, model.intercept or bool(effects))


def _fit_group(members: Sequence[_Member]) -> Iterable[Fit]:
    asked = members[0].asked
    try:
        design = build_design([(m.columns, m.asked) for m in members], members[0].sample)
        moments = cross_multiply(sweep(design))
        offsets: dict[object, Offset | Unavailable | None] = {}
        for member in members:
            asked = member.asked
            key = (asked.ssc, asked.unit_effect)
            if key not in offsets:
                offsets[key] = _offset(asked, design, moments.absorbed)
            yield _fitted(asked, member.sample, design, moments, offsets[key])
    except (DataError, EstimationError) as error:
        raise error.within(asked.model.text) from error


def _offset(asked: Request, design: Design, absorbed: Absorbed) -> Offset | Unavailable | None:
    """What defines the constant that the model and its convention print."""
    if not design.effects:
        return intercept(absorbed) if design.intercept else None
    unit = _unit_position(asked)
    if asked.ssc != "xtreg" or unit is None:
        return None
    _refuse_varying_weights(design, unit)
    return base_period(design, absorbed, unit)


def _refuse_varying_weights(design: Design, unit: int) -> None:
    """``xtreg`` takes weights of units, not of rows.

    Raises
    ------
    UsageError
    """
    if design.weights is None:
        return
    effect = design.effects[unit]
    first = np.zeros(effect.levels)
    first[effect.codes] = design.weights
    if not np.allclose(first[effect.codes], design.weights, rtol=1e-12, atol=0):
        raise UsageError(f"convention xtreg: weights vary within units of {effect.name!r}", hint="ssc='fixest'")


def _fitted(
    asked: Request, sample: Sample, design: Design, moments: Moments, offset: Offset | Unavailable | None
) -> Fit:
    model = asked.model
    at = design.positions([model.outcome])[0]
    regressors = list(zip(design.positions(model.terms), [t.name for t in model.terms], strict=True))
    missing = offset.reason if isinstance(offset, Unavailable) else None
    usable = None if isinstance(offset, Unavailable) else offset
    estimate = least_squares(moments, (at, model.outcome.name), regressors, usable)
    return _assembled(asked, sample.log, _Arrays(design, moments.absorbed, estimate, missing))


@dataclass(frozen=True)
class _Arrays:
    """What stays the same when only the covariance changes."""

    design: Design
    absorbed: Absorbed
    estimate: Estimate
    constant: str | None


def _assembled(asked: Request, log: SampleLog, arrays: _Arrays) -> Fit:
    """The fit with the inference and statistics of the request's covariance."""
    design, absorbed, estimate = arrays.design, arrays.absorbed, arrays.estimate
    clusters = _clusters(asked, design)
    counts = _counts(asked, design, absorbed, estimate, clusters)
    if counts.n <= counts.regressors + counts.absorbed_rank:
        taken = f"{counts.regressors} regressors and {counts.absorbed_rank} dimensions of effects"
        raise EstimationError(f"{counts.n} rows for {taken}: no degrees of freedom are left")
    rule = correction(asked.ssc, asked.vcov, counts)
    inference = infer(estimate, absorbed, asked.vcov, rule, clusters)
    unit = _unit_position(asked)
    effect = None if unit is None else design.effects[unit]
    at = design.positions([asked.model.outcome])[0]
    units = design.groups.get(asked.unit_keys) if asked.unit_keys else None
    glance: Glance = {
        "n": design.n,
        "n_units": units.levels if units else None,
        "n_clusters": counts.clusters,
        **goodness(design, absorbed, estimate, Basis(at, effect, asked.ssc, counts, rule)),
    }
    return Fit(asked, log, design, absorbed, estimate, inference, glance, arrays.constant)


def _counts(
    asked: Request, design: Design, absorbed: Absorbed, estimate: Estimate, clusters: Grouping | None
) -> Counts:
    unit = _unit_position(asked)
    constant = 1 if design.intercept and not design.effects else 0
    return Counts(
        n=design.n,
        regressors=estimate.regressors + constant,
        levels=tuple(e.levels for e in design.effects),
        nested=tuple(clusters is not None and e.nested_in(clusters) for e in design.effects),
        absorbed_rank=absorbed.rank,
        unit_levels=None if unit is None else design.effects[unit].levels,
        clusters=clusters.levels if clusters else None,
    )


def _unit_position(asked: Request) -> int | None:
    effect = asked.unit_effect
    return asked.model.effects.index(effect) if effect else None


def _clusters(asked: Request, design: Design) -> Grouping | None:
    """Cluster codes of the design's rows.

    Raises
    ------
    UsageError
        The cluster column is missing in some of them, or (``xtreg``) a unit lies in several clusters.
    """
    keys = asked.cluster_keys
    if keys is None:
        return None
    found = design.groups.get(keys)
    if found is None:
        codes, missing = group_codes(asked.panel.with_rows(asked.panel.frame[design.rows]), keys)
        if missing.any():
            raise UsageError(
                f"{asked.vcov} would drop {int(missing.sum())} of {design.n} rows: {'^'.join(keys)!r} is missing there",
                hint="fit again with this vcov",
            )
        found = Grouping.of("^".join(keys), codes)
    refuse_one_cluster(found)
    unit = _unit_position(asked)
    if asked.ssc == "xtreg" and unit is not None and not design.effects[unit].nested_in(found):
        raise UsageError(f"convention xtreg: units of {design.effects[unit].name!r} lie in several {found.name!r}")
    return found


def _known(value: float) -> float | None:
    return None if math.isnan(value) else value
