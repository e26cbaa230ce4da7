"""A study with every estimator, covariance and notation that an export knows, on a panel from a seed, with gaps."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

import econloom as el

TABLES: dict[str, list[Any]] = {
    "linear": [
        {"formula": "y ~ x + 控制 + log(w)", "vcov": "hc1", "ssc": "fixest"},
        {"formula": "y ~ x + 控制 | firm + year", "ssc": "fixest"},
        {"formula": "y ~ x + 控制 | firm + year", "ssc": "areg"},
        {"formula": "y ~ x + 控制 | firm + year", "ssc": "xtreg"},
        {"formula": "y ~ x + 控制 | firm + year", "ssc": "none", "vcov": "iid"},
        {"formula": "y ~ x | firm + region^year", "vcov": {"cluster": ["firm", "year"]}},
        {"formula": "y ~ x + 控制 | firm + year", "weights": "w"},
        {"formula": "y ~ l(x, 1) + f(控制, 1) + d(x) | firm"},
        {"formula": "y ~ x * 控制 + i(year, ref=2002) + l(x, 1):控制 | firm", "ssc": "xtreg"},
        {"formula": "y ~ x + i(region, x, ref='a') | firm[trend]", "ssc": "fixest"},
        {"formula": "y ~ 0 + x + 控制", "vcov": "iid", "ssc": "fixest"},
        {"formula": "y ~ x + 控制 | firm + year", "prepare": {"winsorise": [0.1, 0.9]}},
        {"formula": "y ~ x + 控制 | firm + year", "prepare": {"trim": [0.1, 0.9]}},
        {"formula": "y ~ x | firm + year", "where": "year > 2002 and x > -2"},
    ],
    "errors": [
        {"formula": "y ~ x + 控制 | firm", "vcov": "hc2", "ssc": "fixest"},
        {"formula": "y ~ x + 控制", "vcov": "hc3", "ssc": "none"},
        {"formula": "y ~ x + 控制 | year", "vcov": {"cr2": "firm"}, "ssc": "fixest"},
        {"formula": "y ~ x | firm + year", "vcov": {"newey_west": 2}, "ssc": "fixest"},
        {"formula": "y ~ x | firm + year", "vcov": {"wild": "firm", "draws": 99, "seed": 1}, "ssc": "fixest"},
    ],
    "instruments": [
        {"formula": "y ~ 控制 | firm + year | x ~ z + z2"},
        {"formula": "y ~ 控制 | x ~ z", "ssc": "ivreg2_small"},
        {"formula": "y ~ 控制 | x ~ z", "ssc": "ivreg2", "vcov": "hc1"},
        {"formula": "y ~ 控制 | firm + year | x ~ z + z2", "estimator": "liml"},
        {"formula": "y ~ 控制 | firm + year | x ~ z + z2", "estimator": "gmm"},
    ],
    "panels": [
        {"formula": "y ~ x + 控制", "estimator": "random_effects", "ssc": "xtreg", "vcov": "iid"},
        {"formula": "y ~ x + 控制", "estimator": "random_effects", "ssc": "xtreg"},
        {"formula": "y ~ x", "estimator": "random_effects", "ssc": "xtreg", "with": {"components": "baltagi_chang"}},
        {"formula": "y ~ x + 控制", "estimator": "between", "ssc": "xtreg", "vcov": "iid"},
        {"formula": "y ~ x + 控制", "estimator": "first_difference", "ssc": "xtreg"},
        {"formula": "y ~ l(y, 1) + x", "estimator": "system_gmm", "with": {"collapse": True}},
        {"formula": "y ~ l(y, 1) + x", "estimator": "difference_gmm",
         "with": {"instruments": [{"gmm": "y", "lags": [2, 3]}, {"std": "x", "equation": "difference"}],
                  "windmeijer": False, "transform": "deviations"}},
        {"formula": "y ~ l(y, 1) + x", "estimator": "system_gmm", "with": {"steps": 1, "h": 2}},
        {"formula": "y ~ l(y, 1) + x + 控制", "estimator": "difference_gmm",
         "with": {"instruments": [{"gmm": "y", "lags": [2, 4], "collapse": True}, {"gmm": "x", "lags": [1, 3]},
                                  {"std": "控制"}]}},
        {"formula": "y ~ l(y, 1) + x", "estimator": "bias_corrected"},
    ],
    "limited": [
        {"formula": "count ~ x + 控制", "estimator": "poisson", "ssc": "fixest", "vcov": "hc1"},
        {"formula": "count ~ x + 控制 | firm + year", "estimator": "poisson", "ssc": "fixest"},
        {"formula": "count ~ x | year", "estimator": "poisson", "ssc": "none", "vcov": "iid"},
        {"formula": "any ~ x + 控制", "estimator": "logit", "ssc": "none", "vcov": "iid"},
        {"formula": "any ~ x + 控制", "estimator": "logit", "ssc": "fixest"},
        {"formula": "any ~ x | region", "estimator": "logit", "ssc": "fixest", "vcov": "hc1"},
        {"formula": "any ~ x | firm", "estimator": "logit", "ssc": "none", "vcov": "iid",
         "with": {"effects": "conditional"}},
        {"formula": "cut ~ x + 控制", "estimator": "tobit", "vcov": "iid", "with": {"lower": 0}},
        {"formula": "cut ~ x", "estimator": "tobit", "with": {"lower": 0, "upper": 3}},
        {"formula": "cut ~ x", "estimator": "tobit_re", "vcov": "iid", "with": {"lower": 0}},
        {"formula": "share ~ x + 控制", "estimator": "fractional", "vcov": "hc1"},
    ],
}  # fmt: skip


def frame() -> pl.DataFrame:
    """Forty firms over eight years, a tenth of the rows absent."""
    rng = np.random.default_rng(7)
    firms, years = 40, 8
    firm, year = np.repeat(np.arange(firms), years), np.tile(np.arange(2001, 2001 + years), firms)
    n = len(firm)
    effect = rng.normal(size=firms)[firm]
    z, z2, control = rng.normal(size=(3, n))
    x = 0.5 * z + 0.3 * z2 + 0.3 * effect + rng.normal(size=n)
    y = 1 + 0.7 * x - 0.4 * control + effect + 0.1 * (year - 2001) + rng.normal(size=n)
    made = pl.DataFrame(
        {
            "firm": [f"企业{k:02d}" for k in firm],
            "year": year,
            "region": [("a", "b", "c")[k % 3] for k in firm],
            "trend": (year - 2001).astype(float),
            "x": x, "z": z, "z2": z2, "控制": control, "y": y,
            "w": rng.uniform(0.5, 2, n),
            "count": rng.poisson(np.exp(0.3 * x + 0.2 * effect)),
            "any": (y > 1).astype(int),
            "cut": np.maximum(y, 0),
            "share": 1 / (1 + np.exp(-y)),
        }
    )  # fmt: skip
    return made.filter(pl.Series(rng.uniform(size=n) > 0.1))


def study(folder: Path, tables: list[str] | None = None) -> Any:
    """The study, its data written to a folder."""
    return el.study(data(folder, tables), folder)


def data(folder: Path, tables: list[str] | None = None) -> dict[str, Any]:
    """The study file as data, its rows written to a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    frame().write_csv(folder / "rows.csv")
    made: dict[str, Any] = {
        "study": "sink",
        "title": {"zh": "全部估计量 `a' $b", "en": 'Every "estimator" /* here */'},
        "sources": {"rows": "rows.csv"},
        "panel": {"unit": "firm", "time": "year", "start": "rows"},
        "variables": {"y": {"zh": "产出", "en": "Output"}, "x": {"zh": "投入", "en": "Input"}},
        "macros": {"controls": "x + 控制"},
        "defaults": {"vcov": {"cluster": "firm"}, "ssc": "reghdfe"},
        "tables": {
            "described": {
                "kind": "descriptive",
                "title": "Described",
                "of": ["y", "x", "控制", "share"],
                "sample": "late",
            },
            **{name: {"title": {"zh": name, "en": name}, "columns": columns} for name, columns in TABLES.items()},
        },
        "samples": {"late": "year > 2003"},
    }
    made["tables"] = {n: t for n, t in made["tables"].items() if tables is None or n in tables}
    return made
