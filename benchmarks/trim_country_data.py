"""Trim the country-year sources to what the study `globalisation` needs.

    python benchmarks/trim_country_data.py SOURCE [TARGET]

SOURCE holds kof_2018, kof_2020, pwt9.0, pwt9.1, wgi_1996_2019 and wdi_selected (.parquet); TARGET is
studies/globalisation/data unless given. Countries: those of WIOD 2013 and 2016; years 1995-2014.
"""

from __future__ import annotations

import sys
from pathlib import Path

import polars as pl

TARGET = Path(__file__).resolve().parents[1] / "studies/globalisation/data"
COUNTRIES = [
    "AUS",
    "AUT",
    "BEL",
    "BGR",
    "BRA",
    "CAN",
    "CHE",
    "CHN",
    "CYP",
    "CZE",
    "DEU",
    "DNK",
    "ESP",
    "EST",
    "FIN",
    "FRA",
    "GBR",
    "GRC",
    "HRV",
    "HUN",
    "IDN",
    "IND",
    "IRL",
    "ITA",
    "JPN",
    "KOR",
    "LTU",
    "LUX",
    "LVA",
    "MEX",
    "MLT",
    "NLD",
    "NOR",
    "POL",
    "PRT",
    "ROU",
    "RUS",
    "SVK",
    "SVN",
    "SWE",
    "TUR",
    "TWN",
    "USA",
]
YEARS = (1995, 2014)
PWT = ["xr", "pop", "rgdpe", "rgdpo", "rgdpna", "ctfp", "rtfpna", "ck", "rkna", "cn", "rnna"]
WDI = ["infl_cpi_wdi2019", "infl_cpi_wdi2025"]


def trimmed(frame: pl.DataFrame) -> pl.DataFrame:
    """The countries and years of the studies, as doubles, sorted by key."""
    rows = frame.filter(pl.col("code").is_in(COUNTRIES), pl.col("year").is_between(*YEARS))
    keys = [c for c in ("edition", "code", "year") if c in rows.columns]
    return rows.with_columns(pl.col(pl.Float32).cast(pl.Float64), pl.col("year").cast(pl.Int64)).sort(keys)


def kof(source: Path, edition: int) -> pl.DataFrame:
    frame = pl.read_parquet(source / f"kof_{edition}.parquet")
    return frame.select(
        pl.lit(edition).alias("edition"), "code", "year", *sorted(c for c in frame.columns if c.endswith("dj"))
    )


def pwt(source: Path, edition: str) -> pl.DataFrame:
    frame = pl.read_parquet(source / f"pwt{edition}.parquet").rename({"isocode": "code"})
    absent = [pl.lit(None, pl.Float64).alias(c) for c in PWT if c not in frame.columns]
    return frame.with_columns(absent).select(pl.lit(edition).alias("edition"), "code", "year", *PWT)


def main(source: Path, target: Path = TARGET) -> None:
    files = {
        "kof": pl.concat([trimmed(kof(source, e)) for e in (2018, 2020)]),
        "pwt": pl.concat([trimmed(pwt(source, e)) for e in ("9.0", "9.1")]),
        "wgi": trimmed(pl.read_parquet(source / "wgi_1996_2019.parquet").select("code", "year", "rq_est")),
        "wdi": trimmed(pl.read_parquet(source / "wdi_selected.parquet").select("code", "year", *WDI)),
    }
    for name, frame in files.items():
        frame.write_parquet(target / f"{name}.parquet", compression="zstd", compression_level=19)
        print(f"{name}: {frame.height} rows, {frame['code'].n_unique()} countries, {frame.columns}")


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
