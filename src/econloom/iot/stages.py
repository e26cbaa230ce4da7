"""Distance of sectors from final use and from primary inputs."""

from __future__ import annotations

import numpy as np
import polars as pl

from econloom.iot.accounts import Accounts, accounts, keyed
from econloom.iot.balance import FloatArray
from econloom.iot.flows import checked_level
from econloom.iot.table import IOTable


def upstreamness(t: IOTable | Accounts, by: str = "sector") -> pl.DataFrame:
    """Stages between a product and final use, and between primary inputs and a product.

    One factorisation of ``I - A``, then one solve for each of the two: ``U = (B x) / x``, which is the row sums of
    Ghosh's inverse, and ``D' = u' B``.

    Parameters
    ----------
    t : IOTable or Accounts
    by : {"sector", "country"}
        With ``country``, means of the sectors weighted by output. (The index of the table collapsed to one sector an
        economy is another number: ``iot.aggregate`` first.)

    Returns
    -------
    polars.DataFrame
        ``country``, with ``by="sector"`` ``sector``, ``output``; ``upstreamness`` and ``downstreamness``, 1 when all
        output is final use and when there are no inputs; ``final_use_share`` (final use over output) and
        ``value_added_share`` (value added over output), their one-stage counterparts. Null without output.

    Raises
    ------
    UsageError
        Not a table, or an unknown level.
    EstimationError
        ``I - A`` is singular or ill-conditioned.

    Notes
    -----
    Antras, Chor, Fally and Hillberry (2012), American Economic Review 102:412-416; Antras and Chor (2018), On the
    measurement of upstreamness and downstreamness in global value chains; Fally (2012). Inventories are part of final
    use here.

    Examples
    --------
    >>> t = IOTable([[0, 2], [1, 0]], [[6, 2], [1, 8]], ["A", "B"], ["all"])
    >>> upstreamness(t).select(pl.col("upstreamness", "downstreamness").round(4)).rows()
    [(1.2245, 1.1224), (1.1224, 1.2245)]
    """
    checked_level(by)
    a = accounts(t)
    x = a.table.x
    active = x > 0
    values = {
        "upstreamness": a.factors.solve(x) * a.table.reciprocal_output(),
        "downstreamness": a.factors.solve_transposed(np.ones(a.table.n)),
        "final_use_share": a.table.Y.sum(axis=1) * a.table.reciprocal_output(),
        "value_added_share": a.table.v,
    }
    keys = {"country": a.table.countries, "sector": a.table.sectors}
    if by == "country":
        output = a.split(x).sum(axis=1)
        active, keys = output > 0, {"country": a.table.countries}
        values = {name: _weighted(a, column, output) for name, column in values.items()}
        x = output
    shape = tuple(len(labels) for labels in keys.values())
    shaped = {name: np.where(active, column, np.nan).reshape(shape) for name, column in values.items()}
    return keyed(keys, {"output": x.reshape(shape), **shaped}).with_columns(pl.col(list(values)).fill_nan(None))


def _weighted(a: Accounts, column: FloatArray, output: FloatArray) -> FloatArray:
    """Means over sectors weighted by output, (G,); zero where there is none."""
    total = (a.split(column) * a.split(a.table.x)).sum(axis=1)
    found: FloatArray = np.divide(total, output, out=np.zeros(a.G), where=output > 0)
    return found
