"""Effects by time since adoption: the one result of every estimator of dynamic effects."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Literal

import numpy as np
import polars as pl
from scipy import special

from econloom.core.errors import EstimationError, UsageError, listed
from econloom.core.estimate import Coefficient, Test, Tidy, Unavailable
from econloom.core.labels import Label
from econloom.core.lineage import SampleLog
from econloom.panel.absorb import FloatArray, IntArray
from econloom.panel.diagnostics.wald import wald
from econloom.panel.shown import Shown

Role = Literal["pre", "base", "post"]
COLUMNS = ("estimate", "std_error", "statistic", "p_value", "conf_low", "conf_high")


@dataclass(frozen=True, repr=False, eq=False)
class DynamicEffects(Shown):
    """Effects by event time, the periods since adoption, with their full covariance.

    Attributes
    ----------
    estimator : str
        Such as ``event_study``; the name in results files.
    label : Label
        The estimator's name in Chinese and English.
    outcome : str
    events : (m,) int array
        Event times that are estimated, ascending; those of ``base`` are not among them.
    estimates : (m,) array
        In units of the outcome, against the mean of the base periods' (zero) effects.
    vcov : (m, m) array
        Their covariance; not a number where an error is undefined.
    base : tuple of int
        Event times whose effect is zero by construction; shown as exact zeros.
    sample : SampleLog
        From the rows offered to n.
    n_units, n_treated : int
        Units in the sample, and those of them that are treated at some time in it.
    n_clusters : int or None
    covariance, ssc : str
        ``cluster(city)`` and the small-sample convention; ``none`` where the covariance has no such rule.
    df : float or None
        Degrees of freedom of t; None for the normal law.
    anticipation : int
        Periods before adoption in which effects may begin; event times below ``-anticipation`` are pre-periods.
    bins : tuple of (int or None, int or None)
        Lowest and highest event time that stand for all beyond them too.
    counts : (m,) array, optional
        Rows (or units) of treated units behind each event time: weights of :meth:`average`.
    critical : float or None
        Critical value of the uniform band (:meth:`with_band`); None where it was not asked for.
    formula : str
    statistics : tuple of (str, float, int or None)
        Further ones of :meth:`glance`.
    warnings : tuple of str
        What a reader of the numbers has to know.

    Raises
    ------
    EstimationError
        An estimate is not finite.
    UsageError
        Arrays whose shapes differ, event times that repeat, descend, or are in ``base`` too.

    Examples
    --------
    >>> found = DynamicEffects("event_study", Label(en="event study"), "y", np.array([-2, 0, 1]),
    ...                        np.array([0.1, 1.0, 2.0]), np.diag([0.04, 0.04, 0.09]), (-1,), SampleLog(90, (), 90),
    ...                        n_units=30, n_treated=10, n_clusters=30, covariance="cluster(i)", ssc="none", df=None)
    >>> found.tidy()["estimate"].to_list()
    [0.1, 0.0, 1.0, 2.0]
    >>> round(found.average().estimate, 6), round(found.pretrend.p_value, 4)
    (1.5, 0.6171)
    """

    estimator: str
    label: Label
    outcome: str
    events: IntArray
    estimates: FloatArray
    vcov: FloatArray
    base: tuple[int, ...]
    sample: SampleLog
    n_units: int
    n_treated: int
    n_clusters: int | None
    covariance: str
    ssc: str
    df: float | None
    anticipation: int = 0
    bins: tuple[int | None, int | None] = (None, None)
    counts: FloatArray | None = None
    critical: float | None = None
    formula: str = ""
    statistics: tuple[tuple[str, float | int | None], ...] = ()
    warnings: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        m = len(self.events)
        if self.estimates.shape != (m,) or self.vcov.shape != (m, m):
            shapes = f"{self.events.shape}, {self.estimates.shape}, {self.vcov.shape}"
            raise UsageError(f"event times (m,), estimates (m,) and covariance (m, m) have the shapes {shapes}")
        if self.counts is not None and self.counts.shape != (m,):
            raise UsageError(f"{m} event times with {len(self.counts)} counts")
        if np.any(np.diff(self.events) <= 0):
            raise UsageError(f"event times do not ascend: {listed(self.events)}")
        if both := sorted(set(map(int, self.events)) & set(self.base)):
            raise UsageError(f"event times that are both estimated and base: {listed(both)}")
        if not np.isfinite(self.estimates).all():
            at = self.events[~np.isfinite(self.estimates)]
            raise EstimationError(f"no finite estimate at the event times {listed(at)}")

    @property
    def n(self) -> int:
        """Rows used."""
        return self.sample.n

    @property
    def pre(self) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
        """Which of ``events`` are pre-periods: (m,) bool array."""
        return self.events < -self.anticipation

    @property
    def std_errors(self) -> FloatArray:
        """Standard errors, (m,)."""
        return np.sqrt(np.diag(self.vcov))

    def text(self, event: int) -> str:
        """An event time as it is written: ``-4``, or ``≤ -5`` and ``≥ 5`` where it stands for all beyond it."""
        low, high = self.bins
        return f"≤ {event}" if event == low else f"≥ {event}" if event == high else str(event)

    @cached_property
    def pretrend(self) -> Test | Unavailable:
        """Joint test that the effects of all pre-periods are zero.

        ``W = b' V^-1 b`` as F(q, df) after division by q, or chi-squared(q) where the law is normal. A test that does
        not reject shows no parallel trends: see its power before leaning on it (Roth 2022).
        """
        if not self.pre.any():
            return Unavailable("no pre-period is estimated")
        V = self.vcov[np.ix_(self.pre, self.pre)]
        if np.isnan(V).any():
            return Unavailable("the error of a pre-period is undefined")
        return wald(self.estimates[self.pre], V, self.df, "effects before adoption: zero")

    def average(
        self, events: Iterable[int] | None = None, weights: Literal["equal", "counts"] = "equal"
    ) -> Coefficient:
        """A weighted mean of effects with its error, ``w'b`` and ``sqrt(w'Vw)``.

        Parameters
        ----------
        events : iterable of int, optional
            Which; all that are no pre-periods by default.
        weights : {"equal", "counts"}
            The same for every event time, or by the treated rows behind each.

        Raises
        ------
        UsageError
            An event time that is not estimated, none at all, or weights by counts that are not known.
        """
        wanted = self.events[~self.pre] if events is None else np.array(sorted(set(events)), dtype=np.int64)
        absent = [int(e) for e in wanted if e not in self.events]
        if absent or not len(wanted):
            which = f"{listed(absent)} not estimated" if absent else "there is none"
            raise UsageError(f"mean of the effects: {which}", hint=f"event times: {listed(self.events, 40)}")
        if weights not in ("equal", "counts"):
            raise UsageError(f"weights: 'equal' or 'counts', not {weights!r}")
        if weights == "counts" and self.counts is None:
            raise UsageError("how many rows are behind each event time is not known: weights='equal'")
        w = np.isin(self.events, wanted).astype(float)
        w = w * self.counts if weights == "counts" and self.counts is not None else w
        return self.weighted("average", w / w.sum())

    def weighted(self, term: str, weights: FloatArray) -> Coefficient:
        """``w'b`` with its error ``sqrt(w'Vw)``; event times of weight zero may lack an error.

        Parameters
        ----------
        term : str
            Its name.
        weights : (m,) array
        """
        used = weights != 0
        variance = float(weights[used] @ self.vcov[np.ix_(used, used)] @ weights[used])
        estimate = float(weights @ self.estimates)
        return self._row(term, estimate, math.sqrt(variance) if variance >= 0 else math.nan)

    def with_band(self, level: float = 0.95, draws: int = 100_000, seed: int = 0) -> DynamicEffects:
        """The same effects with a band that covers all of them jointly at ``level``.

        The sup-t band: estimates plus and minus one critical value times their errors (Montiel Olea and
        Plagborg-Møller 2019).

        Parameters
        ----------
        level : float
        draws : int
            From the normal (or t) law with the estimates' correlation.
        seed : int

        Raises
        ------
        UsageError
            A level outside (0, 1), or fewer than 1,000 draws.
        EstimationError
            An error is undefined.
        """
        if not 0 < level < 1 or draws < 1000:
            raise UsageError(f"a band needs a level between 0 and 1 and at least 1,000 draws, not {level} and {draws}")
        error = self.std_errors
        if not np.isfinite(error).all():
            at = self.events[~np.isfinite(error)]
            raise EstimationError(f"no band: the error at the event times {listed(at)} is undefined")
        varying = error > 0
        R = self.vcov[np.ix_(varying, varying)] / np.outer(error[varying], error[varying])
        values, vectors = np.linalg.eigh(R)
        rng = np.random.default_rng(seed)
        z = rng.standard_normal((draws, len(values))) @ (vectors * np.sqrt(np.maximum(values, 0))).T
        if self.df is not None:
            z /= np.sqrt(rng.chisquare(self.df, (draws, 1)) / self.df)
        return replace(self, critical=float(np.quantile(np.abs(z).max(axis=1), level)))

    def tidy(self) -> pl.DataFrame:
        """One row an event time, base periods among them as exact zeros.

        Columns: event_time, estimate, std_error, statistic, p_value, conf_low, conf_high (95 per cent), with a band
        also band_low and band_high; role is ``pre``, ``base`` or ``post``.
        """
        rows = sorted([*zip(map(int, self.events), self._rows, strict=True), *((b, _ZERO) for b in self.base)])
        frame = pl.DataFrame(
            {"event_time": [e for e, _ in rows]} | {c: [_known(getattr(r, c)) for _, r in rows] for c in COLUMNS},
            schema={"event_time": pl.Int64, **dict.fromkeys(COLUMNS, pl.Float64)},
        )
        if self.critical is not None:
            reach = pl.col("std_error") * self.critical
            frame = frame.with_columns(
                (pl.col("estimate") - reach).alias("band_low"), (pl.col("estimate") + reach).alias("band_high")
            )
        return frame.with_columns(pl.Series("role", [self.role(e) for e, _ in rows], dtype=pl.String))

    def role(self, event: int) -> Role:
        """Whether an event time is a pre-period, a base or a post-period."""
        return "base" if event in self.base else "pre" if event < -self.anticipation else "post"

    @cached_property
    def _rows(self) -> tuple[Coefficient, ...]:
        pairs = zip(self.events, self.estimates, self.std_errors, strict=True)
        return tuple(self._row(f"event_time::{e}", float(b), float(s)) for e, b, s in pairs)

    def _row(self, term: str, estimate: float, error: float) -> Coefficient:
        """A coefficient with its test, by t or the normal law; without an error nothing of it is known."""
        if not error > 0:
            return Coefficient(term, estimate, error, *(math.nan,) * 4)
        ratio = estimate / error
        tail = special.ndtr(-abs(ratio)) if self.df is None else special.stdtr(self.df, -abs(ratio))
        reach = float(special.ndtri(0.975) if self.df is None else special.stdtrit(self.df, 0.975)) * error
        return Coefficient(term, estimate, error, ratio, 2 * float(tail), estimate - reach, estimate + reach)

    @property
    def summary(self) -> Tidy:
        """The effects as rows and statistics, free of arrays; base periods are named in a note."""
        base = f"effects are against event time {' and '.join(map(self.text, self.base))}" if self.base else None
        return Tidy(
            outcome=self.outcome,
            coefficients=self._rows,
            glance=self._statistics,
            effects=(),
            vcov=self.covariance,
            ssc=self.ssc,
            distribution="normal" if self.df is None else "t",
            df=self.df,
            sample=self.sample,
            formula=self.formula or f"{self.outcome}: {self.label.text('en')}",
            extra={"warnings": self.warnings, "remarks": (base,) if base else (), "estimator": self.estimator},
        )

    @cached_property
    def _statistics(self) -> dict[str, float | int | None]:
        test = self.pretrend
        mean = self.average() if not self.pre.all() else None
        known = test if isinstance(test, Test) else None
        return {
            "n": self.n,
            "n_units": self.n_units,
            "n_treated": self.n_treated,
            "n_clusters": self.n_clusters,
            "average": mean.estimate if mean else None,
            "average_se": _known(mean.std_error) if mean else None,
            "pretrend": known.statistic if known else None,
            "pretrend_df": known.df[0] if known else None,
            "pretrend_p": known.p_value if known else None,
            **dict(self.statistics),
        }


_ZERO = Coefficient("base", 0.0, 0.0, math.nan, math.nan, 0.0, 0.0)


def _known(value: float) -> float | None:
    return None if math.isnan(value) else value
