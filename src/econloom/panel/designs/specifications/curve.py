"""The specification curve: every combination of reasonable choices, estimated."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import polars as pl
from scipy import special

from econloom.core.errors import EstimationError, UsageError, did_you_mean, plural
from econloom.panel.absorb import FloatArray
from econloom.panel.designs.specifications.asking import Failure, Member, Sampler, Setting, Writer, drawn
from econloom.panel.designs.specifications.choices import (
    MOST,
    Specification,
    chosen_one,
)
from econloom.panel.designs.specifications.estimating import Found, estimate_group, group_key
from econloom.panel.fit import fit_many
from econloom.panel.fitted import Fit
from econloom.panel.inference.sandwich import LEVEL
from econloom.panel.passes import one_blas_thread

SCHEMA: dict[str, Any] = {
    "number": pl.Int64,
    "outcome": pl.String,
    "term": pl.String,
    "controls": pl.String,
    "sample": pl.String,
    "effects": pl.String,
    "vcov": pl.String,
    "weights": pl.String,
    "n_controls": pl.Int64,
    "estimate": pl.Float64,
    "std_error": pl.Float64,
    "statistic": pl.Float64,
    "p_value": pl.Float64,
    "conf_low": pl.Float64,
    "conf_high": pl.Float64,
    "df": pl.Float64,
    "n": pl.Int64,
    "n_clusters": pl.Int64,
    "removed": pl.String,
    "note": pl.String,
    "formula": pl.String,
}
ESTIMATED = ("estimate", "std_error", "statistic", "p_value", "conf_low", "conf_high", "df")
Progress = Callable[[int, int], object]


@dataclass(frozen=True, repr=False, eq=False)
class Curve:
    """Estimates of all specifications.

    Attributes
    ----------
    setting : Setting
        What was asked for.
    specifications : tuple of Specification
        All of them, those that failed too.
    frame : polars.DataFrame
        One row for each that has an estimate; see :meth:`tidy`.
    failed : tuple of Failure
    level : float
        Of significance.
    preferred : int or None
        Number of the specification that was named beforehand.
    row_sets : int
        Different samples, effects and weights: how often columns were absorbed.
    """

    setting: Setting
    specifications: tuple[Specification, ...]
    frame: pl.DataFrame
    failed: tuple[Failure, ...]
    level: float
    preferred: int | None
    row_sets: int

    def tidy(self) -> pl.DataFrame:
        """One row a specification, in the order of its number.

        ``number``; the choices ``outcome, term, controls, sample, effects, vcov, weights, n_controls``; ``estimate,
        std_error, statistic, p_value, conf_low, conf_high, df, n, n_clusters``; ``removed``: regressors left out and
        why; ``note``: why there is no standard error; ``formula``.
        """
        return self.frame

    def failures(self) -> pl.DataFrame:
        """Specifications without an estimate: number, choices and reason."""
        rows = [{"number": f.specification.number, **f.specification.choices, "reason": f.reason} for f in self.failed]
        schema = {k: SCHEMA[k] for k in list(SCHEMA)[:8]} | {"reason": pl.String}
        return pl.DataFrame(rows, schema=schema)

    def summary(self, by: str | Sequence[str] = ("outcome", "term")) -> pl.DataFrame:
        """The curve in numbers, for each value of some choices.

        Parameters
        ----------
        by : str or sequence of str
            Choices; an empty sequence for all specifications together.

        Returns
        -------
        polars.DataFrame
            The choices, ``specifications``, ``median``, ``smallest``, ``largest``, ``share_positive``,
            ``share_negative``, ``share_significant`` (of those with a standard error) and the shares significant in
            either direction.

        Raises
        ------
        UsageError
            No such choice.
        """
        names = [by] if isinstance(by, str) else list(by)
        known = list(SCHEMA)[1:8]
        if wrong := [n for n in names if n not in known]:
            raise UsageError(f"no choice {wrong[0]!r}{did_you_mean(wrong[0], known)}", hint=", ".join(known))
        e, p = pl.col("estimate"), pl.col("p_value")
        found = [
            pl.len().alias("specifications"),
            e.median().alias("median"),
            e.min().alias("smallest"),
            e.max().alias("largest"),
            (e > 0).mean().alias("share_positive"),
            (e < 0).mean().alias("share_negative"),
            (p < self.level).mean().alias("share_significant"),
            ((p < self.level) & (e > 0)).mean().alias("share_significant_positive"),
            ((p < self.level) & (e < 0)).mean().alias("share_significant_negative"),
        ]
        return self.frame.group_by(names, maintain_order=True).agg(found) if names else self.frame.select(found)

    @property
    def median(self) -> float:
        """Median estimate of all specifications."""
        return float(np.median(self.frame["estimate"].to_numpy()))

    @property
    def share_significant(self) -> float:
        """Share with a p value below ``level``, of those that have one."""
        return float(self.summary(())["share_significant"][0] or 0.0)

    @property
    def share_positive(self) -> float:
        """Share of positive estimates."""
        return float(self.summary(())["share_positive"][0])

    @cached_property
    def _by_number(self) -> dict[int, Specification]:
        return {s.number: s for s in self.specifications}

    def specification(self, number: int) -> Specification:
        """One by its number.

        Raises
        ------
        UsageError
        """
        if number not in self._by_number:
            raise UsageError(f"no specification {number!r}: they go from 1 to {len(self.specifications)}")
        return self._by_number[number]

    def refit(self, number: int) -> Fit:
        """The plain fit of one specification, alone and on its own.

        Raises
        ------
        UsageError
            No such number.
        EconloomError
            As any fit.
        """
        one, writer = self.specification(number), Writer(self.setting)
        if not self.setting.common:
            return fit_many([writer.request(one)[0]])[0]
        members, failed = drawn(Sampler(writer), self.specifications)
        for lost in (f for f in failed if f.specification.number == number):
            raise EstimationError(lost.reason)
        member = next(m for m in members if m.specification.number == number)
        return fit_many([member.asked])[0]

    def __repr__(self) -> str:
        lines = [f"specification curve of {plural(len(self.specifications), 'specification')}"]
        if self.failed:
            lines.append(f"{len(self.failed)} without an estimate (.failures())")
        with pl.Config(
            tbl_rows=20, tbl_cols=-1, tbl_width_chars=180, fmt_str_lengths=40, tbl_hide_dataframe_shape=True
        ):
            lines.append(str(self.summary()))
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        return str(self.summary()._repr_html_())


def estimated(
    setting: Setting,
    preferred: Mapping[str, object] | None = None,
    level: float = 0.05,
    progress: Progress | None = None,
) -> Curve:
    """The curve of a setting; parameters and errors are those of :func:`curve`."""
    if not isinstance(level, float) or not 0 < level < 1:
        raise UsageError(f"level: a share between 0 and 1, not {level!r}")
    number = setting.choices.number
    if number > MOST:
        raise UsageError(f"{number:,} specifications; a curve has at most {MOST:,}", hint="fewer choices")
    every = tuple(setting.choices.specifications())
    chosen = chosen_one(preferred, every)
    groups, failed = groups_of(setting, every)
    found: list[Found] = []
    done = len(failed)

    def told(more: int) -> None:
        nonlocal done
        done += more
        if progress is not None:
            progress(done, number)

    with one_blas_thread():
        for same in groups:
            for result in estimate_group(same, told):
                if isinstance(result, Failure):
                    failed.append(result)
                else:
                    found.append(result)
    if not found:
        reasons = list(dict.fromkeys(f.reason for f in failed))
        raise EstimationError(f"none of {plural(number, 'specification')} has an estimate: {reasons[0]}")
    failed.sort(key=lambda f: f.specification.number)
    frame = _framed(every, sorted(found, key=lambda f: f.number))
    return Curve(setting, every, frame, tuple(failed), level, chosen, len(groups))


def groups_of(setting: Setting, every: Sequence[Specification]) -> tuple[list[list[Member]], list[Failure]]:
    """Specifications in groups that share rows, effects and weights, and those without rows."""
    sampler = Sampler(Writer(setting))
    members, failed = drawn(sampler, every)
    groups: dict[tuple[object, ...], list[Member]] = {}
    for member in members:
        groups.setdefault(group_key(member, sampler.digests[id(member.sample)]), []).append(member)
    return list(groups.values()), failed


def _framed(every: Sequence[Specification], found: Sequence[Found]) -> pl.DataFrame:
    chosen = [every[f.number - 1] for f in found]
    columns: dict[str, Any] = {"number": [f.number for f in found]}
    columns |= {name: [s.choices[name] for s in chosen] for name in list(SCHEMA)[1:8]}
    columns["n_controls"] = [len(s.controls) for s in chosen]
    estimate, error = (np.array([getattr(f, name) for f in found]) for name in ("estimate", "std_error"))
    df = np.array([np.inf if f.df is None else f.df for f in found])
    columns |= zip(ESTIMATED, located(estimate, error, df), strict=True)
    for n, law in ((n, f.law) for n, f in enumerate(found) if f.law is not None):
        for name, value in zip(("p_value", "conf_low", "conf_high"), law, strict=True):
            columns[name][n] = value
    for name in ("n", "n_clusters", "removed", "note", "formula"):
        columns[name] = [getattr(f, name) for f in found]
    frame = pl.DataFrame(columns, schema=SCHEMA, strict=False)
    infinite = pl.col("df").is_infinite()
    return frame.with_columns(pl.col(ESTIMATED[:-1]).fill_nan(None), df=pl.when(~infinite).then("df"))


def located(estimate: FloatArray, error: FloatArray, df: FloatArray) -> tuple[FloatArray, ...]:
    """Estimate, error, statistic, p value, interval and degrees of freedom (infinite: the normal law), (S,) each."""
    normal = np.isinf(df)
    finite = np.where(normal, 1.0, df)
    statistic = estimate / error
    size = -np.abs(statistic)
    p = 2 * np.where(normal, special.ndtr(size), special.stdtr(finite, size))
    upper = (1 + LEVEL) / 2
    reach = error * np.where(normal, special.ndtri(upper), special.stdtrit(finite, upper))
    return estimate, error, statistic, p, estimate - reach, estimate + reach, df
