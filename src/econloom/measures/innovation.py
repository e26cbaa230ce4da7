"""Innovation: breadth of knowledge in patents, stock of research, technology that comes with trade."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
import polars as pl
from numpy.typing import ArrayLike

from econloom.core.errors import UsageError
from econloom.measures.groups import FloatArray, Groups
from econloom.measures.stocks import Rule, accumulate
from econloom.measures.values import ImpossibleValueError, numbers, option

_CODE = r"[A-H][0-9]{2}[A-Z]\s*[0-9]{1,4}(?:\s*/\s*[0-9]+)?"
_BETWEEN = r"[\s;,|，；、]+|\([0-9]{4}\.[0-9]{2}\)"
_PARTS = {
    "main_group": r"^([A-H][0-9]{2}[A-Z])0*([0-9]+)",
    "subclass": r"^([A-H][0-9]{2}[A-Z])()",
    "class": r"^([A-H][0-9]{2})()",
}


def knowledge_breadth(
    ipc: Any,
    *,
    by: Any = None,
    form: Literal["distinct", "sum", "diversity"] = "distinct",
    level: Literal["main_group", "subclass", "class"] = "main_group",
) -> Any:
    """Breadth of knowledge in patents, from their codes of the International Patent Classification.

    ``distinct``: the number of distinct main groups over all patents of the group (a firm's patents of a year).
    ``sum``: the number of distinct main groups of each patent, summed over its patents. ``diversity``:
    ``1 - Σ_g s_g²`` with s_g the share of main group g among the codes, each code counted once a patent.

    Parameters
    ----------
    ipc : column of text (n,)
        One row a patent: ``"H04L12/28"``, or several codes parted by ``;``, ``,`` or ``|``; years such as
        ``(2006.01)`` are passed over. Missing: left out.
    by : keys, optional
        Such as firm and year. The key of the patent gives each patent's own breadth.
    form : {"distinct", "sum", "diversity"}
    level : {"main_group", "subclass", "class"}
        ``H04L12/28`` has the main group H04L12, the subclass H04L and the class H04.

    Returns
    -------
    float or polars.DataFrame
        Counts, or a number in [0, 1). With ``by``: keys, ``breadth``, and ``n`` patents with codes; null where none
        has.

    Raises
    ------
    DataError
        A text that holds something else than codes.

    Notes
    -----
    WIPO, *Guide to the IPC*: section, class, subclass, main group, subgroup.

    Examples
    --------
    >>> knowledge_breadth(["H04L12/28; H04L 9/00", "H04L12/40"])
    2.0
    >>> knowledge_breadth(["H04L12/28", "G06F17/30", None], by=["a", "a", "b"]).rows()
    [('a', 2.0, 2), ('b', None, 0)]
    """
    option(form, "form", ("distinct", "sum", "diversity"))
    option(level, "level", tuple(_PARTS))
    texts = ipc if isinstance(ipc, pl.Series) else pl.Series("ipc", list(ipc))
    if texts.dtype not in (pl.String, pl.Null):
        raise UsageError(f"ipc holds {texts.dtype}, not codes such as 'H04L12/28'")
    groups = Groups.single(texts.len()) if by is None else Groups.of(by, texts.len())
    codes = _codes(texts.cast(pl.String), groups, level)
    made = codes.group_by("group").agg(_breadth(form).alias("breadth"), pl.col("patent").n_unique().alias("n"))
    every = pl.DataFrame({"group": np.arange(groups.count)}).join(made, on="group", how="left").sort("group")
    if by is None:
        found = every["breadth"][0]
        return 0.0 if found is None else float(found)
    return groups.keys.with_columns(every["breadth"].cast(pl.Float64), every["n"].fill_null(0).cast(pl.Int64))


def _breadth(form: str) -> pl.Expr:
    if form == "distinct":
        return pl.col("code").n_unique()
    if form == "sum":
        return pl.len()
    shares = pl.col("code").unique_counts() / pl.len()
    return 1 - (shares**2).sum()


def _codes(texts: pl.Series, groups: Groups, level: str) -> pl.DataFrame:
    """One row for each distinct code of each patent: patent, group, code."""
    upper = texts.str.to_uppercase()
    rest = upper.str.replace_all(_CODE, "").str.replace_all(_BETWEEN, "")
    odd = (rest.fill_null("") != "").arg_true().to_list()
    if odd:
        what = f"no code of the IPC is read from {texts[odd[0]]!r}"
        raise ImpossibleValueError(what, odd, hint="codes are written H04L12/28; several are parted by ;")
    frame = pl.DataFrame(
        {"patent": np.arange(texts.len()), "group": groups.codes, "code": upper.str.extract_all(_CODE)}
    )
    pattern = _PARTS[level]
    bare = pl.col("code").str.replace_all(r"\s", "")
    return (
        frame.filter(pl.col("group") >= 0)
        .explode("code")
        .drop_nulls("code")
        .with_columns(bare.str.extract(pattern, 1) + "/" + bare.str.extract(pattern, 2))
        .unique(maintain_order=True)
    )


def rd_stock(
    spending: ArrayLike,
    unit: Any,
    time: ArrayLike,
    *,
    depreciation: float = 0.05,
    growth: float | None = None,
    timing: Literal["current", "lagged"] = "lagged",
) -> FloatArray:
    """Stock of research by perpetual inventory: ``S_t = (1 - δ) S_{t-1} + R_{t-1}``, ``S_0 = R_0 / (g + δ)``.

    :func:`perpetual_inventory` with the conventions of Coe and Helpman: spending works a period later, δ = 5 per cent.

    Parameters
    ----------
    spending : array_like (N,)
        In constant prices.
    unit : keys
        Such as the country.
    time : array_like of int (N,)
    depreciation : float
    growth : float, optional
        g; without it the unit's own mean growth.
    timing : {"current", "lagged"}

    Returns
    -------
    ndarray (N,)
        In the unit of spending.

    Raises
    ------
    DataError
        As :func:`perpetual_inventory`.

    Notes
    -----
    Coe and Helpman (1995), *European Economic Review* 39, 859-887; Griliches (1979).

    Examples
    --------
    >>> rd_stock([10.0, 11.0, 12.0], ["A"] * 3, [1, 2, 3], growth=0.05).round(6).tolist()
    [100.0, 105.0, 110.75]
    """
    return accumulate(numbers(spending, "spending"), unit, time, Rule(depreciation, growth, None, timing))
