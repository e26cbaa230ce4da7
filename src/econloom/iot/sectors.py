"""Names of the sectors of inter-country tables, in Chinese and English, and the broad groups they belong to."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from importlib.resources import files

import polars as pl

RELEASES = ("wiod2016", "wiod2013")
"""Classifications whose sectors have names: the 56 of WIOD 2016 (ISIC Rev.4), the 35 of WIOD 2013 (NACE Rev.1)."""
GROUPS = ("agriculture", "mining", "manufacturing", "utilities", "construction", "services")
"""Broad groups of sectors, the same for both classifications."""


def sector_names(sectors: Sequence[str]) -> pl.DataFrame:
    """Names and broad groups of sectors.

    Parameters
    ----------
    sectors : sequence of str
        Codes as a table has them.

    Returns
    -------
    polars.DataFrame
        ``sector``, ``sector_zh``, ``sector_en``, ``sector_group`` (one of ``GROUPS``), in the order given. Sectors of
        a classification that is not known are their own names and have no group.

    Notes
    -----
    English names follow the releases, shortened; Chinese names and groups are authored.

    Examples
    --------
    >>> sector_names(["C26", "K64"]).row(0)
    ('C26', '计算机、电子和光学产品', 'Computer, electronic and optical products', 'manufacturing')
    """
    for release in RELEASES:
        known = _release(release)
        if set(sectors) <= set(known["sector"]):
            return pl.DataFrame({"sector": list(sectors)}).join(known, on="sector", how="left", maintain_order="left")
    own = {name: list(sectors) for name in ("sector", "sector_zh", "sector_en")}
    return pl.DataFrame({**own, "sector_group": pl.Series([None] * len(sectors), dtype=pl.String)})


@cache
def _release(name: str) -> pl.DataFrame:
    text = (files("econloom.iot") / "concordances" / f"sectors_{name}.csv").read_bytes()
    frame = pl.read_csv(text, schema=dict.fromkeys(("code", "zh", "en", "group"), pl.String))
    return frame.rename({"code": "sector", "zh": "sector_zh", "en": "sector_en", "group": "sector_group"})
