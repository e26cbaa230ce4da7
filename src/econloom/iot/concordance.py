"""From the sectors of employment statistics to those of inter-country tables, by weights that sum to one."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import polars as pl

from econloom.core.errors import DataError, UsageError, did_you_mean, listed

SHIPPED = {
    "gbt4754_2011": "gbt4754_2011_wiod2016.csv",
    "gbt4754_2011_wiod2013": "gbt4754_2011_wiod2013.csv",
    "isic4": "isic4_wiod2016.csv",
}
COLUMNS = ("code", "sector", "weight")
_ROUNDING = 1e-6


@dataclass(frozen=True, slots=True, eq=False)
class Concordance:
    """A weighted match of codes to sectors.

    Attributes
    ----------
    frame : polars.DataFrame
        ``code``, ``sector``, ``weight``; weights of a code sum to one. Codes and sectors are texts.
    name : str
        Where it comes from.
    aliases : mapping of str to str
        Other names of codes, such as Chinese and English titles.
    """

    frame: pl.DataFrame
    name: str
    aliases: dict[str, str]

    @property
    def codes(self) -> tuple[str, ...]:
        """Codes that it knows, in its order."""
        return tuple(self.frame["code"].unique(maintain_order=True))

    @property
    def sectors(self) -> tuple[str, ...]:
        """Sectors that some code reaches."""
        return tuple(self.frame["sector"].unique(maintain_order=True))

    def unmapped(self, codes: Iterable[object]) -> tuple[str, ...]:
        """Those of the given codes that it does not know.

        Examples
        --------
        >>> concordance("gbt4754_2011").unmapped(["01", "农业", "99"])
        ('99',)
        """
        known = {*self.codes, *self.aliases}
        return tuple(dict.fromkeys(str(c) for c in codes if str(c) not in known))

    def spread(self, frame: pl.DataFrame, code: str, amount: str, keys: Iterable[str] = ()) -> pl.DataFrame:
        """Amounts by code, spread over the sectors and summed.

        Parameters
        ----------
        frame : polars.DataFrame
        code, amount : str
            Its columns of codes and of amounts.
        keys : iterable of str
            Columns that stay as they are, such as region and year.

        Returns
        -------
        polars.DataFrame
            The keys, ``sector`` and the amount; totals by key are those of the frame.

        Raises
        ------
        DataError
            Codes that it does not know, with the nearest ones.
        """
        stray = self.unmapped(frame[code].unique(maintain_order=True))
        if stray:
            near = did_you_mean(stray[0], [*self.codes, *self.aliases])
            raise DataError(
                f"sectors that the concordance {self.name} does not know: {listed(stray)}{near}",
                hint=f"it knows {listed(self.codes)}; leave total rows out, or pass a concordance of your own",
            )
        keys = list(keys)
        named = frame.select(*keys, amount, pl.col(code).cast(pl.String).replace(self.aliases).alias("code"))
        joined = named.join(self.frame, on="code", how="inner", maintain_order="left")
        spread = joined.with_columns((pl.col(amount) * pl.col("weight")).alias(amount))
        return spread.group_by([*keys, "sector"], maintain_order=True).agg(pl.col(amount).sum())


def concordance(source: str | pl.DataFrame | Concordance) -> Concordance:
    """A concordance that is shipped, or one of your own.

    Parameters
    ----------
    source : {"gbt4754_2011", "gbt4754_2011_wiod2013", "isic4"} or polars.DataFrame or Concordance
        ``gbt4754_2011``: divisions (``01`` ... ``96``) and sections (``A`` ... ``T``) of GB/T 4754-2011, or their
        Chinese or English titles, to the 56 sectors of WIOD 2016; ``gbt4754_2011_wiod2013``: the same to the 35 of
        WIOD 2013; ``isic4``: divisions of ISIC Rev.4 to the 56. A frame needs the columns ``code``, ``sector`` and
        ``weight``.

    Returns
    -------
    Concordance

    Raises
    ------
    UsageError
        An unknown name, or something else than a name or a frame.
    DataError
        Columns missing, weights that are no numbers in [0, 1] or do not sum to one, a pair listed twice.

    Notes
    -----
    The shipped match of GB/T codes is authored, not official; ``README.md`` beside the data says how.

    Examples
    --------
    >>> c = concordance("gbt4754_2011")
    >>> len(c.codes), c.frame.filter(pl.col("code") == "46")["sector"].to_list()
    (116, ['E36', 'E37-E39'])
    """
    if isinstance(source, Concordance):
        return source
    if isinstance(source, pl.DataFrame):
        return _checked(source, "given")
    if not isinstance(source, str) or source not in SHIPPED:
        near = did_you_mean(source, SHIPPED) if isinstance(source, str) else ""
        raise UsageError(f"no concordance {source!r}{near}", hint=f"one of {listed(SHIPPED)}, or a frame")
    return _shipped(source)


@cache
def _shipped(name: str) -> Concordance:
    text = (files("econloom.iot") / "concordances" / SHIPPED[name]).read_bytes()
    types = dict.fromkeys(("code", "isic4", "sector", "nace1"), pl.String)
    frame = pl.read_csv(text, schema_overrides=types)
    frame = frame.rename({"isic4": "code"}) if "code" not in frame.columns else frame
    titles = [c for c in ("name_zh", "name_en") if c in frame.columns]
    aliases: dict[str, str] = {}
    for title in titles:  # a division keeps its title where a section has the same: both reach the same sectors
        aliases |= dict(zip(frame[title], frame["code"], strict=True)) | aliases
    return _checked(frame, name, aliases)


def _checked(frame: pl.DataFrame, name: str, aliases: dict[str, str] | None = None) -> Concordance:
    absent = [c for c in COLUMNS if c not in frame.columns]
    if absent:
        near = did_you_mean(absent[0], frame.columns)
        raise DataError(f"concordance {name}: no column {listed(absent)}{near}", hint=f"needs {listed(COLUMNS)}")
    try:
        kept = frame.select(
            pl.col("code").cast(pl.String), pl.col("sector").cast(pl.String), pl.col("weight").cast(pl.Float64)
        )
    except pl.exceptions.PolarsError as error:
        raise DataError(f"concordance {name}: weights are not numbers ({str(error).splitlines()[0]})") from error
    blank = kept.filter(pl.any_horizontal(pl.all().is_null()) | ~pl.col("weight").is_between(0, 1))
    if blank.height or not kept.height:
        row = listed(str(v) for v in blank.row(0)) if blank.height else "no rows"
        raise DataError(f"concordance {name}: {blank.height} rows without a code, sector or weight in [0, 1]: {row}")
    twice = kept.filter(kept.select("code", "sector").is_duplicated())
    if twice.height:
        raise DataError(f"concordance {name}: listed twice: {' -> '.join(twice.row(0)[:2])}")
    sums = kept.group_by("code", maintain_order=True).agg(pl.col("weight").sum())
    off = sums.filter((pl.col("weight") - 1).abs() > _ROUNDING)
    if off.height:
        found = listed(f"{code} {total:.6g}" for code, total in off.iter_rows())
        raise DataError(f"concordance {name}: weights of a code must sum to 1: {found}")
    return Concordance(kept, name, _unpadded(sums["code"]) | (aliases or {}))


def _unpadded(codes: pl.Series) -> dict[str, str]:
    """Codes without leading zeros, as spreadsheets and csv readers leave them, where no other code is alike."""
    short = {code.lstrip("0"): code for code in codes if code.startswith("0")}
    return {name: code for name, code in short.items() if name and name not in set(codes)}
