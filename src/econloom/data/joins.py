"""Left joins that multiply no row and report the keys that found no partner, on both sides."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl

from econloom.core.errors import DataError, did_you_mean, listed
from econloom.core.frame import Panel, require_unique
from econloom.core.lineage import Event


def left_join(
    panel: Panel, source: Panel, name: str, columns: Mapping[str, str], on: Sequence[str] | None = None
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
    require_unique(source.frame, keys, name)
    right = source.frame.select(*keys, *(pl.col(old).alias(new) for new, old in columns.items()))
    right = _same_key_types(panel, right, keys, name)
    joined = panel.frame.join(right, on=keys, how="left", maintain_order="left")
    return panel.with_rows(joined, _report(panel, right, keys, name))


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
    detail = {"matched": matched, "panel_only": left_only.height, "source_only": right_only.height}
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


def near_matches(missing: list[Any], extra: list[Any]) -> list[tuple[Any, Any]]:
    """Pairs of unmatched names that look like two spellings of one unit, such as ROU and ROM.

    Two names pair when they share their first two characters and at least two thirds of the rest, and each is
    the other's nearest.
    """
    pairs = []
    names = {str(e): e for e in extra}
    for unit in missing:
        text = str(unit)
        alike = [n for n in names if n[:2].casefold() == text[:2].casefold()]
        near = difflib.get_close_matches(text, alike, n=1, cutoff=0.65)
        if near:
            pairs.append((unit, names[near[0]]))
    return pairs


def _sample(frame: pl.DataFrame, keys: list[str]) -> str:
    return listed([" ".join(str(v) for v in row) for row in frame.select(keys).head(3).iter_rows()])
