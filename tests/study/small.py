"""A study of eight regions over six years, made from a seed, that runs in milliseconds."""

from __future__ import annotations

import copy
import hashlib
import io
from pathlib import Path

import numpy as np
import polars as pl
from ruamel.yaml import YAML

REGIONS = ("BEI", "TIA", "HEB", "SHX", "NMG", "LIA", "JIL", "HLJ")
YEARS = range(2001, 2007)
FOLDER = "贸易 研究"

TEXT = """\
study: small
title: {zh: 小研究, en: A small study}

sources:
  main:
    path: data/regions.csv
    sha256: MAIN
  more: {path: data/more.parquet, where: edition == 2, sha256: MORE}

panel:
  unit: code
  time: year
  span: [2001, 2006]
  start: main
  join:
    - more: {rq: quality}
  drop:
    - {where: "code == 'HLJ'", why: no trade}

variables:
  code: {zh: 地区, en: Region}
  tbi: {zh: 贸易, en: TBI}
  lnGDP: {formula: log(gdp), zh: lnGDP, en: lnGDP}
  RQ: {formula: carry_forward(rq), zh: RQ, en: RQ}
  growth: diff(lnGDP)

lists:
  coast: ['TIA', 'HEB', 'LIA']

macros:
  controls: lnGDP + RQ

samples:
  early: year <= 2005
  shore: code in coast or year < 2004

defaults:
  vcov: {cluster: code}
  ssc: xtreg
  stars: [0.10, 0.05, 0.01]
  digits: 3
  show: {paren: se, r2: within_unit, constant: xtreg, effects: true, controls: collapse}

tables:
  t1:
    title: 贸易指数
    values: tbi
    rows: year
    columns: ['BEI', 'TIA']
    notes:
      - {zh: 造出的数字。, en: Made-up numbers.}
  t3:
    title: {zh: 回归, en: Regression}
    columns:
      - y ~ tbi | code + year
      - y ~ tbi + $controls | code + year
      - {formula: "y ~ tbi | code + year", sample: early}
    across_versions: [tbi]
  t4:
    title: {zh: 另一表, en: Another}
    sample: shore
    columns: [y ~ tbi | code]

versions:
  straight: {variables.RQ.formula: interpolate(rq)}
  edition1: {sources.more.where: edition == 1}
"""


def frames(seed: int = 7) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The rows of ``regions.csv``, and those of ``more.parquet`` in two editions."""
    rng = np.random.default_rng(seed)
    keys = pl.DataFrame({"code": REGIONS}).join(pl.DataFrame({"year": list(YEARS)}), how="cross")
    n = keys.height
    tbi = rng.normal(size=n).round(4)
    gdp = np.exp(rng.normal(5, 1, n)).round(3)
    y = (1.5 * tbi + 0.4 * np.log(gdp) + rng.normal(size=n)).round(4)
    main = keys.with_columns(tbi=tbi, gdp=gdp, y=y)
    quality = [None if k % 11 == 4 else round(float(v), 3) for k, v in enumerate(rng.normal(size=n))]
    second = keys.with_columns(edition=pl.lit(2), quality=pl.Series(quality, dtype=pl.Float64))
    first = second.with_columns(pl.lit(1).alias("edition"), pl.col("quality") * 2 + pl.col("year") / 1000)
    return main, pl.concat([first, second])


def write(parent: Path, text: str = TEXT, pinned: bool = True) -> Path:
    """Write the study and its data to a folder with a Chinese name and a blank; return the folder."""
    folder = parent / FOLDER
    (folder / "data").mkdir(parents=True)
    main, more = frames()
    main.write_csv(folder / "data/regions.csv")
    more.write_parquet(folder / "data/more.parquet")
    rewrite(folder, text, pinned)
    return folder


def rewrite(folder: Path, text: str, pinned: bool = True) -> Path:
    """Replace the study file; with ``pinned`` the digests of the data as they are now stand in it."""
    digests = {}
    for word, name in (("MAIN", "regions.csv"), ("MORE", "more.parquet")):
        file = folder / "data" / name
        digests[word] = hashlib.sha256(file.read_bytes()).hexdigest() if file.is_file() else "0" * 64
    if pinned:
        text = text.replace("sha256: MAIN", f"sha256: {digests['MAIN']}")
        text = text.replace("sha256: MORE", f"sha256: {digests['MORE']}")
    else:
        text = text.replace("    sha256: MAIN\n", "").replace(", sha256: MORE", "")
    (folder / "study.yaml").write_text(text, encoding="utf-8")
    return folder


def data(**changes: object) -> dict[str, object]:
    """The study as a dict without digests, with some top-level keys replaced."""
    text = TEXT.replace("    sha256: MAIN\n", "").replace(", sha256: MORE", "")
    plain = YAML(typ="safe", pure=True).load(io.StringIO(text))
    return copy.deepcopy(plain) | changes
