"""Effects of treated units on those around them: a model with rings of distance, and the treatment effect beside them.

With N^r_it the rings (:mod:`econloom.panel.designs.rings`)::

    y_it = b D_it + sum_r d_r N^r_it + controls + effects + error

Units in a ring are no clean controls: without rings b compares the treated with units that are reached too, with them
with units beyond the last ring (Clarke 2017; Butts 2021). One at a time, each ring has a model of its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import polars as pl

from econloom.core.errors import UsageError, did_you_mean, plural
from econloom.core.estimate import Coefficient, Test, Unavailable
from econloom.core.spec import SscName, VcovSpec, iid
from econloom.data.sources import as_panel
from econloom.panel.designs.joint import Joint, equations
from econloom.panel.designs.rings import Rings, exposed, refuse_empty
from econloom.panel.fit import Fit, Request, fit_many, requests
from econloom.panel.formula import parse_formula, quoted, retyped

_NUMBERS = ("estimate", "std_error", "statistic", "p_value", "conf_low", "conf_high")


@dataclass(frozen=True, repr=False)
class Spillovers:
    """A model with rings, and the same without them on the same rows.

    Attributes
    ----------
    rings : Rings
    baseline : Fit
        Without rings.
    fits : tuple of Fit
        One with all rings, or one for each.
    joint : bool
    treatment : str or None
        Term of the own treatment.
    rows, units : tuple of int
        Of the sample, in each ring at some time.
    """

    rings: Rings
    baseline: Fit
    fits: tuple[Fit, ...]
    joint: bool
    treatment: str | None
    rows: tuple[int, ...]
    units: tuple[int, ...]

    def tidy(self) -> pl.DataFrame:
        """One row a ring: ring, low, high (km), rows, units, and a coefficient's columns; null where it has none."""
        found = [self._coefficient(number) for number in range(len(self.rings.names))]
        numbers = {n: [None if c is None else _known(getattr(c, n)) for c in found] for n in _NUMBERS}
        lows, highs = zip(*self.rings.bounds, strict=True)
        schema = {"ring": pl.String, "low": pl.Float64, "high": pl.Float64, "rows": pl.Int64, "units": pl.Int64}
        schema |= dict.fromkeys(_NUMBERS, pl.Float64)
        given = {"ring": self.rings.names, "low": lows, "high": highs, "rows": self.rows, "units": self.units}
        return pl.DataFrame({**given, **numbers}, schema=schema)

    def _coefficient(self, ring: int) -> Coefficient | None:
        return self.fits[0 if self.joint else ring].summary.coefficient(self.rings.names[ring])

    @cached_property
    def test(self) -> Test | Unavailable:
        """Joint test that no ring has an effect; of rings in models of their own by the covariance of all of them."""
        terms = [name for number, name in enumerate(self.rings.names) if self._coefficient(number) is not None]
        if not terms:
            return Unavailable("no ring has a coefficient")
        if self.joint:
            return self.fits[0].wald(terms)
        made = equations(self.fits)
        if isinstance(made, Unavailable):
            return made
        weights = np.zeros((len(terms), len(made.coefficients)))
        for row, term in enumerate(terms):
            weights[row, made.at(self.rings.names.index(term), term)] = 1.0
        return made.wald(list(weights), f"{', '.join(terms)}: zero")

    @cached_property
    def effect(self) -> pl.DataFrame:
        """The effect of the own treatment: model, ring, and the columns of a coefficient.

        ``model`` is ``without rings``, ``with rings`` (the spillover-corrected effect) or ``difference``, whose error
        knows that both models share their rows; ``ring`` is null where all are in one model. The difference has no
        error under a covariance that is not ``iid``, ``hc1`` or clustered.

        Raises
        ------
        UsageError
            No treatment was named.
        """
        if self.treatment is None:
            raise UsageError("the effect of which term?", hint="el.space.spillovers(..., treatment='treated')")
        rows = [_row("without rings", None, self.baseline, self.treatment)]
        for number, fit in enumerate(self.fits):
            ring = None if self.joint else self.rings.names[number]
            rows.append(_row("with rings", ring, fit, self.treatment))
            rows.append(_difference(ring, self.baseline, fit, self.treatment))
        schema = {"model": pl.String, "ring": pl.String, **dict.fromkeys(_NUMBERS, pl.Float64)}
        return pl.DataFrame(rows, schema=schema)

    @property
    def warnings(self) -> tuple[str, ...]:
        """What a reader of the numbers has to know, rings left out among it."""
        return tuple(dict.fromkeys(w for f in self.fits for w in f.warnings))

    def __repr__(self) -> str:
        way = "in one model" if self.joint else "one at a time"
        found = self.test
        said = found.reason if isinstance(found, Unavailable) else f"joint test p = {found.p_value:.4f}"
        head = f"{plural(len(self.rings.names), 'ring')} {way}, {self.rings.rule} treated unit of {self.rings.unit}"
        return f"{head}; {said}\n{self.tidy()}"


