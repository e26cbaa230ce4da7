"""The entry point: each group of rows left out in turn."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from econloom.core.errors import EstimationError, UsageError, did_you_mean, plural
from econloom.core.estimate import CONSTANT, Coefficient
from econloom.panel.absorb import IntArray
from econloom.panel.columns import grouped
from econloom.panel.designs.influence.running import Leaver, Left
from econloom.panel.designs.influence.sets import Sets
from econloom.panel.designs.specifications.curve import located
from econloom.panel.fitted import Fit, fitted

SCHEMA: dict[str, Any] = {
    "term": pl.String,
    "estimate": pl.Float64,
    "std_error": pl.Float64,
    "statistic": pl.Float64,
    "p_value": pl.Float64,
    "conf_low": pl.Float64,
    "conf_high": pl.Float64,
    "change": pl.Float64,
    "dfbetas": pl.Float64,
    "n": pl.Int64,
    "rows": pl.Int64,
    "note": pl.String,
}
Progress = Callable[[int, int], object]


@dataclass(frozen=True, repr=False, eq=False)
class Influence:
    """Coefficients with each group left out.

    Attributes
    ----------
    fit : Fit
        On all rows.
    by : str
        What was left out.
    terms : tuple of str
    frame : polars.DataFrame
        See :meth:`tidy`.
    afresh : int
        Groups that were estimated afresh on the other rows; the rest come from the fit's own cross-products.
    """

    fit: Fit
    by: str
    terms: tuple[str, ...]
    frame: pl.DataFrame
    afresh: int

    def tidy(self) -> pl.DataFrame:
        """One row a group and term.

        ``left_out``; ``term, estimate, std_error, statistic, p_value, conf_low, conf_high`` without it; ``change``, the
        estimate less that of all rows; ``dfbetas``, the opposite over the standard error without the group; ``n`` and
        ``rows``, those that stay and those that left; ``note``: why something is null.
        """
        return self.frame

    @property
    def failures(self) -> pl.DataFrame:
        """Groups without which a term has no estimate."""
        return self.frame.filter(pl.col("estimate").is_null())

    def most_influential(self, number: int = 10, term: str | None = None) -> pl.DataFrame:
        """The groups that move a coefficient most, the largest change first.

        Parameters
        ----------
        number : int
        term : str, optional
            The first one by default.
        """
        found = self.frame.filter(pl.col("term") == self._term(term), pl.col("estimate").is_not_null())
        return found.sort(pl.col("change").abs(), descending=True, maintain_order=True).head(number)

    def summary(self) -> pl.DataFrame:
        """One row a term: all rows' estimate, the range without a group, and how often sign or significance changes.

        ``estimate, groups, smallest, smallest_without, largest, largest_without, sign_changes,
        significance_changes`` (at 0.05), ``no_estimate``.
        """
        return pl.DataFrame([self._summary(t) for t in self.terms])

    def _summary(self, term: str) -> dict[str, object]:
        whole = self._whole(term)
        part = self.frame.filter(pl.col("term") == term)
        known = part.filter(pl.col("estimate").is_not_null()).sort("estimate", maintain_order=True)
        ends = known.select("left_out", "estimate").rows()
        low, high = (ends[0], ends[-1]) if ends else ((None, None), (None, None))
        judged = known.filter(pl.col("p_value").is_not_null())
        return {
            "term": term, "estimate": whole.estimate, "groups": part.height, "smallest": low[1],
            "smallest_without": low[0], "largest": high[1], "largest_without": high[0],
            "sign_changes": int((known["estimate"].sign() != np.sign(whole.estimate)).sum()),
            "significance_changes": int(((judged["p_value"] < 0.05) != (whole.p_value < 0.05)).sum()),
            "no_estimate": part.height - known.height,
        }  # fmt: skip

    def _whole(self, term: str) -> Coefficient:
        found = self.fit.summary.coefficient(term)
        assert found is not None
        return found

    def _term(self, term: str | None) -> str:
        if term is not None and term not in self.terms:
            raise UsageError(f"no term {term!r} here{did_you_mean(term, self.terms)}", hint=", ".join(self.terms))
        return term or self.terms[0]

    def __repr__(self) -> str:
        head = f"{plural(self.frame.height // len(self.terms), 'group')} of {self.by} left out in turn"
        with pl.Config(tbl_rows=20, tbl_cols=-1, tbl_width_chars=180, tbl_hide_dataframe_shape=True):
            return f"{head}\n{self.summary()}\n{self.most_influential(5)}"

    def _repr_html_(self) -> str:
        return str(self.summary()._repr_html_()) + str(self.most_influential()._repr_html_())


def leave_one_out(
    fit: Fit,
    by: str | None = None,
    terms: str | Sequence[str] | None = None,
    std_errors: bool = True,
    progress: Progress | None = None,
) -> Influence:
    """The coefficients with each unit, period or other group of rows left out in turn.

    Parameters
    ----------
    fit : Fit
        Of ``el.ols`` or ``el.iv``.
    by : str, optional
        Column, or columns joined by ``^``, whose values are left out; the unit by default.
    terms : str or sequence of str, optional
        All regressors by default.
    std_errors : bool
        Standard errors too, by the covariance of the fit; without them it is quicker.
    progress : callable, optional
        ``progress(done, groups)``.

    Returns
    -------
    Influence
        ``.tidy()`` one row a group and term, ``.most_influential()``, ``.summary()``.

    Raises
    ------
    UsageError
        An unknown column or term, or a fit that is no least-squares or instrumental-variables one.
    EstimationError
        A single group.

    Notes
    -----
    Every number is that of a plain fit on the other rows: effects, clusters, degrees of freedom, collinear regressors
    and (with ``singletons="drop"``) new singletons included. Variables stay what they were, so a lag may come from a
    row that is left out. Rows without a value of ``by`` are never left out.

    The Gram matrix without the rows R is ``B'W B - (w B_R)' N^+ (w B_R)``, N the cross-products of dummies for those
    rows after the effects (:mod:`econloom.panel.designs.influence.removing`). Groups of more than 150 rows, varying
    slopes, instruments, effects of more than 2,000 secondary levels and covariances other than iid, hc1 and one way of
    clusters are estimated afresh on the arrays of the fit.

    Examples
    --------
    >>> import polars as pl, econloom as el
    >>> frame = pl.DataFrame({"i": [1, 1, 2, 2, 3, 3, 4, 4], "t": [0, 1] * 4,
    ...                       "x": [1.0, 2.0, 1.0, 4.0, 2.0, 2.5, 0.0, 1.0],
    ...                       "y": [1.0, 2.0, 0.0, 4.0, 2.0, 3.0, 1.0, 0.0]})
    >>> found = leave_one_out(el.ols("y ~ x | i + t", frame), "i")
    >>> found.most_influential(1)["left_out"][0], [round(b, 3) for b in found.tidy()["estimate"]]
    (2, [1.571, -2.0, 2.0, 1.286])
    """
    if type(fit) is not Fit:
        raise UsageError(f"a fit of el.ols or el.iv is needed, not {type(fit).__name__}")
    again = fitted(fit.request, fit.sample, fit.shared, fit.stage).estimate.coefficients
    if not np.allclose(again, fit.estimate.coefficients, rtol=1e-9, atol=0.0):
        raise UsageError("the fit has rescaled products: each sample scales anew", hint="the fit before it was scaled")
    name, keys = _keys(fit, by)
    wanted = _terms(fit, terms)
    codes, values = _groups(fit, keys)
    number = len(values)
    if number < 2:
        raise EstimationError(f"the sample has {plural(number, 'value')} of {name!r}: none can be left out")
    done = 0

    def told(more: int) -> None:
        nonlocal done
        done += more
        if progress is not None:
            progress(done, number)

    found = Leaver(fit, Sets(fit, codes, number), wanted, std_errors).all(told)
    return Influence(fit, name, wanted, _framed(fit, wanted, found, values), sum(left.afresh for left in found))


def _keys(fit: Fit, by: str | None) -> tuple[str, tuple[str, ...]]:
    panel = fit.request.panel
    if by is None:
        keys = fit.request.unit_keys
        if keys is None:
            raise UsageError("by: name a column: the fit has no unit", hint="leave_one_out(fit, 'firm')")
        return "^".join(keys), keys
    if not isinstance(by, str):
        raise UsageError(f"by: {by!r:.60} is not the name of a column")
    keys = (by,) if by in panel.columns else tuple(part.strip() for part in by.split("^"))
    for key in keys:
        if key not in panel.columns:
            raise UsageError(f"by: no column {key!r}{did_you_mean(key, panel.columns)}")
    return by, keys


def _terms(fit: Fit, terms: str | Sequence[str] | None) -> tuple[str, ...]:
    known = fit.estimate.names
    if terms is None:
        return tuple(t for t in known if t != CONSTANT) or known
    if not isinstance(terms, str | Sequence):
        raise UsageError(f"terms: {terms!r:.60} is no list of names")
    wanted = (terms,) if isinstance(terms, str) else tuple(terms)
    if not wanted or (wrong := [t for t in wanted if t not in known]):
        named = wrong[0] if wanted else ""
        raise UsageError(f"no coefficient {named!r}{did_you_mean(named, known)}", hint=", ".join(known))
    return wanted


def _groups(fit: Fit, keys: tuple[str, ...]) -> tuple[IntArray, pl.Series]:
    """The group of each row of the design, -1 for none, and the values in their order."""
    frame = fit.request.panel.frame[fit.design.rows]
    known = frame.select(pl.all_horizontal(pl.col(k).is_not_null() for k in keys)).to_series().to_numpy()
    codes = np.full(len(known), -1, dtype=np.int64)
    inside = np.flatnonzero(known)
    if not len(inside):
        return codes, pl.Series("left_out", [], dtype=pl.String)
    part = fit.request.panel.with_rows(frame[inside])
    found = grouped(part, keys).grouping("^".join(keys), None)
    codes[inside] = found.codes
    first = np.zeros(found.levels, dtype=np.int64)
    first[found.codes[::-1]] = np.arange(len(inside))[::-1]
    chosen = part.frame.select(keys)[first]
    if len(keys) == 1:
        return codes, chosen.to_series().alias("left_out")
    return codes, chosen.select(pl.concat_str(pl.all().cast(pl.String), separator="^").alias("left_out")).to_series()


def _framed(fit: Fit, terms: Sequence[str], found: Sequence[Left], values: pl.Series) -> pl.DataFrame:
    estimates, errors = (np.array([getattr(left, part) for left in found]) for part in ("estimates", "errors"))
    df = np.array([np.inf if left.df is None else left.df for left in found])
    n = np.array([left.n for left in found])
    names = fit.estimate.names
    parts = []
    for j, term in enumerate(terms):
        whole = float(fit.estimate.coefficients[names.index(term)])
        columns = dict(zip(list(SCHEMA)[1:7], located(estimates[:, j], errors[:, j], df)[:6], strict=True))
        columns |= {"change": estimates[:, j] - whole, "dfbetas": (whole - estimates[:, j]) / errors[:, j]}
        rest = {"term": [term] * len(n), **columns, "n": n, "rows": fit.design.n - n}
        frame = pl.DataFrame({**rest, "note": [left.note for left in found]}, schema=SCHEMA)
        parts.append(frame.with_columns(pl.col(pl.Float64).fill_nan(None)).insert_column(0, values))
    return pl.concat(parts)
