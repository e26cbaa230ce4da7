"""Tables of one economy: a country, or a province of China, with imports and exports as columns.

Looked for: a row and a column with the same labels in the same order (the sectors), then columns whose heads say what
they are, by the codes of the National Bureau of Statistics or by Chinese or English names (:data:`ROLES`). Names may
stand in a row above. Blank cells are zero.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

import numpy as np

from econloom.core.errors import DataError, did_you_mean, listed
from econloom.iot.balance import FloatArray
from econloom.iot.parsers.grids import PEEK, Grid
from econloom.iot.parsers.keyed import Parsed

LAYOUT = "national"
LOOKED_FOR = "a row and a column with the same sector labels, and columns such as FU101, EX, IM, GO (or their names)"
Imports = Literal["netted", "removed"]

ROLES: Mapping[str, tuple[str, ...]] = {
    "final": (
        "FU101", "FU102", "FU103", "FU201", "FU202", "农村居民消费支出", "城镇居民消费支出", "政府消费支出",
        "固定资本形成总额", "存货增加", "存货变动", "household consumption", "npish consumption",
        "government consumption", "gross fixed capital formation", "changes in inventories",
        "cons_h", "cons_np", "cons_g", "gfcf", "inven",
    ),
    "exports": ("EX", "OF", "FU301", "FU302", "出口", "国内省外流出", "流出", "调出", "exports", "EXP"),
    "imports": ("IM", "IF", "FU303", "FU304", "进口", "国内省外流入", "流入", "调入", "imports"),
    "error": ("ERR", "其他", "误差", "error", "statistical discrepancy"),
    "output": ("GO", "TO", "总产出", "output", "total output", "gross output"),
    "total": (
        "TIU", "THC", "TC", "GCF", "TFU", "NOF", "中间使用合计", "中间使用",
        "居民消费支出合计", "居民消费支出小计", "居民消费支出",
        "最终消费支出合计", "最终消费支出", "资本形成总额合计", "资本形成总额", "最终使用合计",
        "total intermediate use",
        "total final use", "final consumption", "gross capital formation",
    ),
}  # fmt: skip
"""What columns are called, by what they are: final use, sold, bought, left over, output, or a sum of others."""

_WORDS = {word.casefold(): role for role, words in ROLES.items() for word in words}
_INPUT_TOTALS = ("TVA", "增加值合计", "value added", "VA")


def layout(grid: Grid) -> str | None:
    """Name of the layout, or None."""
    where = _square(grid)
    if where is None:
        return None
    r, c, run = where
    roles = {role for head in _heads(grid, r)[c + 1 + run :] for role in [_role(head)] if role}
    return LAYOUT if {"final", "output"} & roles else None


def parse(grid: Grid, path: Path, imports: Imports, name: str) -> Parsed:
    """The table of one economy.

    Parameters
    ----------
    imports : {"netted", "removed"}
        Flows hold imports beside domestic products. ``netted``: they stay, and final use is what is left of output
        (exports and error less imports with it). ``removed``: imports are taken out of every use but exports by the
        product's share ``M / (X + M - E)``, so that flows are domestic.
    name : str
        Code of the economy.

    Raises
    ------
    DataError
        No such labels, columns that nobody knows, several or no output, or cells that are no numbers.
    """
    where = _square(grid)
    if where is None:
        raise DataError(f"{path}: not a table of one economy: looked for {LOOKED_FOR}")
    r, c, S = where
    sectors = tuple(grid.row(r)[c + 1 : c + 1 + S])
    if len(set(sectors)) < S:
        raise DataError(
            f"{path}: duplicate sector labels {listed(s for s in dict.fromkeys(sectors) if sectors.count(s) > 1)}"
        )
    columns = _columns(_heads(grid, r), c + 1 + S, path)
    block = _zeros(grid, r + 1, c + 1, S, path)
    Z = block[:, :S].copy()
    sums = {role: block[:, [k - c - 1 for k in ks]].sum(axis=1) for role, ks in columns.items()}
    used, E, M = Z.sum(axis=1) + sums["final"], sums["exports"], sums["imports"]
    output = sums["output"]
    Y = sums["final"] + E - M + sums["error"]
    notes = [f"imports {imports}: {M.sum():,.6g} of {used.sum():,.6g} used at home"]
    if imports == "removed":
        share = np.divide(M, used, out=np.zeros_like(M), where=used > 0)
        over = np.flatnonzero(share > 1)
        if over.size:
            raise DataError(f"{path}: imports larger than their use in {listed(sectors[i] for i in over)}")
        Z *= 1.0 - share[:, None]
        Y = output - Z.sum(axis=1)
        notes.append("shares of imports in domestic use, by product, taken out of every cell")
    elif not sums["error"].any():
        notes.append("no column of errors")
    stated = output if imports == "netted" else None
    return Parsed(Z, Y[:, None], (name,), sectors, stated, _value_added(grid, r, c, S), tuple(notes))


def _square(grid: Grid) -> tuple[int, int, int] | None:
    """Row of heads, column of labels and number of sectors: the longest run of labels that both share."""
    best: tuple[int, int, int] | None = None
    columns = {c: grid.column(c) for c in range(min(4, grid.width))}
    for r in range(min(PEEK, grid.height)):
        heads = grid.row(r)
        for c, labels in columns.items():
            run = 0
            for head, label in zip(heads[c + 1 :], labels[r + 1 :], strict=False):
                if not head or head != label or _role(head) or re.fullmatch(r"-?\d+\.\d+", head):
                    break
                run += 1
            if run >= 2 and (best is None or run > best[2]):
                best = (r, c, run)
    return best


def _heads(grid: Grid, r: int) -> list[str]:
    """What stands over every column: the code of the row, or the name above it where the code says nothing."""
    rows = [grid.row(k) for k in (r, r - 1, r - 2) if 0 <= k < grid.height]
    return [next((v for v in cells if _role(v)), cells[0]) for cells in zip(*rows, strict=True)]


def _role(head: str) -> str | None:
    return _WORDS.get(re.sub(r"\s+", " " if head.isascii() else "", head).strip().casefold())


def _columns(heads: list[str], first: int, path: Path) -> dict[str, list[int]]:
    found: dict[str, list[int]] = {role: [] for role in ROLES}
    strange = []
    for k in range(first, len(heads)):
        role = _role(heads[k])
        if role:
            found[role].append(k)
        elif heads[k]:
            strange.append(heads[k])
    if strange:
        near = did_you_mean(strange[0], [w for words in ROLES.values() for w in words])
        raise DataError(
            f"{path}: columns that are no sector and no known use: {listed(strange)}{near}", hint=LOOKED_FOR
        )
    if len(found["output"]) != 1:
        raise DataError(
            f"{path}: one column of output is needed (GO, 总产出 or Output); there are {len(found['output'])}"
        )
    if not found["final"]:
        raise DataError(f"{path}: no column of final use (FU101, 固定资本形成总额 ...)")
    return found


def _zeros(grid: Grid, r: int, c: int, S: int, path: Path) -> FloatArray:
    """The rows of the sectors, blank cells as zero."""
    block = grid.numbers(r, r + S, c, grid.width)
    for i, k in np.argwhere(~np.isfinite(block)):
        text = grid.row(r + int(i))[c + int(k)]
        if text and (k < S or _role(grid.row(r - 1)[c + int(k)])):
            raise DataError(f"{path}: row {r + i + 1}, column {c + k + 1}: {text!r} is no number")
    return np.where(np.isfinite(block), block, 0.0)


def _value_added(grid: Grid, r: int, c: int, S: int) -> FloatArray | None:
    for column in range(c + 1):
        labels = [re.sub(r"\s+", " ", v).strip().casefold() for v in grid.column(column)]
        at = next(
            (k for k in range(r + 1 + S, grid.height) if labels[k] in {w.casefold() for w in _INPUT_TOTALS}), None
        )
        if at is not None:
            return np.asarray(np.nan_to_num(grid.numbers(at, at + 1, c + 1, c + 1 + S)[0]), dtype=np.float64)
    return None
