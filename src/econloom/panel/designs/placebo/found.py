"""What placebo draws found: one row a draw, the true estimate among them, and its p values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np
import numpy.typing as npt
import polars as pl

from econloom.core.errors import EstimationError, UsageError, did_you_mean, plural
from econloom.core.estimate import Coefficient
from econloom.panel.absorb import FloatArray
from econloom.panel.designs.placebo.assignment import NEVER, Assignment
from econloom.panel.designs.placebo.drawing import Labels, Pool, counted, tail
from econloom.panel.designs.placebo.running import Outcome
from econloom.panel.fitted import Fit

Stat = Literal["t", "estimate"]
Side = Literal["two", "greater", "less"]
RealTreated = Literal["keep", "drop"]


@dataclass(frozen=True, repr=False, eq=False)
class Placebo:
    """Redraws of the treated units and their dates.

    Attributes
    ----------
    term : str
    real : Coefficient
        Of the model as it is.
    fit : Fit
        That model.
    outcome : Outcome
        Coefficients and standard errors of the draws.
    assignment : Assignment
        Units, batches and periods of the rows that draws use.
    labels : (draws, U) array
        Batch of each of its units in each draw, 0 for none.
    rows : (n,) int array
        Places of those rows in the data.
    pool, real_treated : str
        Who may be drawn, and whether rows of the truly treated stay.
    space : float
        Number of possible assignments, infinite beyond 1e308.
    exact : bool
        Whether the draws are all of them.
    includes_real : bool
        Whether the true assignment is one of them.
    seed : int
    notes : tuple of str
        What a reader of the numbers has to know.
    """

    term: str
    real: Coefficient
    fit: Fit
    outcome: Outcome
    assignment: Assignment
    labels: Labels
    rows: npt.NDArray[np.int64]
    pool: Pool
    real_treated: RealTreated
    space: float
    exact: bool
    includes_real: bool
    seed: int
    notes: tuple[str, ...]

    @property
    def n(self) -> int:
        """Rows of a draw's regression."""
        return len(self.rows)

    @property
    def draws(self) -> int:
        """Number of draws, those without a coefficient among them."""
        return len(self.labels)

    @property
    def lost(self) -> int:
        """Draws without a coefficient."""
        return int(np.isnan(self.outcome.estimate).sum())

    def tidy(self) -> pl.DataFrame:
        """One row a draw: draw, estimate, std_error, statistic, why; what is undefined is null and ``why`` says so."""
        o = self.outcome
        return pl.DataFrame({
            "draw": np.arange(1, self.draws + 1),
            "estimate": o.estimate,
            "std_error": o.std_error,
            "statistic": o.estimate / o.std_error,
            "why": pl.Series(list(o.why), dtype=pl.String),
        }).with_columns(pl.col(pl.Float64).fill_nan(None))  # fmt: skip

    def values(self, stat: Stat = "t") -> FloatArray:
        """The statistics of the draws that have one.

        Raises
        ------
        UsageError
            An unknown statistic.
        EstimationError
            Fewer than half of the draws have it.
        """
        _known("stat", stat, get_args(Stat))
        o = self.outcome
        every = o.estimate if stat == "estimate" else o.estimate / o.std_error
        found = every[np.isfinite(every)]
        if len(found) < self.draws / 2:
            first = next(w for w in o.why if w)
            raise EstimationError(
                f"only {len(found)} of {self.draws} draws have {'a t value' if stat == 't' else 'a coefficient'}",
                hint=f"the first without: {first}",
            )
        return np.asarray(found)

    def p_value(self, stat: Stat = "t", side: Side = "two") -> float:
        """The share of assignments whose statistic is as large as the true one.

        ``(1 + count) / (1 + draws)`` for random draws (Phipson and Smyth 2010) and for enumerations that do not hold
        the true assignment; ``count / draws`` for those that do. Draws without the statistic are left out of both.

        Parameters
        ----------
        stat : {"t", "estimate"}
        side : {"two", "greater", "less"}
            By size, as large or larger, as small or smaller.
        """
        _known("side", side, get_args(Side))
        values = self.values(stat)
        real = self.real.estimate if stat == "estimate" else self.real.statistic
        if not np.isfinite(real):
            raise EstimationError(f"the true model has no {'t value' if stat == 't' else 'coefficient'}")
        count = tail(values, real, side)
        if self.exact and self.includes_real:
            return count / len(values)
        return (1 + count) / (1 + len(values))

    def glance(self) -> pl.DataFrame:
        """One row: the true estimate, the p values by t and by coefficient, what the draws look like."""
        row: dict[str, Any] = {
            "term": self.term, "estimate": self.real.estimate, "std_error": self.real.std_error,
            "statistic": self.real.statistic, "p_model": self.real.p_value,
        }  # fmt: skip
        for stat in get_args(Stat):
            row |= {f"p_{stat}{'' if s == 'two' else '_' + s}": self._or_none(stat, s) for s in get_args(Side)}
        known = self.outcome.estimate[np.isfinite(self.outcome.estimate)]
        row |= {
            "mean_estimate": float(known.mean()), "sd_estimate": float(known.std(ddof=1)) if len(known) > 1 else None,
            "draws": self.draws, "lost": self.lost, "assignments": float(self.space), "exact": self.exact, "n": self.n,
        }  # fmt: skip
        return pl.DataFrame([row])

    def _or_none(self, stat: Stat, side: Side) -> float | None:
        try:
            return self.p_value(stat, side)
        except EstimationError:
            return None

    def assigned(self, draw: int) -> pl.DataFrame:
        """The units treated in a draw and their batches.

        Parameters
        ----------
        draw : int
            As in :meth:`tidy`, counted from 1.
        """
        labels = self._labels(draw)
        a = self.assignment
        chosen = np.flatnonzero(labels != NEVER)
        return pl.DataFrame({
            a.keys.unit: [a.units[u] for u in chosen], "batch": [a.batches[labels[u] - 1] for u in chosen],
        })  # fmt: skip

    def treatment(self, draw: int) -> pl.Series:
        """The treatment of a draw in every row of the data, null in rows that the draws do not use: for a check."""
        panel = self.fit.request.panel
        out = np.full(panel.height, np.nan)
        out[self.rows] = self.assignment.values(self._labels(draw))
        return pl.Series(self.assignment.keys.treatment, out).fill_nan(None)

    def _labels(self, draw: int) -> npt.NDArray[np.int64]:
        if not 1 <= draw <= self.draws:
            raise UsageError(f"draw {draw}: there are draws 1 to {self.draws}")
        return np.asarray(self.labels[draw - 1], dtype=np.int64)

    def __repr__(self) -> str:
        a = self.assignment
        what = f"{plural(self.draws, 'assignment')}, all that are possible" if self.exact else (
            f"{self.draws:,} draws of {counted(self.space)} possible assignments, seed {self.seed}"
        )  # fmt: skip
        lines = [
            f"Placebo of {self.term}: {what}",
            f"  {self.drawn} units of {a.keys.unit!r} treated in a draw, from {self.pool.replace('_', ' ')} units",
            f"  true estimate {self.real.estimate:.4g} (t {self.real.statistic:.3g})",
        ]
        for stat in get_args(Stat):
            p = self._or_none(stat, "two")
            lines.append(f"  p by {stat}: {'none' if p is None else f'{p:.4g}'}")
        return "\n".join([*lines, *(f"  {note}" for note in self.notes)])

    @property
    def drawn(self) -> int:
        """Units treated in a draw."""
        return int((self.labels[0] != NEVER).sum())


def _known(what: str, value: str, known: tuple[str, ...]) -> None:
    if value not in known:
        raise UsageError(f"no {what} {value!r}{did_you_mean(value, known)}", hint=", ".join(known))
