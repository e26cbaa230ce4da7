"""How near is our number to the printed one? One rule for each kind of cell.

Distances are taken between exact decimals: the printed string, and our number as its shortest decimal (what
``results.csv`` holds), so that a boundary is a boundary.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Literal

from econloom.audit.numerals import Numeral
from econloom.audit.printed import Kind, PrintedCell

Verdict = Literal["exact", "within_rounding", "within_se", "within_tolerance", "sign_only", "fail"]
VERDICTS: tuple[Verdict, ...] = ("exact", "within_rounding", "within_se", "within_tolerance", "sign_only", "fail")
RANK: dict[Verdict, int] = {
    "exact": 4, "within_rounding": 3, "within_se": 2, "within_tolerance": 2, "sign_only": 1, "fail": 0,
}  # fmt: skip
SE_TOLERANCE = Decimal("0.10")  # relative; of standard errors, t values, interval ends and test statistics
R2_TOLERANCE = Decimal("0.01")  # absolute; of R2 and p values
SIGNLESS: frozenset[Kind] = frozenset({"se", "p", "r2", "n"})  # their sign says nothing, so it earns nothing


def difference(number: Numeral, ours: float) -> Decimal:
    """Our number less the printed one.

    Examples
    --------
    >>> from econloom.audit.numerals import read_numeral
    >>> difference(read_numeral("0.1061"), 0.1062)
    Decimal('0.0001')
    """
    return Decimal(repr(float(ours))) - number.value


def same_sign(number: Numeral, ours: float) -> bool:
    """Whether the signs agree; a printed ``0.0000`` has none and agrees with both."""
    return number.sign in {0, (ours > 0) - (ours < 0)}


def judge(
    cell: PrintedCell, ours: float, se: Decimal | None = None, same_stars: bool = True, within: float | None = None
) -> Verdict:
    """The verdict on one cell.

    ``exact``: printed with the same digits, our number is the same string. ``within_rounding``: not further than one
    unit of the last printed digit, that is inside the printed interval (half a unit to either side) widened by the half
    unit that our own number would lose in print. ``within_se``: a coefficient within one printed standard error and of
    the same sign. ``within_tolerance``: a standard error, t or test statistic within ``SE_TOLERANCE`` of the print, an
    R2 within ``R2_TOLERANCE``, a value within ``within``. ``sign_only``: the same sign, otherwise none of these.
    Stars are part of a coefficient: with other stars it is ``sign_only`` at best. N is exact or fails.

    Parameters
    ----------
    cell : PrintedCell
        With a readable number.
    ours : float
        Finite.
    se : Decimal, optional
        The printed standard error of a coefficient.
    same_stars : bool
    within : float, optional
        Absolute tolerance of a value, R2 or statistic.

    Examples
    --------
    >>> from econloom.audit.numerals import read_numeral
    >>> cell = PrintedCell("1", "TBI", "coefficient", "11.5545", read_numeral("11.5545"), stars=3)
    >>> judge(cell, 11.55449), judge(cell, 11.6073, se=Decimal("3.5239")), judge(cell, 20.0, se=Decimal("3.5239"))
    ('exact', 'within_se', 'sign_only')
    """
    number = cell.number
    if number is None:
        raise ValueError(f"column {cell.column}, {cell.term}: no number to judge")
    if cell.kind == "n":
        return "exact" if difference(number, ours) == 0 else "fail"
    if same_stars and (near := _near(cell.kind, number, ours, se, within)):
        return near
    agrees = same_sign(number, ours) and number.sign != 0
    return "sign_only" if agrees and cell.kind not in SIGNLESS else "fail"


def _near(kind: Kind, number: Numeral, ours: float, se: Decimal | None, within: float | None) -> Verdict | None:
    gap = abs(difference(number, ours))
    if number.same_print(ours):
        return "exact"
    if gap <= number.unit:
        return "within_rounding"
    if kind == "coefficient":
        return "within_se" if se is not None and gap <= se and same_sign(number, ours) else None
    return "within_tolerance" if gap <= _tolerance(kind, number, within) else None


def _tolerance(kind: Kind, number: Numeral, within: float | None) -> Decimal:
    if within is not None and kind in {"value", "r2", "statistic"}:
        return Decimal(repr(float(within)))
    if kind == "value":
        return Decimal(0)
    return R2_TOLERANCE if kind in {"r2", "p"} else SE_TOLERANCE * abs(number.value)
