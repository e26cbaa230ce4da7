"""What several checks ask of a cell: its t value as an interval, the degrees of freedom that it may rest on."""

from __future__ import annotations

import math
from functools import lru_cache

from econloom.audit.given import Given
from econloom.audit.interval import Interval
from econloom.audit.levels import Df
from econloom.audit.noting import CONVENTIONS
from econloom.audit.numerals import Numeral
from econloom.audit.paper import Estimate, PaperTable

ROWS_PER_DF = 10  # residual degrees of freedom are taken for at least a tenth of N


def span(number: Numeral) -> Interval:
    """What a printed number stands for."""
    return Interval.printed(number)


def ratio(coefficient: Numeral, se: Numeral) -> Interval:
    """|coefficient| / SE over both intervals; a standard error that prints as zero may be as near to it as it likes.

    Examples
    --------
    >>> from econloom.audit.numerals import read_numeral
    >>> ratio(read_numeral("0.10"), read_numeral("0.05")).text(3)
    '1.73 to 2.33'
    """
    below = span(se)
    return abs(span(coefficient)) / Interval(max(below.low, 0.0), max(below.high, 0.0))


def standard_error(e: Estimate) -> Interval | None:
    """The standard error of a cell: as printed, or coefficient over t; None where neither says it.

    Examples
    --------
    >>> from econloom.audit.numerals import read_numeral
    >>> standard_error(Estimate("x", "1", read_numeral("0.50"), t=read_numeral("2.5"))).text(3)
    '0.194 to 0.206'
    """
    if e.se is not None:
        return None if e.also or span(e.se).high < 0 else Interval(max(span(e.se).low, 0.0), span(e.se).high)
    if e.t is None or abs(span(e.t)).low <= 0 or abs(span(e.coefficient)).low <= 0:
        return None
    return abs(span(e.coefficient)) / abs(span(e.t))


@lru_cache(maxsize=256)
def kinds_of_unclear(table: PaperTable) -> tuple[str, ...]:
    """What brackets of unknown content can hold, by the numbers in them."""
    cells = [(e.coefficient, e.unclear) for e in table.estimates if e.unclear is not None]
    kinds: set[str] = {"se", "t", "p"} if cells else set()
    for coefficient, number in cells:
        x, u = span(coefficient), span(number)
        if u.high < 0:
            kinds -= {"se", "p"}
        if u.low > 1:
            kinds -= {"p"}
        if number.value and (x.low > 0 > u.high or x.high < 0 < u.low):
            kinds -= {"t"}
    return tuple(sorted(kinds))


def ratios(e: Estimate, table: PaperTable) -> list[Interval]:
    """The intervals of |t| that a cell may rest on: one, or several where the print leaves it open.

    Empty where nothing but a p value stands beside the coefficient, or where standard error and t disagree.
    """
    if table.note.transformed:
        return [abs(span(e.t))] if e.t is not None else []
    found = [ratio(e.coefficient, se) for se in (e.se, *e.also) if se is not None and span(se).high >= 0]
    if e.t is not None:
        t = abs(span(e.t))
        return [t & r for r in found if t.meets(r)] if found else [t]
    if not found and e.unclear is not None:
        kinds = kinds_of_unclear(table)
        found += [ratio(e.coefficient, e.unclear)] if "se" in kinds and span(e.unclear).high >= 0 else []
        found += [abs(span(e.unclear))] if "t" in kinds else []
    return found


def p_values(e: Estimate, table: PaperTable) -> list[Interval]:
    """The intervals of a printed p value; of brackets that may hold one, too."""
    if e.p is not None:
        return [span(e.p)]
    if e.unclear is not None and "p" in kinds_of_unclear(table):
        return [span(e.unclear)]
    return []


def rows_of(table: PaperTable, column: str, panel: str = "") -> Interval | None:
    """N of a column, where it is printed once."""
    n = table.statistic(column, "n", panel)
    return None if n is None else n.interval


def plausible_df(table: PaperTable, column: str, given: Given, panel: str = "") -> Df:
    """The degrees of freedom that a paper could have used: the normal distribution, residual ones, clusters less one.

    Without a word about clusters, from one less than ``given.fewest_clusters`` on, or from ``N / ROWS_PER_DF`` where
    that is fewer; where N is not printed, from 1 on. A run of econloom knows those of each column.
    """
    note = table.note
    known = next((c.df for c in table.columns if c.id == column), ())
    if known:
        return Df(min(known), max(known))
    n = rows_of(table, column, panel)
    residual = 1.0 if n is None else max(1.0, math.floor(n.low / ROWS_PER_DF))
    if note.df:
        named, every = Df(min(note.df), max(note.df)), _residual(note.text)
        return Df(min(named.low, residual), math.inf) if every else named
    stated = clusters_of(table, column, given, panel)
    if stated is not None:
        return Df(max(1, stated - 1 if n is None else min(stated - 1, residual)), math.inf)
    return Df(max(1, min(given.fewest_clusters - 1, residual)), math.inf)


def clusters_of(table: PaperTable, column: str, given: Given, panel: str = "") -> int | None:
    """The number of clusters, as stated by the reader or printed in the foot."""
    if given.clusters is not None:
        return given.clusters
    printed = table.statistic(column, "clusters", panel)
    return None if printed is None else int(printed.number.value)


def _residual(text: str) -> bool:
    return "残差自由度" in text or "residual degrees" in text


def schemes(table: PaperTable, given: Given) -> tuple[tuple[float, ...], ...]:
    """The cut-offs of stars: those given, those of the note, else every usual convention that the table can follow."""
    if given.cutoffs:
        return (tuple(given.cutoffs),)
    cuts = table.note.cutoffs
    if cuts:
        return (tuple(sorted(cuts, reverse=True)) if table.note.disordered else cuts,)
    return CONVENTIONS


def unverifiable(table: PaperTable) -> str:
    """Why stars cannot be held against t values, or an empty string."""
    if table.note.resampled:
        return "the note says that significance does not come from t or normal critical values"
    return ""
