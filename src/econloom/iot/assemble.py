"""One inter-country table from national tables and bilateral flows, by import proportionality."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from econloom.core.errors import DataError, UsageError
from econloom.iot.balance import FloatArray
from econloom.iot.mending import Mended, NegativeOutput, check_choice, mend

Numbers = NDArray[Any]


@dataclass(frozen=True, slots=True, eq=False)
class Assembled:
    """Arrays of one assembled year: ``Z`` (n, n), ``Y`` (n, G) and the sectors that had to be mended."""

    Z: FloatArray
    Y: FloatArray
    mended: tuple[Mended, ...]


def assemble_year(
    domestic: Numbers,
    imports: Numbers,
    intermediate: Numbers,
    final: Numbers,
    rest_of_world: Numbers,
    negative_output: NegativeOutput = "floor_final_use",
) -> Assembled:
    """Join K national tables and the flows between G = K + 1 economies, the rest of the world last.

    Intermediate flow of product p from o to user j in d: ``Z[o,p,d,j] = N[o,d,p] * m[d,p,j]`` with N the bilateral
    intermediate flow and m the share of j in d's national intermediate imports of p (for the rest of the world: in
    row p of its domestic block, and where that row is empty in the block's column totals). Final use likewise.
    Domestic blocks are the national ones; that of the rest of the world is scaled to its bilateral domestic flow.

    Parameters
    ----------
    domestic, imports : array_like (K, S, S + C)
        National tables at basic prices: S products by S users and C final-use columns.
    intermediate, final : array_like (G, G, S)
        Flows by origin, destination and product; on the diagonal only the last entry is read.
    rest_of_world : array_like (S, S)
        Domestic intermediate block of the rest of the world; its row shares are used.
    negative_output : {"floor_final_use", "refuse"}
        A sector whose negative final use (drawn-down inventories) outweighs all its sales has no output to divide
        by. ``floor_final_use`` sets its negative final-use cells to zero, so that its output is what it does sell;
        ``refuse`` raises. With either, inputs of a sector that sells nothing at all become final use at home.

    Returns
    -------
    Assembled
        With n = G S rows, country-major; the inputs are left untouched.

    Raises
    ------
    DataError
        A flow without users to take it, or negative output with ``refuse``.
    UsageError
        Shapes that do not fit, or an unknown choice.

    Examples
    --------
    >>> import numpy as np
    >>> national = np.array([[[2.0, 5.0]]])  # one country, one sector: 2 to itself, 5 to final use
    >>> flows = np.array([[[0.0], [3.0]], [[1.0], [4.0]]])
    >>> a = assemble_year(national, np.array([[[1.0, 2.0]]]), flows, flows * 2, np.array([[4.0]]))
    >>> a.Z
    array([[2., 3.],
           [1., 4.]])
    >>> a.Y
    array([[5., 6.],
           [2., 8.]])
    """
    check_choice(negative_output)
    K, S = _shapes(domestic, imports, intermediate, final, rest_of_world)
    G = K + 1
    Z = np.empty((G, S, G, S))
    for d in range(K):
        shares = use_shares(imports[d, :, :S], np.asarray(intermediate)[:, d].sum(axis=0))
        np.multiply(intermediate[:, d, :, None], shares, out=Z[:, :, d, :])
        Z[d, :, d, :] = domestic[d, :, :S]
    shares = use_shares(rest_of_world, np.asarray(intermediate)[:, K].sum(axis=0))
    np.multiply(intermediate[:, K, :, None], shares, out=Z[:, :, K, :])
    rows, Y = Z.reshape(G * S, G * S), final_use(domestic, final)
    return Assembled(rows, Y, mend(rows, Y, negative_output))


def use_shares(use: Numbers, flow: Numbers) -> FloatArray:
    """Share of every user in each product's use, shape (S, S); rows sum to 1.

    A product that nobody uses takes the column totals' shares when ``flow`` (S,) brings some of it, else zeros.

    Raises
    ------
    DataError
        Something flows into an economy whose use table is empty.
    """
    use = np.asarray(use, dtype=np.float64)
    rows, columns = use.sum(axis=1), use.sum(axis=0)
    shares: FloatArray = np.divide(use, rows[:, None], out=np.zeros_like(use), where=rows[:, None] > 0)
    stray = (rows <= 0) & (np.asarray(flow) != 0)
    if stray.any():
        if not columns.sum() > 0:
            raise DataError("intermediate flows enter an economy whose table has no intermediate use")
        shares[stray] = columns / columns.sum()
    return shares


def _shapes(
    domestic: Numbers, imports: Numbers, intermediate: Numbers, final: Numbers, rest: Numbers
) -> tuple[int, int]:
    K, S, width = domestic.shape if domestic.ndim == 3 else (0, 0, 0)
    wanted = (K, S, width), (K + 1, K + 1, S), (K + 1, K + 1, S), (S, S)
    given = imports.shape, intermediate.shape, final.shape, rest.shape
    if K == 0 or width <= S or given != wanted:
        raise UsageError(
            f"shapes do not fit: domestic {domestic.shape}, imports {given[0]}, intermediate {given[1]}, "
            f"final {given[2]}, rest_of_world {given[3]}",
            hint="domestic and imports (K, S, S + C), flows (K + 1, K + 1, S), rest_of_world (S, S)",
        )
    return K, S


def final_use(domestic: Numbers, final: Numbers) -> FloatArray:
    """Final use by destination, shape (G S, G): national columns at home, bilateral flows abroad."""
    K, S = domestic.shape[:2]
    Y = np.array(np.moveaxis(np.asarray(final), 1, 2), dtype=np.float64, order="C")
    home = np.arange(K)
    Y[home, :, home] = domestic[..., S:].sum(axis=2)
    return Y.reshape((K + 1) * S, K + 1)
