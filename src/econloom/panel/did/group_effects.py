"""What Callaway and Sant'Anna's estimator gives: effects of cohorts in periods, and their means."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal, overload

import numpy as np
import polars as pl

from econloom.core.errors import listed
from econloom.core.estimate import Coefficient, Test, Tidy, Unavailable
from econloom.core.labels import Label
from econloom.core.lineage import SampleLog
from econloom.panel.absorb import FloatArray
from econloom.panel.columns import BoolArray
from econloom.panel.diagnostics.wald import wald
from econloom.panel.did.cells import BasePeriod, Cells, Control
from econloom.panel.did.cohorts import CohortPanel
from econloom.panel.did.effects import DynamicEffects
from econloom.panel.did.multipliers import Bootstrap, Drawn, bootstrap
from econloom.panel.did.two_by_two import Method
from econloom.panel.did.weighting import Kind, Means, Sizes, means
from econloom.panel.shown import Shown, coefficients

FIELDS = ("estimate", "std_error", "statistic", "p_value", "conf_low", "conf_high")
LABEL = Label(zh="Callaway-Sant'Anna 估计", en="Callaway-Sant'Anna")


@dataclass(frozen=True)
class Choices:
    """How effects of cohorts were estimated, as given to :func:`econloom.panel.did.group_time`."""

    control: Control
    method: Method
    base_period: BasePeriod
    anticipation: int
    bootstrap: Bootstrap

    def text(self, covariates: bool) -> str:
        """In words."""
        how = {"dr": "doubly robust", "ipw": "inverse probability weighting", "reg": "outcome regression"}[self.method]
        early = f", {self.anticipation} periods of anticipation" if self.anticipation else ""
        against = self.control.replace("_", " ")
        return f"{how if covariates else 'no covariates'}, {against} comparison, {self.base_period} base{early}"


@dataclass(frozen=True, repr=False, eq=False)
class Aggregate(Shown):
    """Means of effects by cohort or period and overall.

    Attributes
    ----------
    kind : {"simple", "group", "calendar"}
    names : tuple of str
        ``overall`` last.
    estimates : (m,) array
    vcov : (m, m) array
    critical : float or None
        Of the uniform band over all but ``overall``.
    of : GroupTime
    warnings : tuple of str
    """

    kind: Kind
    names: tuple[str, ...]
    estimates: FloatArray
    vcov: FloatArray
    critical: float | None
    of: GroupTime
    warnings: tuple[str, ...]

    def tidy(self) -> pl.DataFrame:
        """One row a mean: term (``cohort::2004``, ``time::2005``, ``overall``), estimate, std_error, statistic,
        p_value, conf_low, conf_high; with a bootstrap band_low and band_high.
        """
        frame = _frame({"term": list(self.names)}, self.summary.coefficients)
        band = np.array([np.nan if n == "overall" else 1.0 for n in self.names])
        return _banded(frame, self.critical, band) if self.kind != "simple" else frame

    @property
    def summary(self) -> Tidy:
        """The means as rows and statistics, free of arrays."""
        return self.of.tidied(_coefficients(self.names, self.estimates, self.vcov), self.warnings, self.kind)


@dataclass(frozen=True, repr=False, eq=False)
class GroupTime(Shown):
    """Effects of every cohort in every period.

    Attributes
    ----------
    panel : CohortPanel
    cells : Cells
    choices : Choices
    """

    panel: CohortPanel
    cells: Cells
    choices: Choices

    @property
    def sample(self) -> SampleLog:
        """The funnel from the rows offered to n."""
        return self.panel.log

    @cached_property
    def vcov(self) -> FloatArray:
        """Covariance of the effects, (m, m); not a number where a side has one cluster only."""
        V = _outer(self._influence)
        V[~self.cells.known] = np.nan
        V[:, ~self.cells.known] = np.nan
        return V

    @cached_property
    def _influence(self) -> FloatArray:
        return self.panel.by_cluster(self.cells.influence)

    @cached_property
    def bootstrap(self) -> Drawn | None:
        """Multiplier bootstrap of all effects: errors and the critical value of the band; None without draws."""
        return self._drawn(self._influence, np.sqrt(np.diag(self.vcov)))

    def _drawn(self, influence: FloatArray, errors: FloatArray) -> Drawn | None:
        spec = self.choices.bootstrap
        return bootstrap(influence, errors, spec) if spec.draws else None

    @cached_property
    def pretest(self) -> Test | Unavailable:
        """Joint test that all effects before adoption are zero: ``b' V^-1 b``, chi-squared."""
        early = self.cells.times < self.cells.cohorts - self.choices.anticipation
        if not early.any():
            return Unavailable("no cohort has two periods before its adoption")
        V = self.vcov[np.ix_(early, early)]
        if np.isnan(V).any():
            return Unavailable("the error of an effect before adoption is undefined")
        return wald(self.cells.estimates[early], V, None, "effects of all cohorts before adoption: zero")

    def tidy(self) -> pl.DataFrame:
        """One row a cohort and period.

        Columns: cohort, time, base (the period compared with), estimate, std_error, statistic, p_value, conf_low,
        conf_high, with a bootstrap band_low and band_high (uniform over all rows), n_treated, n_compared (units).
        """
        c = self.cells
        frame = _frame({"cohort": c.cohorts, "time": c.times, "base": c.bases}, self._coefficients)
        if self.bootstrap is not None:
            frame = _banded(frame, self.bootstrap.critical, np.ones(len(c.times)))
        return frame.with_columns(n_treated=pl.Series(c.treated), n_compared=pl.Series(c.compared))

    @cached_property
    def _coefficients(self) -> tuple[Coefficient, ...]:
        c = self.cells
        names = [f"ATT({g}, {t})" for g, t in zip(c.cohorts, c.times, strict=True)]
        return _coefficients(names, c.estimates, self.vcov)

    @overload
    def aggregate(
        self, kind: Literal["dynamic"], window: tuple[int, int] | None = None, balance: int | None = None
    ) -> DynamicEffects: ...
    @overload
    def aggregate(self, kind: Literal["simple", "group", "calendar"]) -> Aggregate: ...

    def aggregate(
        self, kind: Kind, window: tuple[int, int] | None = None, balance: int | None = None
    ) -> DynamicEffects | Aggregate:
        """Means of the effects; their errors include the estimated shares of cohorts.

        Parameters
        ----------
        kind : {"simple", "dynamic", "group", "calendar"}
            ``simple``: all treated cells by the size of their cohorts. ``dynamic``: by periods since adoption.
            ``group``: by cohort, its treated periods alike; overall by the sizes of cohorts. ``calendar``: by period,
            over the cohorts treated then; overall the periods alike.
        window : (int, int), optional
            Of ``dynamic``: first and last event time.
        balance : int, optional
            Of ``dynamic``: only cohorts seen for so many periods after adoption, and event times up to it.

        Returns
        -------
        DynamicEffects or Aggregate
            The first for ``dynamic``.

        Raises
        ------
        UsageError
            Another kind, or options that it has not.
        EstimationError
            No cohort has an effect there.
        """
        sizes = Sizes(self.panel.cohort, self.panel.unit_weights)
        found = means(self.cells, sizes, kind, window, balance)
        return self._dynamic(found) if kind == "dynamic" else self._aggregate(kind, found)

    def _dynamic(self, found: Means) -> DynamicEffects:
        influence = self.panel.by_cluster(found.influence)
        V = self._variance(influence, [self.cells.events == e for e in found.keys])
        drawn = self._drawn(influence, np.sqrt(np.diag(V)))
        base = -1 - self.choices.anticipation
        low, high = (min(found.keys), max(found.keys))
        universal = self.choices.base_period == "universal" and base not in found.keys and low <= base <= high
        return DynamicEffects(
            "group_time", LABEL, self.panel.model.outcome.name, found.keys, found.estimates, V,
            (base,) if universal else (), self.panel.log, self.panel.units,
            int(np.isfinite(self.panel.cohort).sum()), self.panel.n_clusters, self._covariance, "none", None,
            anticipation=self.choices.anticipation, counts=found.counts,
            critical=None if drawn is None or np.isnan(drawn.critical) else drawn.critical,
            formula=f"{self.panel.model.text}, {self._how}", warnings=self.warnings,
        )  # fmt: skip

    def _aggregate(self, kind: Kind, found: Means) -> Aggregate:
        prefix = {"group": "cohort", "calendar": "time", "simple": ""}[kind]
        names = (*(f"{prefix}::{key}" for key in found.keys), "overall")
        influence = self.panel.by_cluster(np.vstack([found.influence, found.overall_influence]))
        after = self.cells.events >= 0
        of = self.cells.cohorts if kind == "group" else self.cells.times
        V = self._variance(influence, [*(after & (of == key) for key in found.keys), after])
        drawn = self._drawn(influence[:-1], np.sqrt(np.diag(V))[:-1]) if kind != "simple" else None
        estimates = np.append(found.estimates, found.overall)
        return Aggregate(kind, names, estimates, V, None if drawn is None else drawn.critical, self, self.warnings)

    def _variance(self, influence: FloatArray, groups: Sequence[BoolArray]) -> FloatArray:
        """Covariance of means; not a number where no cell of a mean has an error."""
        V = _outer(influence)
        unknown = np.array([not self.cells.known[k].any() for k in groups], dtype=bool)
        V[unknown], V[:, unknown] = np.nan, np.nan
        return V

    @property
    def _how(self) -> str:
        return self.choices.text(bool(self.panel.names))

    @property
    def _covariance(self) -> str:
        way = self.panel.clusters
        return "cluster(unit)" if way is None else f"cluster({way.name})"

    @property
    def warnings(self) -> tuple[str, ...]:
        """What a reader of the numbers has to know."""
        c, said = self.cells, list(self.panel.warnings)
        if not c.known.all():
            lonely = np.unique(c.cohorts[~c.known])
            said.append(
                f"cohorts {listed(lonely)} or their comparison have one cluster only: their effects have no error, and "
                "the errors of means leave their noise out; where= leaves them out altogether"
            )
        if c.skipped:
            said.append(f"{len(c.skipped)} cells have no estimate: {listed(c.skipped[:5])}")
        if c.trimmed:
            said.append(
                f"up to {c.trimmed} comparison units of a cell have a propensity score of 0.995 or more: no weight"
            )
        return tuple(said)

    @property
    def summary(self) -> Tidy:
        """The effects as rows and statistics, free of arrays."""
        return self.tidied(self._coefficients, self.warnings, "group_time")

    def tidied(self, rows: tuple[Coefficient, ...], warnings: tuple[str, ...], kind: str) -> Tidy:
        """Rows with the statistics of the sample."""
        test = self.pretest
        known = test if isinstance(test, Test) else None
        p = self.panel
        return Tidy(
            outcome=p.model.outcome.name,
            coefficients=rows,
            glance={
                "n": p.log.n,
                "n_units": p.units,
                "n_treated": int(np.isfinite(p.cohort).sum()),
                "n_cohorts": len(p.cohorts),
                "n_clusters": p.n_clusters,
                "pretest": known.statistic if known else None,
                "pretest_df": known.df[0] if known else None,
                "pretest_p": known.p_value if known else None,
            },
            effects=(),
            vcov=self._covariance,
            ssc="none",
            distribution="normal",
            df=None,
            sample=p.log,
            formula=f"{p.model.text}, {self._how}",
            extra={"warnings": warnings, "estimator": f"group_time, {kind}" if kind != "group_time" else kind},
        )