def spillovers(
    formula: str,
    data: Any,
    rings: Rings,
    treatment: str | None = None,
    joint: bool = True,
    vcov: VcovSpec | None = None,
    unit: str | None = None,
    time: str | None = None,
    where: str | None = None,
    weights: str | None = None,
    ssc: SscName = "fixest",
) -> Spillovers:
    """Add rings around treated units to a model, jointly or one at a time.

    Parameters
    ----------
    formula : str
        Of the model without rings, with instruments or without; its samples and effects stay.
    data : Panel, frame or path
    rings : Rings
        Rings are those of all the data, whatever rows the model uses.
    treatment : str, optional
        The term of the own treatment, for :attr:`Spillovers.effect`.
    joint : bool
        All rings in one model, or each in one of its own. All models share one absorbed block.
    vcov, unit, time, where, weights, ssc
        As for :func:`econloom.ols`.

    Raises
    ------
    UsageError
        A formula of several models, a treatment that it does not have; what :class:`Rings` and
        :func:`~econloom.panel.designs.rings.exposure` refuse.
    DataError
        As :func:`~econloom.panel.designs.rings.exposure`.
    EstimationError
        Rings in which no row of the sample has a treated unit, by name.

    References
    ----------
    Butts, K. (2021). Difference-in-differences estimation with spatial spillovers. arXiv 2105.03737. Clarke, D. (2017).
    Estimating difference-in-differences in the presence of spillovers. MPRA 81604.

    Examples
    --------
    >>> import econloom as el
    >>> rng = np.random.default_rng(1)
    >>> city, year = (a.ravel() for a in np.meshgrid(np.arange(30), np.arange(2010, 2018), indexing="ij"))
    >>> frame = pl.DataFrame({"city": city, "year": year, "lat": 30 + city // 6 * 0.4, "lon": 110 + city % 6 * 0.4})
    >>> since = pl.when(pl.col("city") % 7 == 0).then(2013 + pl.col("city") % 3)
    >>> frame = frame.with_columns(since=since, y=pl.Series(rng.normal(size=len(city))))
    >>> frame = frame.with_columns(treated=(pl.col("year") >= pl.col("since")).fill_null(False).cast(pl.Int8))
    >>> found = spillovers("y ~ treated | city + year", frame, Rings("city", "since", "lat", "lon", to=100),
    ...                    treatment="treated", time="year", unit="city", vcov=el.cluster("city"))
    >>> found.tidy()["ring"].to_list(), found.test.df, found.effect["model"].to_list()
    (['ring_50', 'ring_100'], (2, 29), ['without rings', 'with rings', 'difference'])
    """
    panel = as_panel(data, unit, time)
    options = {"vcov": vcov or iid(), "weights": weights, "where": where, "unit": unit, "ssc": ssc}
    asked = requests(formula, panel, **options)
    if len(asked) > 1:
        raise UsageError(f"the formula has {len(asked)} models: rings belong to one", hint="one formula at a time")
    return around(asked[0], rings, treatment, joint, time)


def around(
    asked: Request, rings: Rings, treatment: str | None = None, joint: bool = True, time: str | None = None
) -> Spillovers:
    """As :func:`spillovers`, of a request."""
    model = asked.model
    names = [t.name for t in model.regressors]
    if treatment is not None and treatment not in names:
        near = did_you_mean(treatment, names)
        raise UsageError(f"the model {model.text} has no term {treatment!r}{near}")
    panel = exposed(asked.panel, rings, time)
    sets = [rings.names] if joint else [(name,) for name in rings.names]
    wanted = [replace(asked, panel=panel), *(_with(asked, panel, added) for added in sets)]
    baseline, *fits = fit_many(wanted)
    sample = panel.frame[baseline.design.rows].select(rings.unit, *rings.names)
    rows = tuple(int(sample[name].sum()) for name in rings.names)
    refuse_empty(rings, rows)
    units = tuple(sample.filter(pl.col(name) == 1)[rings.unit].n_unique() for name in rings.names)
    return Spillovers(rings, baseline, tuple(fits), joint, treatment, rows, units)


def _with(asked: Request, panel: Any, names: Sequence[str]) -> Request:
    """The request with rings after its regressors."""
    added = parse_formula("y ~ " + " + ".join(map(quoted, names))).terms
    model = replace(asked.model, terms=(*asked.model.terms, *added))
    return replace(asked, model=retyped(model), panel=panel)


def _row(model: str, ring: str | None, fit: Fit, term: str) -> dict[str, Any]:
    found = fit.summary.coefficient(term)
    numbers = {n: None if found is None else _known(getattr(found, n)) for n in _NUMBERS}
    return {"model": model, "ring": ring, **numbers}


def _difference(ring: str | None, baseline: Fit, fit: Fit, term: str) -> dict[str, Any]:
    """The effect with rings less that without."""
    row: dict[str, Any] = {"model": "difference", "ring": ring, **dict.fromkeys(_NUMBERS)}
    if any(f.summary.coefficient(term) is None for f in (baseline, fit)):
        return row
    made: Joint | Unavailable = equations([fit, baseline])
    if isinstance(made, Unavailable):
        estimates = [f.estimate.coefficients[f.estimate.names.index(term)] for f in (fit, baseline)]
        return {**row, "estimate": float(estimates[0] - estimates[1])}
    found = made.difference(0, 1, term)
    return {**row, **{n: _known(getattr(found, n)) for n in _NUMBERS}}


def _known(value: float) -> float | None:
    return None if np.isnan(value) else float(value)
