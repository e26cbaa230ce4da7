"""One inter-country table from national tables and bilateral flows, by import proportionality."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from econloom.core.errors import DataError, UsageError, did_you_mean, listed
from econloom.iot.balance import FloatArray

Numbers = NDArray[Any]
NegativeOutput = Literal["to_final_use", "refuse"]

_ROUNDING = 1e-9


@dataclass(frozen=True, slots=True)
class Retired:
    """A sector that cannot produce (output zero or below) and was taken out of production.

    Attributes
    ----------
    row : int
        Its place in the table, ``country * S + sector``.
    output : float
        Row sum before; its absolute value was added to final use at home.
    inputs : float
        Column sum before; booked as final use at home.
    """

    row: int
    output: float
    inputs: float


@dataclass(frozen=True, slots=True, eq=False)
class Assembled:
    """Arrays of one assembled year: ``Z`` (n, n), ``Y`` (n, G) and the retired sectors."""

    Z: FloatArray
    Y: FloatArray
    retired: tuple[Retired, ...]


def assemble_year(
    domestic: Numbers,
    imports: Numbers,
    intermediate: Numbers,
    final: Numbers,
    rest_of_world: Numbers,
    negative_output: NegativeOutput = "to_final_use",
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
    negative_output : {"to_final_use", "refuse"}
        A sector with negative output (or inputs but no output) has no technology. ``to_final_use`` adds the
        shortfall to its final use at home and books its inputs as final use at home, so that rows keep their sums
        and the sector has x = 0; ``refuse`` raises.

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
    _check_choice(negative_output)
    K, S = _shapes(domestic, imports, intermediate, final, rest_of_world)
    G = K + 1
    Z = np.empty((G, S, G, S))
    Y = np.empty((G, S, G))
    Y[...] = np.moveaxis(final, 1, 2)
    for d in range(K):
        shares = use_shares(imports[d, :, :S], np.asarray(intermediate)[:, d].sum(axis=0))
        np.multiply(intermediate[:, d, :, None], shares, out=Z[:, :, d, :])
        Z[d, :, d, :] = domestic[d, :, :S]
        Y[d, :, d] = domestic[d, :, S:].sum(axis=1)
    shares = use_shares(rest_of_world, np.asarray(intermediate)[:, K].sum(axis=0))
    np.multiply(intermediate[:, K, :, None], shares, out=Z[:, :, K, :])
    Zn, Yn = Z.reshape(G * S, G * S), Y.reshape(G * S, G)
    return Assembled(Zn, Yn, _retire(Zn, Yn, S, negative_output))


def _check_choice(choice: str) -> None:
    known = get_args(NegativeOutput)
    if choice not in known:
        raise UsageError(
            f"negative_output {choice!r} is unknown{did_you_mean(str(choice), known)}", hint=f"one of {listed(known)}"
        )


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


def _retire(Z: FloatArray, Y: FloatArray, S: int, choice: NegativeOutput) -> tuple[Retired, ...]:
    """Take sectors that cannot produce out of production, in place; other rows keep their sums."""
    x, inputs = Z.sum(axis=1) + Y.sum(axis=1), Z.sum(axis=0)
    tiny = _ROUNDING * np.abs(x).max()
    rows = np.flatnonzero((x < -tiny) | ((x <= tiny) & (inputs > tiny)))
    retired = tuple(Retired(int(j), float(x[j]), float(inputs[j])) for j in rows)
    if retired and choice == "refuse":
        raise DataError(
            "sectors without positive output: " + listed(f"row {r.row} ({r.output:,.6g})" for r in retired),
            hint="negative_output='to_final_use' books the shortfall as final use and reports it",
        )
    for r in retired:
        home = r.row // S
        Y[r.row, home] -= r.output
        Y[:, home] += Z[:, r.row]
        Z[:, r.row] = 0.0
    return retired
