"""Tables whose rows and columns carry the economy in their label: OECD ICIO, FIGARO in both forms, WIOD 2016 from R.

Looked for: in a matrix, a first column of labels such as ``AUS_01T02`` (economy, underscore, code) and the same as
column heads; in the flat form of FIGARO, columns ``refArea``, ``rowIi`` (or ``rowPi``), ``counterpartArea``, ``colIi``
(or ``colPi``) and ``obsValue``; in WIOD's R frames, columns ``IndustryCode``, ``Country``, ``RNr``, heads ``AUS1`` ...
Nothing is told by its position, so releases with more economies, sectors or kinds of final use need no change.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from econloom.core.errors import DataError, did_you_mean, listed
from econloom.iot.balance import FloatArray
from econloom.iot.parsers.grids import Grid
from econloom.iot.parsers.keyed import Key, Keyed, Parsed, assembled

ICIO, FIGARO, WIOD_R = "oecd-icio", "figaro", "wiod2016"
MERGED = {"CN1": "CHN", "CN2": "CHN", "CN3": "CHN", "CN4": "CHN", "MX1": "MEX", "MX2": "MEX", "MX3": "MEX"}
LOOKED_FOR = {
    ICIO: "a first column and heads such as AUS_01T02",
    FIGARO: "heads rowLabels, AT_A01 ... or refArea, rowIi, counterpartArea, colIi, obsValue",
    WIOD_R: "columns IndustryCode, Country, RNr and heads such as AUS1",
}
_LABEL = re.compile(r"([A-Z][A-Z0-9]{1,4})_(.+)")
_HEAD_R = re.compile(r"([A-Z]{3})(\d+)")
_OUTPUT, _VALUE_ADDED = {"OUT", "OUTPUT", "TOTAL"}, {"VA", "VALU"}
_FIGARO_ADDED = "W2"
_FLAT = {"refArea", "counterpartArea", "obsValue"}
_R = {"IndustryCode", "Country", "RNr"}


def layout(grid: Grid) -> str | None:
    """Name of the layout, or None."""
    heads = grid.row(0)
    if set(heads) >= _FLAT:
        return FIGARO
    if set(heads) >= _R:
        return WIOD_R
    if grid.height < 2 or sum(bool(_LABEL.fullmatch(v)) for v in heads[1:]) < 0.5 * (grid.width - 1):
        return None
    if not _LABEL.fullmatch(grid.row(1)[0]):
        return None
    two = all(len(m[1]) != 3 for v in heads[1:6] if (m := _LABEL.fullmatch(v)))
    return FIGARO if heads[0] == "rowLabels" or two else ICIO


def parse(grid: Grid, path: Path) -> Parsed:
    """The table of a file in one of these layouts.

    Raises
    ------
    DataError
        Another layout, labels that do not fit, or cells that are no numbers.
    """
    heads = set(grid.row(0))
    if heads >= _FLAT:
        return _parse_flat(grid, path)
    return _parse_r(grid, path) if heads >= _R else _parse_matrix(grid, path)


def _parse_matrix(grid: Grid, path: Path) -> Parsed:
    heads, labels = grid.row(0)[1:], grid.column(0)[1:]
    keys = [_split(v) for v in labels]
    products = set(heads)  # taxes and value added by economy have no column of their own
    sellers = [k for k, label in enumerate(labels) if keys[k] is not None and label in products]
    rows = [key for k in sellers if (key := keys[k]) is not None]
    economies = {c for c, _ in rows} | set(MERGED.values())
    columns = [_column(v, economies) for v in heads]
    use = [k for k, key in enumerate(columns) if key is not None]
    _refuse_stray([heads[k] for k, key in enumerate(columns) if key is None], path)
    block = grid.numbers(1, grid.height, 1, grid.width)
    stated = [k for k, v in enumerate(heads) if v.upper() in _OUTPUT]
    output = block[sellers, stated[0]] if stated else None
    added = [k for k, v in enumerate(labels) if v.upper() in _VALUE_ADDED or (k not in sellers and _figaro_added(v))]
    value_added = np.nansum(block[added][:, use], axis=0) if added else None
    used = [key for k in use if (key := columns[k]) is not None]
    return assembled(Keyed(block[np.ix_(sellers, use)], rows, used, output, value_added, _merged(rows)), path)


def _split(label: str) -> Key | None:
    match = _LABEL.fullmatch(label)
    return (match[1], match[2]) if match else None


def _column(head: str, economies: set[str]) -> Key | None:
    key = _split(head)
    if key is not None and key[0] in economies:
        return key
    first, _, last = head.rpartition("_")  # older releases: HC_AUS
    return (last, first) if first and last in economies else None


def _figaro_added(label: str) -> bool:
    return label.startswith(f"{_FIGARO_ADDED}_")


def _refuse_stray(heads: Sequence[str], path: Path) -> None:
    """Heads that name no economy must be totals."""
    odd = [v for v in heads if v and v.upper() not in _OUTPUT and "_" in v]
    if odd:
        raise DataError(
            f"{path}: columns of no economy of the table: {listed(odd)}", hint="every economy needs its rows"
        )


def _merged(rows: Sequence[Key]) -> dict[str, str]:
    return {c: MERGED[c] for c in dict.fromkeys(c for c, _ in rows) if c in MERGED}


def _parse_flat(grid: Grid, path: Path) -> Parsed:
    heads = grid.row(0)
    at = {name: heads.index(name) for name in _FLAT}
    for name in ("row", "col"):
        found = [k for k, v in enumerate(heads) if v in (f"{name}Ii", f"{name}Pi")]
        if not found:
            near = did_you_mean(f"{name}Ii", heads)
            raise DataError(f"{path}: FIGARO flat file without a column {name}Ii or {name}Pi{near}")
        at[name] = found[0]
    sellers = list(zip(grid.column(at["refArea"])[1:], grid.column(at["row"])[1:], strict=True))
    buyers = list(zip(grid.column(at["counterpartArea"])[1:], grid.column(at["col"])[1:], strict=True))
    amounts = grid.numbers(1, grid.height, at["obsValue"], at["obsValue"] + 1)[:, 0]
    rows: dict[Key, int] = {}
    columns: dict[Key, int] = {}
    r = np.array([rows.setdefault(k, len(rows)) for k in sellers], dtype=np.intp)
    c = np.array([columns.setdefault(k, len(columns)) for k in buyers], dtype=np.intp)
    cells = r * len(columns) + c
    if len(np.unique(cells)) < len(cells):
        order, counts = np.unique(cells, return_counts=True)
        twice = [divmod(int(k), len(columns)) for k in order[counts > 1]]
        names = [f"{' '.join(list(rows)[a])} -> {' '.join(list(columns)[b])}" for a, b in twice[:8]]
        raise DataError(f"{path}: {len(twice)} flows are listed twice: {listed(names)}")
    values = np.zeros((len(rows), len(columns)))  # flows that are not listed are zero
    values[r, c] = amounts
    kept = [k for k, (area, _) in enumerate(rows) if area != _FIGARO_ADDED]
    added = [k for k in range(len(rows)) if k not in set(kept)]
    keys = list(rows)
    value_added = values[added].sum(axis=0) if added else None
    sold = Keyed(values[kept], [keys[k] for k in kept], list(columns), value_added=value_added)
    return assembled(sold, path)


def _parse_r(grid: Grid, path: Path) -> Parsed:
    heads = grid.row(0)
    at = {name: heads.index(name) for name in _R}
    codes, economies = (grid.column(at[n])[1:] for n in ("IndustryCode", "Country"))
    numbers = grid.column(at["RNr"])[1:]
    own = [k for k, e in enumerate(economies) if e.upper() != "TOT"]
    rows: list[Key] = [(economies[k], codes[k]) for k in own]
    sector = {_digits(numbers[k]): codes[k] for k in own}
    use: list[int] = []
    columns: list[Key] = []
    known = set(economies)
    for k, head in enumerate(heads):
        match = _HEAD_R.fullmatch(head)
        if match and match[1] in known and match[1] != "TOT":
            use.append(k)
            columns.append((match[1], sector.get(match[2], f"final {match[2]}")))
    if not use:
        raise DataError(f"{path}: not WIOD's R frame: looked for {LOOKED_FOR[WIOD_R]}")
    block = grid.numbers(1, grid.height, use[0], grid.width)
    values = block[np.ix_(own, [k - use[0] for k in use])]
    output = block[own, heads.index("TOT") - use[0]] if "TOT" in heads else None
    totals = [k for k, code in enumerate(codes) if code == "VA" and k not in set(own)]
    added: FloatArray | None = np.nan_to_num(block[totals[0], [k - use[0] for k in use]]) if totals else None
    return assembled(Keyed(values, rows, columns, output, added), path)


def _digits(text: str) -> str:
    return text.lstrip("rRcC")
