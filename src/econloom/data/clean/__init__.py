"""Cleaning steps (``el.clean``): a panel in, a new panel out, every step with its line in the panel's history.

A step never changes its input, keeps keys and row order (those that add or drop rows say so), and logs the cells that
it touched; :func:`history` shows the log.
"""

from __future__ import annotations

from econloom.data.clean.derived import (
    difference,
    group_mean,
    group_sum,
    lag,
    lead,
    leave_one_out,
    log,
    minmax,
    zscore,
)
from econloom.data.clean.merging import Vintages, compare_vintages, merge
from econloom.data.clean.panels import history, panel, require_range
from econloom.data.clean.rows import drop, keep, rebalance
from econloom.data.clean.values import carry_forward, convert, deflate, deflator, fill, interpolate, trim, winsorise
from econloom.data.codebook import codebook
from econloom.data.columns.units import usd_cny
from econloom.data.near import near_matches

__all__ = [
    "Vintages",
    "carry_forward",
    "codebook",
    "compare_vintages",
    "convert",
    "deflate",
    "deflator",
    "difference",
    "drop",
    "fill",
    "group_mean",
    "group_sum",
    "history",
    "interpolate",
    "keep",
    "lag",
    "lead",
    "leave_one_out",
    "log",
    "merge",
    "minmax",
    "near_matches",
    "panel",
    "rebalance",
    "require_range",
    "trim",
    "usd_cny",
    "winsorise",
    "zscore",
]
