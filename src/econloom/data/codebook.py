"""The codebook of a panel: what every column is and how it is spread."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import polars as pl

from econloom.core.frame import Panel

_FLAG = "_filled"


def codebook(
    panel: Panel, columns: Sequence[str] | None = None, sources: Mapping[str, str] | None = None
) -> pl.DataFrame:
    """One row a column: label, unit, formula, source, numbers of values, spread.

    Parameters
    ----------
    panel : Panel
    columns : sequence of str, optional
        All but the flags of filled cells without it.
    sources : mapping of str to str, optional
        Where a column comes from; those that the panel itself knows without it.

    Returns
    -------
    polars.DataFrame
        ``name``, ``zh``, ``en``, ``unit``, ``formula``, ``source``, ``n``, ``missing``, ``filled`` (cells that a
        cleaning step filled), ``distinct``, ``mean``, ``sd`` (divisor n - 1), ``min``, ``median``, ``max``; the last
        five are null for texts.

    Examples
    --------
    >>> import econloom as el
    >>> p = el.clean.panel(pl.DataFrame({"c": ["A"] * 3, "t": [1, 2, 3], "x": [1.0, None, 4.0]}), "c", "t")
    >>> codebook(el.clean.interpolate(p, "x"), ["x"]).select("name", "n", "missing", "filled", "median").rows()
    [('x', 3, 0, 1, 2.5)]
    """
    flags = {c for c in panel.columns if c.endswith(_FLAG) and c.removesuffix(_FLAG) in panel.columns}
    names = [c for c in panel.columns if c not in flags] if columns is None else list(columns)
    rows = [_entry(panel, name, sources or {}) for name in names]
    return pl.DataFrame(rows, schema=_SCHEMA)


_SCHEMA = {
    **dict.fromkeys(("name", "zh", "en", "unit", "formula", "source"), pl.String),
    **dict.fromkeys(("n", "missing", "filled", "distinct"), pl.Int64),
    **dict.fromkeys(("mean", "sd", "min", "median", "max"), pl.Float64),
}


def _entry(panel: Panel, name: str, sources: Mapping[str, str]) -> dict[str, object]:
    values, known = panel.column(name), panel.variables.get(name)
    flag = f"{name}{_FLAG}"
    filled = int(panel.frame[flag].sum() or 0) if panel.frame.schema.get(flag) == pl.Boolean else 0
    entry: dict[str, object] = {
        "name": name,
        "zh": known.label.zh if known else None,
        "en": known.label.en if known else None,
        "unit": known.unit if known else None,
        "formula": known.formula if known else None,
        "source": sources.get(name) or (", ".join(known.sources) if known and known.sources else None),
        "n": values.count(),
        "missing": values.null_count(),
        "filled": filled,
        "distinct": values.drop_nulls().n_unique(),
    }
    if values.dtype.is_numeric() or values.dtype == pl.Boolean:
        x = values.cast(pl.Float64)
        entry |= {"mean": x.mean(), "sd": x.std(), "min": x.min(), "median": x.median(), "max": x.max()}
    return entry
