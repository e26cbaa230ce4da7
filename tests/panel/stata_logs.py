"""Reading the logs of Stata 13 that linearmodels 7 ships (NCSA licence)."""

from __future__ import annotations

import re
from typing import Any


def sections(text: str) -> dict[str, str]:
    """Sections by the title between ``!`` signs."""
    parts = re.split(r"#{10} !(.*?)! #{10}", text)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def statistics(section: str) -> dict[str, float]:
    """First number of each named line before the matrices: coefficients, then statistics."""
    found: dict[str, float] = {}
    for line in section.split("***")[0].splitlines():
        name, _, value = line.partition("\t")
        if name and value and value != "b/t":
            found[name.strip()] = float(value)
    return found


def covariance(section: str) -> dict[tuple[str, str], float]:
    """The printed covariance by pairs of names."""
    lines = section.split("* Variance *************")[1].split("*****")[0].splitlines()
    head = lines[2].strip().split("\t")
    found: dict[tuple[str, str], float] = {}
    for line in lines[3:]:
        name, *values = line.split("\t")
        found |= {(name.strip(), h): float(v) for h, v in zip(head, values, strict=False) if v.strip()}
    return found


def names(fit: Any) -> list[str]:
    """Terms of a fit under Stata's names."""
    return [{"(Intercept)": "_cons"}.get(t, t) for t in fit.estimate.names]
