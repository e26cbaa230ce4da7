"""An estimation in R, and its words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from econloom.study.export.statement import Compared, Variable


@dataclass(frozen=True)
class Block:
    """An estimation in R.

    Attributes
    ----------
    natural : str
        Call of the natural package; empty where base R is it.
    package : str
        The natural package.
    base : str
        Call that Debian's packages can do; empty where there is none.
    needs : tuple of str
        Packages of ``base`` beside sandwich.
    variance : str
        Expression of the covariance.
    compared : {"both", "estimate", "none"}
    why : str
        Why not both.
    b_tolerance, se_tolerance : float
    """

    natural: str = ""
    package: str = ""
    base: str = ""
    needs: tuple[str, ...] = ()
    variance: str = ""
    compared: Compared = "both"
    why: str = ""
    b_tolerance: float = 1e-8
    se_tolerance: float = 1e-6


def names(variables: Sequence[Variable]) -> str:
    """``c("x", "z")``, or NULL."""
    return f"c({', '.join(quoted(v.column) for v in variables)})" if variables else "NULL"


def quoted(text: str) -> str:
    """A text of R."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