def _outer(influence: FloatArray) -> FloatArray:
    return np.asarray(influence @ influence.T)


def _coefficients(names: Sequence[str], b: FloatArray, V: FloatArray) -> tuple[Coefficient, ...]:
    """Rows by the normal law; without an error nothing of it is known."""
    with np.errstate(invalid="ignore", divide="ignore"):
        rows = coefficients(names, b, V, None)
    lost = (np.nan,) * 5
    return tuple(r if r.std_error > 0 else Coefficient(r.term, r.estimate, *lost) for r in rows)


def _frame(keys: dict[str, object], rows: Sequence[Coefficient]) -> pl.DataFrame:
    values = {f: pl.Series(f, [getattr(r, f) for r in rows], dtype=pl.Float64).fill_nan(None) for f in FIELDS}
    return pl.DataFrame({**keys, **values})


def _banded(frame: pl.DataFrame, critical: float | None, inside: FloatArray) -> pl.DataFrame:
    """With a uniform band where ``inside`` is 1."""
    if critical is None:
        return frame
    reach = pl.col("std_error") * critical * pl.Series(inside)
    low, high = pl.col("estimate") - reach, pl.col("estimate") + reach
    return frame.with_columns(band_low=low.fill_nan(None), band_high=high.fill_nan(None))
