"""Left joins that multiply no row and report the keys that found no partner, on both sides."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal, get_args

import polars as pl

from econloom.core.errors import DataError, UsageError, did_you_mean, listed
from econloom.core.frame import Panel, require_unique
from econloom.core.lineage import Event
from econloom.data.near import near_matches

Kind = Literal["1:1", "m:1", "1:m"]
KINDS: tuple[Kind, ...] = get_args(Kind)
Keep = Literal["left", "matched", "all"]
KEEPS: tuple[Keep, ...] = get_args(Keep)
_MOST_NAMED = 50  # keys named in the log


def left_join(
    panel: Panel,
    source: Panel,
    name: str,
    columns: Mapping[str, str],
    on: Sequence[str] | None = None,
    kind: Literal["1:1", "m:1"] = "m:1",
) -> Panel:
    """Bring columns of a source to a panel by its unit and time, or by other keys that both have.

    Parameters
    ----------
    panel : Panel
        All its rows stay, in their order.
    source : Panel
        Has the keys under the same names, each combination once.
    name : str
        The source's name in the log.
    columns : mapping of str to str
        New name to column of the source.
    on : sequence of str, optional
        Keys; the panel's unit and time without it.
    kind : {"m:1", "1:1"}
        ``m:1``: several rows of the panel may share a row of the source. ``1:1``: keys are unique on both sides.

    Returns
    -------
    Panel
        One more event, whose ``detail`` lists units that are only on one side, near matches among them
        (``ROM`` and ``ROU``), and how many keys have no partner.

    Raises
    ------
    DataError
        A column is absent or already there; a key is missing or repeated in the source; or no key matches at all.
    """
    for new, old in columns.items():
        if old not in source.columns:
            raise DataError(f"{name}: no column {old!r}{did_you_mean(old, source.columns)}")
        if new in panel.columns:
            raise DataError(
                f"{name}: the panel already has a column {new!r}", hint=f"rename it on the way: {{my_{new}: {old}}}"
            )
    keys = list(on or panel.keys)
    _require_one(source.frame, keys, name, f"a join {kind} would multiply rows of the panel")
    if kind == "1:1":
        _require_one(panel.frame, keys, "the panel", f"{name}: the join is said to be 1:1")
    right = source.frame.select(*keys, *(pl.col(old).alias(new) for new, old in columns.items()))
    right = _same_key_types(panel, right, keys, name)
    joined = panel.frame.join(right, on=keys, how="left", maintain_order="left")
    return panel.with_rows(joined, _report(panel, right, keys, name))


def _require_one(frame: pl.DataFrame, keys: list[str], whose: str, why: str) -> None:
    """Refuse repeated keys on the side that must have each once."""
    try:
        require_unique(frame, keys, whose)
    except DataError as error:
        if "duplicate keys" not in error.message:
            raise
        hint = "keep one row for each key, aggregate first, or join by more keys (on: […])"
        raise DataError(f"{error.message}: {why}", hint=hint) from None


def _same_key_types(panel: Panel, right: pl.DataFrame, keys: list[str], name: str) -> pl.DataFrame:
    for key in keys:
        left_type, right_type = panel.frame.schema[key], right.schema[key]
        if left_type == right_type:
            continue
        if left_type.is_integer() and right_type.is_integer():
            right = right.with_columns(pl.col(key).cast(left_type))
        else:
            raise DataError(
                f"{name}: key {key!r} holds {right_type}, the panel's {left_type}", hint="make them one type"
            )
    return right


def _report(panel: Panel, right: pl.DataFrame, keys: list[str], name: str) -> Event:
    left_keys = panel.frame.select(keys)
    left_only = left_keys.join(right, on=keys, how="anti")
    right_only = right.select(keys).join(left_keys, on=keys, how="anti")
    matched = left_keys.height - left_only.height
    if matched == 0:
        raise DataError(
            f"{name}: no key of the panel is found ({' x '.join(keys)})",
            hint=f"the panel has {_sample(left_keys, keys)}, the source {_sample(right_only, keys)}",
        )
    detail: dict[str, Any] = {"matched": matched, "panel_only": left_only.height, "source_only": right_only.height}
    for side, lost in (("panel", left_only), ("source", right_only)):
        detail[f"keys_{side}_only"] = [" ".join(str(v) for v in r) for r in lost.head(_MOST_NAMED).iter_rows()]
    unit = next((k for k in keys if k != panel.time), None)
    if unit is None:
        return Event("join", f"{name}: {matched} of {left_keys.height} rows matched", detail=detail)
    return _unit_report(name, left_keys, right, unit, detail)


def _unit_report(name: str, left: pl.DataFrame, right: pl.DataFrame, unit: str, detail: dict[str, Any]) -> Event:
    """Name the units that are whole strangers to the other side, and pairs of them that look alike."""
    here, there = set(left[unit].drop_nulls().to_list()), set(right[unit].to_list())
    missing, extra = sorted(here - there, key=str), sorted(there - here, key=str)
    near = near_matches(missing, extra)
    message = f"{name}: {detail['matched']} of {left.height} rows matched"
    if detail["panel_only"]:
        message += f"; {detail['panel_only']} rows of the panel have none"
    if missing:
        message += f"; units not in the source: {listed(missing)}"
    if extra:
        message += f"; {len(extra)} units of the source are not in the panel"
    for a, b in near:
        message += f"; {a} (panel) may be {b} (source)"
    more = {
        "units_panel_only": [str(u) for u in missing],
        "units_source_only": [str(u) for u in extra],
        "near": [[str(a), str(b)] for a, b in near],
    }
    return Event("join", message, rows_before=left.height, rows_after=left.height, detail=detail | more)


def merge(
    panel: Panel,
    other: Panel,
    columns: Mapping[str, str],
    on: Sequence[str],
    kind: str = "m:1",
    keep: Keep = "left",
    name: str = "the other panel",
) -> Panel:
    """Two panels joined on keys; see :func:`econloom.data.clean.merge`."""
    if kind == "m:m":
        raise UsageError(
            "a merge m:m pairs every row of a key with every other, and is refused",
            hint="aggregate one side first, or add the column that tells its rows apart to the keys",
        )
    if kind not in KINDS:
        raise UsageError(f"no kind of merge {kind!r}{did_you_mean(kind, KINDS)}", hint=f"kinds: {', '.join(KINDS)}")
    if keep not in KEEPS:
        raise UsageError(f"keep={keep!r}{did_you_mean(keep, KEEPS)}", hint=f"one of {', '.join(KEEPS)}")
    if kind == "1:m":
        return _turned(panel, other, columns, on, keep)
    joined = left_join(panel, other, name, columns, on, "1:1" if kind == "1:1" else "m:1")
    if keep == "left":
        return joined
    partners = other.frame.select(on).unique()
    if keep == "matched":
        rows = joined.frame.join(partners, on=list(on), how="semi", maintain_order="left")
        event = Event("drop", f"{name}: {joined.height - rows.height} rows without a partner left out", joined.height,
                      rows.height)  # fmt: skip
        return joined.with_rows(rows, event)
    return _outer(joined, other, columns, on, name)


def _turned(panel: Panel, other: Panel, columns: Mapping[str, str], on: Sequence[str], keep: Keep) -> Panel:
    """1:m: the rows are those of the other side, which take the panel's columns."""
    if keep == "all":
        raise UsageError("a merge 1:m keeps the rows of the many side", hint="keep='left' or 'matched'")
    taken = {c: c for c in panel.columns if c not in on}
    chosen = [*dict.fromkeys([*other.keys, *on, *columns.values()])]
    many = Panel(other.frame.select(chosen), other.unit, other.time, other.variables, other.events)
    renamed = many.with_rows(many.frame.rename({old: new for new, old in columns.items()}))
    made = merge(renamed, panel, taken, on, "m:1", keep, "the one side")
    return Panel(made.frame, made.unit, made.time, {**panel.variables, **made.variables},
                 (*panel.events, *made.events))  # fmt: skip


def _outer(joined: Panel, other: Panel, columns: Mapping[str, str], on: Sequence[str], name: str) -> Panel:
    """The rows of the other side that found no partner, below."""
    if set(joined.keys) - set(on):
        raise UsageError("keep='all' needs the panel's unit and time among the keys", hint="on=[unit, time]")
    lost = other.frame.join(joined.frame.select(on), on=list(on), how="anti", maintain_order="left")
    below = lost.select(*on, *(pl.col(old).alias(new) for new, old in columns.items()))
    below = below.cast({key: joined.frame.schema[key] for key in on})
    rows = pl.concat([joined.frame, below], how="diagonal")
    return joined.with_rows(
        rows, Event("join", f"{name}: {below.height} rows of its own added", joined.height, rows.height)
    )


def _sample(frame: pl.DataFrame, keys: list[str]) -> str:
    return listed([" ".join(str(v) for v in row) for row in frame.select(keys).head(3).iter_rows()])
