"""What a panel looks like and what looks wrong in it: one function a question, each with the rows concerned."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any, Literal

import polars as pl

from econloom.core.errors import listed
from econloom.data import regions
from econloom.data.profile.keys import Keys
from econloom.data.readers.report import counted

FindingKind = Literal["duplicates", "gaps", "missing", "constant", "near_duplicate", "jump", "unit", "region"]
JUMP_UP, JUMP_DOWN = 5.0, 0.2  # over 5 times, or under -80 per cent
_SHARE = re.compile(r"(share|ratio|rate|prop|pct|percent|率|比重|占比|比例|份额|%)", re.IGNORECASE)
_SHOWN, _MOST_COLUMNS, _MOST_ROWS = 5, 80, 20_000
_SAME = 0.99999


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing to know about a panel.

    Attributes
    ----------
    kind : str
    message : str
    column : str or None
    count : int
        Rows, cells or units concerned.
    rows : tuple of dict
        The first of them.
    """

    kind: FindingKind
    message: str
    column: str | None = None
    count: int = 0
    rows: tuple[Mapping[str, Any], ...] = ()

    def __str__(self) -> str:
        return (f"{self.column}: " if self.column else "") + self.message

    def to_dict(self) -> dict[str, Any]:
        """As JSON-ready values."""
        return {
            "kind": self.kind,
            "column": self.column,
            "message": self.message,
            "count": self.count,
            "rows": [
                {k: v if isinstance(v, int | float | str | None) else str(v) for k, v in r.items()} for r in self.rows
            ],
        }


def duplicates(frame: pl.DataFrame, unit: str, time: str) -> list[Finding]:
    """Keys that stand in several rows, with their rows (counted from 1 below the header)."""
    numbered = frame.select(unit, time).with_row_index("row", offset=1)
    twice = numbered.group_by(unit, time, maintain_order=True).agg("row").filter(pl.col("row").list.len() > 1)
    if twice.height == 0:
        return []
    shown = [f"{u} {t} (rows {listed(rows, 4)})" for u, t, rows in twice.head(_SHOWN).iter_rows()]
    message = f"{counted(twice.height, 'key')} in several rows: {listed(shown)}" + _more(twice.height)
    return [Finding("duplicates", message, None, twice.height, tuple(twice.head(50).to_dicts()))]


def gaps(frame: pl.DataFrame, unit: str, time: str) -> list[Finding]:
    """Units that lack a period between their first and their last."""
    spans = frame.group_by(unit, maintain_order=True).agg(
        pl.col(time).n_unique().alias("has"), pl.col(time).min().alias("first"), pl.col(time).max().alias("last")
    )
    periods = set(frame[time].unique().to_list())
    holed = [r for r in spans.iter_rows(named=True) if sum(r["first"] <= p <= r["last"] for p in periods) > r["has"]]
    if not holed:
        return []
    own = {u: set(t) for u, t in frame.group_by(unit).agg(time).iter_rows()}
    rows = [
        {unit: r[unit], "missing": sorted(p for p in periods if r["first"] <= p <= r["last"] and p not in own[r[unit]])}
        for r in holed[:50]
    ]
    shown = [f"{r[unit]} ({listed(r['missing'], 4)})" for r in rows[:_SHOWN]]
    message = f"{counted(len(holed), 'unit')} with gaps: {listed(shown)}" + _more(len(holed))
    plain = tuple({**r, "missing": listed(r["missing"], 50)} for r in rows)
    return [Finding("gaps", message, time, len(holed), plain)]


def missing(frame: pl.DataFrame, skip: Sequence[str]) -> list[Finding]:
    """Shares of missing cells."""
    found = []
    for column in frame.iter_columns():
        count = column.null_count()
        if count and column.name not in skip:
            message = f"{counted(count)} missing ({100 * count / frame.height:.1f} per cent)"
            found.append(Finding("missing", message, column.name, count))
    return found


def constant(frame: pl.DataFrame, skip: Sequence[str]) -> list[Finding]:
    """Columns with one value."""
    found = []
    for column in frame.iter_columns():
        known = column.drop_nulls()
        if column.name not in skip and known.n_unique() <= 1:
            message = f"one value: {known[0]!r}" if known.len() else "no value at all"
            found.append(Finding("constant", message, column.name, known.len()))
    return found


