"""Treatment dates moved to earlier periods: an effect before anything happened is no effect of the treatment."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, get_args

import numpy as np
import polars as pl

from econloom.core.errors import EconloomError, EstimationError, UsageError, did_you_mean, listed, plural
from econloom.core.estimate import Coefficient
from econloom.core.frame import Panel
from econloom.core.lineage import Event
from econloom.core.spec import SscName, VcovSpec, cluster
from econloom.panel.absorb import FloatArray
from econloom.panel.columns import Columns
from econloom.panel.design import draw_sample
from econloom.panel.designs.placebo.assignment import Assignment, Keys, read
from econloom.panel.designs.placebo.base import treatment_term
from econloom.panel.designs.placebo.found import RealTreated
from econloom.panel.designs.placebo.permuting import panel_of
from econloom.panel.fit import fit_many, requests
from econloom.panel.fitted import Fit


@dataclass(frozen=True, repr=False, eq=False)
class Shifts:
    """The model with dates moved earlier.

    Attributes
    ----------
    term : str
    fits : mapping of int to Fit
        By the number of periods.
    real_treatment : {"drop", "keep"}
        What became of rows under real treatment.
    notes : tuple of str
    """

    term: str
    fits: Mapping[int, Fit]
    real_treatment: RealTreated
    notes: tuple[str, ...]

    def tidy(self) -> pl.DataFrame:
        """One row a shift: earlier, estimate, std_error, statistic, p_value, conf_low, conf_high, n."""
        names = ("estimate", "std_error", "statistic", "p_value", "conf_low", "conf_high")
        rows = [
            {"earlier": k, **{n: getattr(self.coefficient(k), n) for n in names}, "n": fit.design.n}
            for k, fit in self.fits.items()
        ]
        return pl.DataFrame(rows).with_columns(pl.col(pl.Float64).fill_nan(None))

    def coefficient(self, earlier: int) -> Coefficient:
        """The placebo effect of dates moved by some periods."""
        found = self.fits[earlier].summary.coefficient(self.term)
        assert found is not None
        return found

    def __repr__(self) -> str:
        lines = [f"Placebo dates of {self.term}, rows under real treatment {_DONE[self.real_treatment]}"]
        for k in self.fits:
            c = self.coefficient(k)
            lines.append(f"  {plural(k, 'period')} earlier: {c.estimate:.4g} ({c.std_error:.3g}), p {c.p_value:.3g}")
        return "\n".join([*lines, *(f"  {note}" for note in self.notes)])


_DONE = {"drop": "dropped", "keep": "kept"}


def shift(
    formula: str,
    data: Any,
    treatment: str,
    unit: str,
    time: str,
    earlier: int | Sequence[int] = 1,
    real_treatment: RealTreated = "drop",
    vcov: VcovSpec | None = None,
    cohort: str | None = None,
    weights: str | None = None,
    where: str | None = None,
    ssc: SscName = "fixest",
    singletons: Literal["keep", "drop"] = "keep",
    rows_of: str | None = None,
) -> Shifts:
    """Estimate with every treatment date moved to an earlier period.

    Parameters
    ----------
    formula : str
        Of one least-squares model; the treatment is one of its regressors, by itself.
    data : Panel, polars, pandas, pyarrow or path
    treatment, unit, time, cohort : str
        As for :func:`permute`.
    earlier : int or sequence of int
        Periods by which dates are moved; in units of ``time``, gaps counted.
    real_treatment : {"drop", "keep"}
        Rows under real treatment: dropped, so that only periods before it are compared, or kept as treated.
    vcov : VcovSpec, optional
        ``el.cluster(unit)`` by default.
    weights, where, ssc, singletons
        As for :func:`econloom.ols`.
    rows_of : str, optional
        As for :func:`permute`.

    Returns
    -------
    Shifts

    Raises
    ------
    UsageError, DataError
        As :func:`permute`; shifts that are no whole numbers from 1 on.
    EstimationError
        No unit has a period before its moved date; the effects absorb the moved treatment.

    Examples
    --------
    >>> import polars as pl
    >>> frame = pl.DataFrame({"city": list("aaabbbccc"), "year": [1, 2, 3] * 3, "d": [0, 0, 1] + [0] * 6,
    ...                       "y": [1.0, 1.0, 5.0, 1.0, 2.0, 2.5, 0.0, 1.5, 1.2]})
    >>> found = shift("y ~ d | city + year", frame, "d", "city", "year")
    >>> found.tidy()["estimate"].round(6).to_list(), found.fits[1].design.n
    ([-1.25], 8)
    """
    keys = Keys.of(treatment, unit, time, None, cohort)
    steps = checked(earlier)
    refuse_unknown(real_treatment)
    panel = panel_of(data, keys, rows_of)
    options = {"weights": weights, "where": where, "ssc": ssc, "singletons": singletons}
    asked = requests(formula, panel, vcov=vcov or cluster(unit), **options)
    if len(asked) > 1:
        raise UsageError(f"placebo dates are of one model, not of {len(asked)}: {formula}")
    term = treatment_term(asked[0], treatment)
    rows = draw_sample(Columns(panel, asked[0].where), asked[0]).rows
    found = read(panel.frame[rows], keys)
    fits: dict[int, Fit] = {}
    notes: list[str] = list(found.notes)
    for k in steps:
        values, said = moved(found, k)
        notes += said
        made, kept = np.full(panel.height, np.nan), np.zeros(panel.height, dtype=bool)
        made[rows] = values
        real = found.values(found.real)
        kept[rows[real == 0] if real_treatment == "drop" else rows] = True
        column = pl.Series(treatment, made).fill_nan(None)
        one = replace(asked[0], panel=panel.with_column(treatment, column), where=pl.Series("placebo rows", kept))
        try:
            fits[k] = fit_many([one])[0]
        except EconloomError as error:
            raise error.within(f"dates {plural(k, 'period')} earlier") from error
        if fits[k].summary.coefficient(term.name) is None:
            why = dict(fits[k].estimate.removed).get(term.name, "it was left out")
            raise EstimationError(f"dates {plural(k, 'period')} earlier: {term.name!r} has no coefficient: {why}")
    return Shifts(term.name, fits, real_treatment, tuple(dict.fromkeys(notes)))


def moved(found: Assignment, earlier: int) -> tuple[FloatArray, tuple[str, ...]]:
    """The treatment of the rows with dates some periods earlier, (n,), and what is to be said.

    Raises
    ------
    EstimationError
        No treated unit has a period before its moved date.
    """
    at = np.searchsorted(found.periods, found.periods + earlier, side="right") - 1
    paths = found.paths[:, at]
    seen = np.where(found.observed, paths[found.real] == 0, False).any(axis=1)
    without = found.treated & ~seen
    if without[found.treated].all():
        raise EstimationError(
            f"dates {plural(earlier, 'period')} earlier: no treated unit has a period before",
            hint="fewer periods",
        )
    note = f"dates {plural(earlier, 'period')} earlier: no period before for {found.named(without)}"
    return np.asarray(paths[found.real[found.unit_rows], found.period_rows]), (note,) if without.any() else ()


def moved_panel(panel: Panel, keys: Keys, earlier: int, real: str) -> Panel:
    """The panel with a treatment's dates moved, and the treatment as it is in a column of its own.

    Parameters
    ----------
    panel : Panel
    keys : Keys
    earlier : int
    real : str
        Name of that column.
    """
    keys.refuse_unknown(panel.columns)
    known = [c for c in (keys.treatment, keys.unit, keys.time) if c is not None]
    rows = np.flatnonzero(panel.frame.select(pl.all_horizontal(pl.col(known).is_not_null())).to_series().to_numpy())
    values, notes = moved(read(panel.frame[rows], keys), earlier)
    made = np.full(panel.height, np.nan)
    made[rows] = values
    said = [Event("variable", f"dates of {keys.treatment} {plural(earlier, 'period')} earlier")]
    said += [Event("warning", note) for note in notes]
    variable = panel.variables.get(keys.treatment)
    kept = panel.with_column(real, panel.column(keys.treatment).cast(pl.Float64))
    return kept.with_column(keys.treatment, pl.Series(keys.treatment, made).fill_nan(None), variable, *said)


def checked(earlier: int | Sequence[int]) -> list[int]:
    """Shifts as a list.

    Raises
    ------
    UsageError
    """
    steps = list(earlier) if isinstance(earlier, Sequence) and not isinstance(earlier, str) else [earlier]
    if not steps or any(isinstance(k, bool) or not isinstance(k, int) or k < 1 for k in steps):
        raise UsageError(f"earlier: whole numbers of periods from 1 on, not {listed(steps) or 'none'}")
    return list(dict.fromkeys(steps))


def refuse_unknown(real_treatment: str) -> None:
    """Refuse an unknown choice.

    Raises
    ------
    UsageError
    """
    known = get_args(RealTreated)
    if real_treatment not in known:
        near = did_you_mean(real_treatment, known)
        raise UsageError(f"no real_treatment {real_treatment!r}{near}", hint=", ".join(known))
