"""What a matching gives."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import polars as pl

from econloom.core.estimate import Coefficient, Tidy, Unavailable
from econloom.core.frame import Panel
from econloom.core.lineage import SampleLog
from econloom.panel.absorb import FloatArray
from econloom.panel.designs.joint import located
from econloom.panel.matching.asked import Rule
from econloom.panel.matching.balance import SCORE, balance_table
from econloom.panel.matching.found import Found
from econloom.panel.matching.rows import Rows
from econloom.panel.shown import Shown, coefficients


@dataclass(frozen=True, repr=False, eq=False)
class ScoreModel(Shown):
    """The model of the score; ``tidy()`` has its coefficients, by the normal law.

    Attributes
    ----------
    found : Found
    rows : Rows
    """

    found: Found
    rows: Rows

    @property
    def summary(self) -> Tidy:
        """The model as rows and statistics, free of arrays."""
        model = self.found.model
        assert model is not None
        return Tidy(
            outcome=self.rows.treatment,
            coefficients=coefficients(self.found.used.names, model.coefficients, model.bread, None),
            glance={
                "n": self.rows.n,
                "loglik": model.loglik,
                "loglik_null": model.loglik_null,
                "pseudo_r2": 1 - model.loglik / model.loglik_null,
            },
            effects=(),
            vcov="iid",
            ssc="none",
            distribution="normal",
            df=None,
            sample=self.rows.log,
            removed=self.found.used.removed,
            formula=self.rows.formula,
            extra={"estimator": model.link},
        )


@dataclass(frozen=True, repr=False, eq=False)
class Matched(Shown):
    """A matching; ``tidy()`` has the effect, where there is an outcome.

    Attributes
    ----------
    rule : Rule
        Everything that was asked for, defaults filled in.
    panel : Panel
        The data as given.
    rows : Rows
        The rows without missing values.
    found : Found
        Matches and weights as arrays over these rows.
    """

    rule: Rule
    panel: Panel
    rows: Rows
    found: Found

    @property
    def treated(self) -> pl.Series:
        """Whether each row without missing values is treated."""
        return pl.Series("treated", self.rows.treated)

    @property
    def score(self) -> ScoreModel | None:
        """The model of the score; None where none was needed."""
        return None if self.found.model is None else ScoreModel(self.found, self.rows)

    @property
    def effect(self) -> Coefficient | Unavailable:
        """The average effect with its normal 95 per cent interval; NaN errors where there are none."""
        found = self.found.effect
        if found is None:
            return Unavailable("no outcome was given: outcome='y'")
        error = 0.0 if isinstance(found.variance, Unavailable) else math.sqrt(found.variance)
        at = located(found.estimate, error, None)
        name = f"{self.rule.estimand.upper()}: {self.rows.treatment}"
        return Coefficient(name, at.estimate, at.std_error, at.statistic, at.p_value, at.conf_low, at.conf_high)

    @cached_property
    def by_row(self) -> pl.DataFrame:
        """One row for every row without missing values.

        ``row`` in the data (from 0), treated, score and linear predictor (null without a model), support, weight (zero
        for rows that are left out), matches (how many it has), times (the sum of weights it has as a match).
        """
        f = self.found
        matches = np.zeros(self.rows.n, dtype=np.int64)
        times = f.weights.copy() if f.matches is None else f.matches.loads()[0]
        for some in () if f.matches is None else f.matches.links:
            matches[some.focal] = some.sizes
        model = f.model
        return pl.DataFrame({
            "row": self.rows.rows,
            "treated": self.rows.treated,
            "score": None if model is None else model.fitted,
            "linear": None if model is None else model.eta,
            "support": f.support,
            "weight": f.weights,
            "matches": matches,
            "times": times if f.matches is not None else np.zeros(self.rows.n),
        }, schema_overrides={"score": pl.Float64, "linear": pl.Float64})  # fmt: skip

    def pairs(self) -> pl.DataFrame:
        """Every match: row, match (positions in the data, from 0), distance, weight; by row, then by distance.

        Raises
        ------
        EstimationError
            More than 50 million pairs (wide kernels): the weights of the rows say as much.
        """
        parts = []
        for some in () if self.found.matches is None else self.found.matches.links:
            at, donors, weights = some.pairs()
            focal = some.focal[at]
            points = self.found.places.points
            distance = np.sqrt(((points[focal] - points[donors]) ** 2).sum(axis=1))
            rows = self.rows.rows
            parts.append(
                pl.DataFrame({"row": rows[focal], "match": rows[donors], "distance": distance, "weight": weights})
            )
        schema = {"row": pl.Int64, "match": pl.Int64, "distance": pl.Float64, "weight": pl.Float64}
        whole = pl.concat(parts) if parts else pl.DataFrame(schema=schema)
        return whole.sort("row", "distance", "match")

    @cached_property
    def balance(self) -> pl.DataFrame:
        """Balance of the score and of every covariate: see :func:`econloom.panel.matching.balance.balance_table`."""
        names, X = self.rows.names, self.rows.X
        if self.found.model is not None:
            names, X = (SCORE, *names), np.column_stack([self.found.model.fitted, X])
        return balance_table(names, X, self.rows.treated, self.found.weights, self.rule.denominator)

    def love(self) -> pl.DataFrame:
        """Absolute standardised differences for a love plot: term, before, after; the largest before first."""
        found = self.balance.select(
            "term", before=pl.col("before_difference").abs(), after=pl.col("after_difference").abs()
        )
        return found.sort("before", descending=True, nulls_last=True, maintain_order=True)

    def data(self) -> pl.DataFrame:
        """The rows of the data that are used, with ``weight`` and ``score`` (``_weight`` where there is such a column).

        The weights of treated rows are one, those of the others sum to the number of treated (without normalising).
        """
        used = self.found.weights > 0
        frame = self.panel.frame[self.rows.rows[used]]
        added = {"weight": self.found.weights[used]}
        if self.found.model is not None:
            added["score"] = self.found.model.fitted[used]
        fresh = {f"_{n}" if n in frame.columns else n: pl.Series(v) for n, v in added.items()}
        return frame.with_columns(**fresh)

    @property
    def sample(self) -> SampleLog:
        """The funnel from the rows offered to those with a weight."""
        log = self.rows.log
        return SampleLog(log.offered, (*log.drops, *self.found.drops), int((self.found.weights > 0).sum()))

    @property
    def sizes(self) -> dict[str, float | int | None]:
        """Rows, matched treated, used untreated, and effective numbers ``(sum w)^2 / sum w^2`` of both arms."""
        w, t = self.found.weights, self.rows.treated
        return {
            "n": int((w > 0).sum()),
            "n_treated": int((w[t] > 0).sum()),
            "n_control": int((w[~t] > 0).sum()),
            "ess_treated": _effective(w[t]),
            "ess_control": _effective(w[~t]),
        }

    @property
    def warnings(self) -> tuple[str, ...]:
        """What a reader of the numbers has to know."""
        said = [f"{name} left out of the score or distance: {why}" for name, why in self.found.used.removed]
        lost = [d for d in self.found.drops if d.reason.startswith("treated")]
        said += [f"{d.rows} {d.reason}: the effect is that on the others" for d in lost]
        if self.found.effect is not None and isinstance(self.found.effect.variance, Unavailable):
            said.append(f"no standard error: {self.found.effect.variance.reason}")
        return tuple(said)

    @property
    def summary(self) -> Tidy:
        """The effect as a row, with statistics."""
        found = self.effect
        return Tidy(
            outcome=self.rows.outcome or self.rows.treatment,
            coefficients=() if isinstance(found, Unavailable) else (found,),
            glance=self.sizes,
            effects=(),
            vcov=str(self.rule.errors),
            ssc="none",
            distribution="normal",
            df=None,
            sample=self.sample,
            removed=self.found.used.removed,
            formula=self.rows.formula,
            extra={"warnings": self.warnings, "estimator": f"matching ({self.rule.method})"},
        )


def _effective(w: FloatArray) -> float | None:
    return float(w.sum() ** 2 / (w @ w)) if w.any() else None