def near_duplicates(frame: pl.DataFrame, names: Sequence[str]) -> list[Finding]:
    """Pairs of columns of numbers that are equal or all but perfectly correlated."""
    sample = frame.select(names[:_MOST_COLUMNS]).cast(pl.Float64)
    if sample.height > _MOST_ROWS:
        sample = sample.gather_every(sample.height // _MOST_ROWS + 1)
    pairs = list(combinations(sample.columns, 2))
    if not pairs:
        return []
    table = sample.select(pl.corr(a, b).alias(str(n)) for n, (a, b) in enumerate(pairs))
    found: dict[str, Finding] = {}
    for (a, b), r in zip(pairs, table.row(0), strict=True):
        if r is not None and r == r and abs(r) >= _SAME:
            both = frame.select(a, b).drop_nulls()
            same = both.height > 0 and bool((both[a] == both[b]).all())
            how = f"the same numbers as {a}" if same else f"all but a multiple of {a} (correlation {r:.6f})"
            if same or b not in found:
                found[b] = Finding("near_duplicate", how, b, both.height)
    return list(found.values())


def jumps(frame: pl.DataFrame, keys: Keys, names: Sequence[str]) -> list[Finding]:
    """Changes from one period to the next over 5 times or under -80 per cent, and breaks of about 10,000 times."""
    assert keys.unit is not None and keys.time is not None
    found = []
    ordered = frame.sort(keys.unit, keys.time)
    for name in names:
        low = frame[name].min()
        if low is None or low <= 0:  # type: ignore[operator]
            continue
        before, when = pl.col(name).shift(1).over(keys.unit), pl.col(keys.time).shift(1).over(keys.unit)
        moved = ordered.select(
            keys.unit,
            keys.time,
            before.cast(pl.Float64).alias("from"),
            pl.col(name).cast(pl.Float64).alias("to"),
            (pl.col(keys.time) - when).alias("step"),
        ).filter(pl.col("step") == 1)
        moved = moved.with_columns((pl.col("to") / pl.col("from")).alias("ratio")).drop("step")
        tenfold = pl.max_horizontal("ratio", 1 / pl.col("ratio")).is_between(5e3, 2e4)
        found += _moved("unit", name, moved.filter(tenfold), "of about 10,000 times, as between 元 and 万元")
        jump = ((pl.col("ratio") > JUMP_UP) | (pl.col("ratio") < JUMP_DOWN)) & ~tenfold
        found += _moved("jump", name, moved.filter(jump), "over 5 times or under -80 per cent in a period")
    return found


def _moved(kind: FindingKind, name: str, rows: pl.DataFrame, words: str) -> list[Finding]:
    if rows.height == 0:
        return []
    shown = [f"{u} {t} ({a:g} to {b:g})" for u, t, a, b, _ in rows.head(_SHOWN).iter_rows()]
    message = f"{counted(rows.height, 'change')} {words}: {listed(shown)}" + _more(rows.height)
    return [Finding(kind, message, name, rows.height, tuple(rows.head(50).to_dicts()))]


def odd_shares(frame: pl.DataFrame, keys: Keys, names: Sequence[str]) -> list[Finding]:
    """Shares above 1 in columns that are otherwise between 0 and 1, per cents above 100, negative ones."""
    found = []
    for name in names:
        values = frame[name].cast(pl.Float64)
        known = values.drop_nulls()
        if known.len() == 0 or not (_SHARE.search(name) or _within(known, 1) >= 0.98):
            continue
        top = 1 if _within(known, 1) >= 0.8 else 100 if _within(known, 100) >= 0.8 else None
        if top is None or known.n_unique() < 3:
            continue
        wrong = frame.filter(values > top)
        if wrong.height > 0:
            rows = wrong.select(*(k for k in (keys.unit, keys.time) if k), name)
            shown = [" ".join(str(v) for v in r) for r in rows.head(_SHOWN).iter_rows()]
            what = "shares above 1" if top == 1 else "per cents above 100"
            message = f"{counted(wrong.height)} with {what}: {listed(shown)}" + _more(wrong.height)
            found.append(Finding("unit", message, name, wrong.height, tuple(rows.head(50).to_dicts())))
    return found


def _within(known: pl.Series, top: float) -> float:
    """Share of the values between 0 and ``top``."""
    return int(known.is_between(0, top).sum()) / known.len()


def places(frame: pl.DataFrame, unit: str) -> list[Finding]:
    """Cities and provinces that were renamed or abolished, and names among them that are not known."""
    column = frame[unit].drop_nulls()
    if column.dtype != pl.String and bool((column < 100_000).any()):
        return []  # small numbers are no codes of regions
    names = column.unique(maintain_order=True).to_list()
    if len(names) > 5000 or len(names) < 2:
        return []
    placement = regions.place(names)
    placed = len(placement.codes)
    if placed < max(2, len(names) / 2):
        return []
    found = []
    for place in placement.places:
        if place.note and place.code is not None:
            found.append(
                Finding("region", f"{place.given}: {place.note}", unit, 1, ({unit: place.given, "name": place.name},))
            )
    if placement.unplaced:
        shown = [str(p.given) + (f" (perhaps {listed(p.near, 2)})" if p.near else "") for p in placement.unplaced]
        message = f"{counted(len(shown), 'name')} not known among {placed} regions: {listed(shown, _SHOWN)}"
        found.append(Finding("region", message, unit, len(shown)))
    return found


def _more(count: int) -> str:
    return f" and {count - _SHOWN} more" if count > _SHOWN else ""
