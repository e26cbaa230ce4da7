"""Make the concordance from GB/T 4754-2011 to the 35 sectors of WIOD 2013.

    python benchmarks/match_wiod2013.py

Divisions are matched here, each to one sector, by reading the titles of GB/T 4754-2011 and NACE Rev.1 (ISIC Rev.3);
where the two classifications cut differently, ``REASONS`` says why. A section takes the weights that the shipped match
to WIOD 2016 gives it (China's labour compensation of 2014), through ``BRIDGE`` from the 56 to the 35 sectors; textiles,
which are one of the 56 and two of the 35, are divided by China's value added of 2011 in the tables of the 2013 release.
"""

from __future__ import annotations

from pathlib import Path

import polars as pl

import econloom as el

ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT / "src/econloom/iot/concordances"
TABLES = ROOT / "studies/globalisation_1995_2011/data/wiod2013"
NACE = {
    "c1": "01-05", "c2": "10-14", "c3": "15-16", "c4": "17-18", "c5": "19", "c6": "20", "c7": "21-22", "c8": "23",
    "c9": "24", "c10": "25", "c11": "26", "c12": "27-28", "c13": "29", "c14": "30-33", "c15": "34-35", "c16": "36-37",
    "c17": "40-41", "c18": "45", "c19": "50", "c20": "51", "c21": "52", "c22": "55", "c23": "60", "c24": "61",
    "c25": "62", "c26": "63", "c27": "64", "c28": "65-67", "c29": "70", "c30": "71-74", "c31": "75", "c32": "80",
    "c33": "85", "c34": "90-93", "c35": "95",
}  # fmt: skip
DIVISIONS = {
    "c1": "01 02 03 04 05", "c2": "06 07 08 09 10 11 12", "c3": "13 14 15 16", "c4": "17 18", "c5": "19", "c6": "20",
    "c7": "22 23 85", "c8": "25", "c9": "26 27 28", "c10": "29", "c11": "30", "c12": "31 32 33", "c13": "34 35 43",
    "c14": "38 39 40", "c15": "36 37", "c16": "21 24 41 42", "c17": "44 45 46", "c18": "47 48 49 50", "c20": "51",
    "c21": "52 80", "c22": "61 62", "c23": "53 54 57", "c24": "55", "c25": "56", "c26": "58 59", "c27": "60 63",
    "c28": "66 67 68 69", "c29": "70", "c30": "64 65 71 72 73 74 75", "c31": "76 90 91 92 93 95", "c32": "82",
    "c33": "83 84", "c34": "77 78 79 81 86 87 88 89 94 96",
}  # fmt: skip
REASONS = {
    "11": "NACE 11.2 is part of mining; services to other mining are small",
    "21": "furniture is NACE 36", "24": "sporting goods, toys, jewellery are NACE 36", "42": "recycling is NACE 37",
    "38": "household appliances are NACE 29.7, which the division does not show apart",
    "40": "instruments are NACE 33",
    "43": "NACE Rev.1 counts repair with the making; most of the division is machinery",
    "46": "the sewerage in the division (NACE 90) is not shown apart",
    "51": "China's table has no output in c19, motor trade",
    "52": "China's table has no output in c19, motor trade and fuel",
    "63": "broadcasting by cable and satellite (NACE 64.20, 92.2) is not shown apart",
    "64": "NACE 72", "65": "NACE 72", "72": "travel agencies (NACE 63.3) are not shown apart",
    "76": "as in the match to WIOD 2016", "78": "sanitation is NACE 90; parks are NACE 92",
    "80": "NACE 52.7; repair of vehicles is c19, in which China's table has no output",
    "81": "cleaning of buildings (NACE 74.7) is not shown apart",
    "85": "publishing is NACE 22.1, news agencies (92.4) are small",
    "96": "NACE 99 is not among the 35 sectors; with membership organisations (91)",
}  # fmt: skip
BRIDGE = {
    "A01": "c1", "A02": "c1", "A03": "c1", "B": "c2", "C10-C12": "c3", "C16": "c6", "C17": "c7", "C18": "c7",
    "C19": "c8", "C20": "c9", "C21": "c9", "C22": "c10", "C23": "c11", "C24": "c12", "C25": "c12", "C26": "c14",
    "C27": "c14", "C28": "c13", "C29": "c15", "C30": "c15", "C31_C32": "c16", "D35": "c17", "E36": "c17",
    "E37-E39": "c34", "F": "c18", "G46": "c20", "G47": "c21", "H49": "c23", "H50": "c24", "H51": "c25", "H52": "c26",
    "H53": "c27", "I": "c22", "J58": "c7", "J59_J60": "c34", "J61": "c27", "J62_J63": "c30", "K64": "c28",
    "K65": "c28", "L68": "c29", "M69_M70": "c30", "M72": "c30", "M74_M75": "c30", "N": "c30", "O84": "c31",
    "P85": "c32", "Q": "c33", "R_S": "c34", "U": "c34",
}  # fmt: skip


def textiles() -> pl.DataFrame:
    """C13-C15 in c4 and c5, by China's value added of 2011."""
    t = el.iot.read(TABLES).table(2011)
    rows = [t.countries.index("CHN") * 35 + t.sectors.index(s) for s in ("c4", "c5")]
    added = (t.v * t.x)[rows]
    return pl.DataFrame({"old": ["C13-C15"] * 2, "sector": ["c4", "c5"], "share": added / added.sum()})


def main() -> None:
    known = pl.read_csv(FOLDER / "gbt4754_2011_wiod2016.csv", schema_overrides={"code": pl.String, "isic4": pl.String})
    titles = known.select("code", "level", "name_zh", "name_en").unique(maintain_order=True)
    flat = [(code, sector) for sector, codes in DIVISIONS.items() for code in codes.split()]
    single = pl.DataFrame(flat, schema=["code", "sector"], orient="row").with_columns(weight=pl.lit(1.0))
    bridge = pl.DataFrame({"old": list(BRIDGE), "sector": list(BRIDGE.values()), "share": 1.0})
    sections = (
        known.filter(level="section")
        .with_columns(
            pl.when(pl.concat_str("code", "sector") == "CE37-E39")
            .then(pl.lit("C31_C32"))
            .when(pl.concat_str("code", "sector") == "DE37-E39")
            .then(pl.lit("E36"))
            .otherwise("sector")
            .alias("sector")
        )  # recycling is NACE 37; sewerage as for division 46
        .join(pl.concat([bridge, textiles()]), left_on="sector", right_on="old")
        .group_by("code", pl.col("sector_right").alias("sector"), maintain_order=True)
        .agg(weight=(pl.col("weight") * pl.col("share")).sum())
        .with_columns(pl.col("weight") / pl.col("weight").sum().over("code"))
    )
    order = {s: n for n, s in enumerate(NACE)}
    made = (
        titles.join(pl.concat([single, sections]), on="code", how="left", maintain_order="left")
        .sort(pl.col("level"), pl.col("code"), pl.col("sector").replace_strict(order))
        .with_columns(
            pl.col("sector").replace_strict(NACE).alias("nace1"),
            pl.col("weight").round(8),
            pl.when(pl.col("weight") < 1)
            .then(pl.lit("authored, through the match to WIOD 2016"))
            .otherwise(pl.lit("authored"))
            .alias("basis"),
            pl.col("code").replace_strict(REASONS, default="").alias("reason"),
        )
        .select("code", "level", "name_zh", "name_en", "sector", "nace1", "weight", "basis", "reason")
    )
    made.write_csv(FOLDER / "gbt4754_2011_wiod2013.csv")


if __name__ == "__main__":
    main()
