"""Coverage of 95 per cent intervals of the study `ecommerce` over simulated panels, and the level of its placebo test.

    python benchmarks/simulate_zones.py [DESIGNS] [RECORD.jsonl] [CASE ...]

Designs are seeds 1,000,000 to 1,000,199, fixed before the first run: cities, accounts, zones and instruments of a draw.
On each, patents are drawn ten times, so that 2,000 panels judge the figures of patents and 200 those of accounts and
cities. The variables are those of the study file, computed here from the raw numbers with their blanks (a test compares
them, and an estimate, with the study's own); the estimates are those of `el.ols`, `el.iv`, `el.poisson` and
`el.did.event_study`. A figure passes within 3.5 Monte Carlo standard errors of 95 per cent, a test whose null
hypothesis is true within as many of 5; the ten draws of one design are one cluster of that error. `el.cluster` with 31
unequal cities that tell the effect is known to cover too rarely: its benchmark is the rate of a sandwich written out in
this file, on the panels of other seeds. The record keeps what is done: run again, the script goes on.
"""

from __future__ import annotations

import json
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from scipy import stats

import econloom as el
from econloom.simulate import PROCESSES, firm_books, firms
from econloom.simulate.market import RINGS, YEARS, Market
from econloom.simulate.zones import places

DESIGNS, DRAWS, FIRST_SEED, OTHER_SEED, FACTOR = 200, 10, 1_000_000, 2_000_000, 3.5
CONTROLS = "kn + wage + debt + roa + cgdp + ind + tech"
EFFECTS = "firm + year + province^year"
FULL = f"treatpost + {CONTROLS} | {EFFECTS}"
Found = Iterator[tuple[str, float | None, float, float, float]]  # figure, truth, estimate, low, high


def panel(made: Market) -> pl.DataFrame:
    """Rows of 2010 to 2022 with the study's variables, from the raw numbers and their blanks."""
    i, t = np.nonzero(made.there)
    c, raw, city = made.home[i], made.firm, made.city
    blank, unprinted = firm_books.blank_accounts(made), firm_books.blank_cities(made)
    own = {n: np.where(blank[n], np.nan, x[i, t]) if n in blank else x[i, t] for n, x in raw.items()}
    of_city = {n: np.where(unprinted[n], np.nan, x)[c, t] if n in unprinted else x[c, t] for n, x in city.items()}
    before = (t > 0) & made.there[i, t - 1]
    assets = (own["assets"] + np.where(before, raw["assets"][i, t - 1], np.nan)) / 2
    adopted, use, old = made.cities.adopted[c], made.national[t], made.history
    found = {
        "firm": i + 1,
        "year": YEARS[t],
        "city": c,
        "province": made.cities.province_code[c],
        "treatpost": ((adopted > 0) & (YEARS[t] >= adopted)).astype(float),
        "cohort": np.where(adopted > 0, adopted.astype(float), np.nan),
        "rd": np.log1p(own["rd_input"]),
        "kn": np.log(own["fixed_assets"] / own["employees"]),
        "wage": np.log(own["payroll"] / own["employees"]),
        "debt": own["liabilities"] / own["assets"],
        "roa": own["net_profit"] / assets,
        "profit": own["operating_profit"] / own["revenue"],
        "income": np.log(own["revenue"]),
        "cgdp": np.log(of_city["gdp"] / of_city["population"]),
        "ind": of_city["tertiary"] / of_city["gdp"],
        "tech": of_city["science_expenditure"] / of_city["population"] / 1000,
        "conv": made.computed["conv"][c, t],
        "spill": made.computed["spill"][c, t],
        "iv1": use * (old["telephones84"] / old["population84"])[c],  # internet use of the year before
        "iv2": use * (old["post_offices84"] / old["population84"])[c],
        "latitude": made.cities.latitude[c],
        "longitude": made.cities.longitude[c],
    }
    later = (t < len(YEARS) - 1) & np.append(made.there, np.zeros((len(made.there), 1), bool), axis=1)[i, t + 1]
    found["ahead"] = np.where(later, ((adopted > 0) & (YEARS[t] + 1 >= adopted)).astype(float), np.nan)
    # one date: 2016 for the cities of 2015 and 2016; later adopters, those of later batches too, have none
    dates = el.simulate.draw("zone_calendar").frame.group_by("city").agg(pl.col("approval_date").dt.year().min())
    first = dict(dates.iter_rows())
    late = np.array([first.get(n, 0) > 2016 for n in places().city.tolist()])[c]
    found["single"] = np.where(late, np.nan, ((adopted > 0) & (adopted <= 2016) & (YEARS[t] >= 2016)).astype(float))
    return pl.DataFrame(found).fill_nan(None)


def sample(data: pl.DataFrame) -> pl.DataFrame:
    """The study's years."""
    return data.filter(pl.col("year").is_between(2011, 2020))


def drawn(made: Market, seed: int) -> dict[str, np.ndarray]:
    """Outcomes of ten draws of patents on one design, entries as in :func:`panel`."""
    i, t = np.nonzero(made.there)
    found = {}
    for k in range(DRAWS):
        if k:
            firms.outcomes(made, np.random.default_rng([seed, 213, k]))
        found[f"inno{k}"] = np.log1p(made.count[i, t].astype(float))
        found[f"invention{k}"] = np.log1p(made.inventions[i, t].astype(float))
        found[f"patents{k}"] = made.count[i, t].astype(float)
    return found


def many(y: str) -> str:
    return "c(" + ", ".join(f"{y}{k}" for k in range(DRAWS)) + ")"


def intervals(fits: Any, figure: str, true: dict[str, float]) -> Found:
    """The intervals of some terms of one or more fits."""
    for fit in fits if hasattr(fits, "__iter__") else [fits]:
        for row in fit.tidy().iter_rows(named=True):
            if row["term"] in true:
                name = f"{figure} ~ {row['term']}"
                yield name, true[row["term"]], row["estimate"], row["conf_low"], row["conf_high"]


def plain(data: pl.DataFrame, value: Callable[..., float]) -> Found:
    """Baseline, inventions, research, one date, placebo date, instruments, mediators."""
    total = value("inno", "treatpost")
    controls = dict(firms.CONTROLS)
    yield from intervals(
        el.ols(f"{many('inno')} ~ {FULL}", data, vcov=el.hc1()), "t2 inno", {"treatpost": total, **controls}
    )
    inventive = {"treatpost": value("invention", "treatpost")}
    yield from intervals(el.ols(f"{many('invention')} ~ {FULL}", data, vcov=el.hc1()), "t2 invention", inventive)
    single = f"{many('inno')} ~ single + {CONTROLS} | {EFFECTS}"
    yield from intervals(el.ols(single, data, vcov=el.hc1()), "t3 inno", {"single": total})
    before = data.filter(pl.col("treatpost") == 0)
    earlier = f"{many('inno')} ~ ahead + {CONTROLS} | {EFFECTS}"
    yield from intervals(el.ols(earlier, before, vcov=el.hc1()), "placebo_date inno", {"ahead": 0.0})
    yield from instruments(data, total)
    for m in ("profit", "conv", "spill"):
        a, b = value(m, "treatpost", "path"), value("inno", m, "path")
        both = el.ols(f"{many('inno')} ~ treatpost + {m} + {CONTROLS} | {EFFECTS}", data, vcov=el.hc1())
        yield from intervals(both, f"t7-t8 inno with {m}", {"treatpost": total - a * b, m: b})
    yield from intervals(el.ols(f"rd ~ {FULL}", data, vcov=el.hc1()), "t3 rd", {"treatpost": value("rd", "treatpost")})
    profit = {"treatpost": value("profit", "treatpost", "path")}
    yield from intervals(el.ols(f"profit ~ {FULL}", data, vcov=el.hc1()), "t7 profit", profit)


def instruments(data: pl.DataFrame, total: float) -> Found:
    formula = f"{many('inno')} ~ {CONTROLS} | {EFFECTS} | treatpost ~ iv1 + iv2"
    yield from intervals(el.iv(formula, data, vcov=el.hc1()), "t4 second inno", {"treatpost": total})


def uneven(data: pl.DataFrame, value: Callable[..., float]) -> Found:
    """Terciles of the firms' mean log revenue."""
    means = data.group_by("firm").agg(pl.col("income").mean())
    low, high = np.quantile(means["income"].to_numpy(), [1 / 3, 2 / 3])
    group = pl.when(pl.col("income") <= low).then(0).when(pl.col("income") <= high).then(1).otherwise(2)
    data = data.join(means.select("firm", group=group), on="firm")
    for k, name in enumerate(firms.GROUPS):
        fits = el.ols(f"{many('inno')} ~ {FULL}", data.filter(pl.col("group") == k), vcov=el.hc1())
        yield from intervals(fits, f"t6 {name} inno", {"treatpost": value("inno", "treatpost", where=name)})


def dynamic(data: pl.DataFrame, value: Callable[..., float]) -> Found:
    """Effects by time since adoption, base -1, ends binned."""
    for k in range(DRAWS):
        found = study_of_events(data, k)
        for row in found.tidy().iter_rows(named=True):
            at = row["event_time"]
            if at != -1:
                true = value("inno", "treatpost", where=f"k={at}") if at >= 0 else 0.0
                yield f"f1 event time {at}", true, row["estimate"], row["conf_low"], row["conf_high"]
        yield "f1 pre-trend test", None, found.pretrend.p_value, 0.0, 0.0


def study_of_events(data: pl.DataFrame, k: int) -> Any:
    """The event study of the study file; only Hangzhou is ever at event time 5, and a blank may empty that."""
    known = data.drop_nulls([c.strip() for c in CONTROLS.split("+")])
    last = int((known["year"] - known["cohort"]).max())
    return el.did.event_study(
        f"inno{k} ~ {CONTROLS} | {EFFECTS}", data, cohort="cohort", window=(-4, min(last, 5)), base=-1, ends="bin",
        adopts="city", unit="firm", time="year", vcov=el.hc1(),
    )  # fmt: skip


def zero(data: pl.DataFrame, value: Callable[..., float]) -> Found:
    """No effect: the interval holds zero; the permutation test where zones are dealt at random, as it supposes."""
    yield from intervals(el.ols(f"{many('inno')} ~ {FULL}", data, vcov=el.hc1()), "t2 inno", {"treatpost": 0.0})
    cities, dates = np.unique(data["city"].to_numpy()), places().adopted
    for k in range(DRAWS):
        rng = np.random.default_rng([int(data["firm"][0]), len(data), k, int(1e6 * data["inno0"].sum())])
        dealt = np.zeros(len(dates), dtype=int)
        dealt[cities] = rng.permutation(dates[cities])
        at = dealt[data["city"].to_numpy()]
        zone = ((at > 0) & (data["year"].to_numpy() >= at)).astype(float)
        batch = pl.Series(at.astype(float)).replace(0.0, None)
        found = el.placebo.permute(
            f"inno{k} ~ dealt + {CONTROLS} | {EFFECTS}", data.with_columns(dealt=pl.Series(zone), batch=batch),
            treatment="dealt", unit="city", time="year", cohort="batch", draws=99, seed=k, vcov=el.cluster("city"),
        )  # fmt: skip
        yield "f2 placebo test (t value)", None, found.p_value("t"), 0.0, 0.0
        yield "f2 placebo test (coefficient)", None, found.p_value("estimate"), 0.0, 0.0


def counts(data: pl.DataFrame, value: Callable[..., float]) -> Found:
    """Poisson regression where logs of expected counts have parallel trends; ln(1 + x) is shown."""
    total = value("inno", "treatpost")
    for k in range(DRAWS):
        fit = el.poisson(f"patents{k} ~ {FULL}", data, vcov=el.cluster("firm"))
        yield from intervals(fit, "transforms PPML", {"treatpost": total})
    logs = el.ols(f"{many('inno')} ~ {FULL}", data, vcov=el.hc1())
    yield from intervals(logs, "(shown: ln(1 + x) has no such effect) t2 inno", {"treatpost": total})


def neighbours(data: pl.DataFrame, value: Callable[..., float]) -> Found:
    """Rings around zones, all in one model."""
    rings = el.space.Rings("city", "cohort", "latitude", "longitude", width=50, to=500)
    data = el.space.exposure(data, rings, time="year")
    data = data.frame if hasattr(data, "frame") else data
    names = [f"ring_{s}" for s in range(50, 501, 50)]
    true = {f"ring_{s}": RINGS.get(s, 0.0) for s in range(50, 501, 50)} | {"treatpost": value("inno", "treatpost")}
    fits = el.ols(f"{many('inno')} ~ treatpost + {' + '.join(names)} + {CONTROLS} | {EFFECTS}", data, vcov=el.hc1())
    yield from intervals(fits, "f3 inno", true)
    alone = el.ols(f"{many('inno')} ~ {FULL}", data, vcov=el.hc1())
    yield from intervals(alone, "(shown: without rings, biased) t2 inno", {"treatpost": true["treatpost"]})


def trends(data: pl.DataFrame, value: Callable[..., float]) -> Found:
    """Adopters that grow faster: instruments are valid, least squares is shown."""
    total = value("inno", "treatpost")
    yield from instruments(data, total)
    yield from intervals(
        el.ols(f"{many('inno')} ~ {FULL}", data, vcov=el.hc1()), "(shown: biased) t2 inno", {"treatpost": total}
    )
    for k in range(2):
        yield "(shown: must reject) f1 pre-trend test", None, study_of_events(data, k).pretrend.p_value, 0.0, 0.0


def dependent(data: pl.DataFrame, value: Callable[..., float]) -> Found:
    """Errors clustered by city."""
    fits = el.ols(f"{many('inno')} ~ {FULL}", data, vcov=el.cluster("city"))
    yield from intervals(fits, "t2 inno (clustered by city)", {"treatpost": value("inno", "treatpost")})


CASES: dict[str, Callable[[pl.DataFrame, Callable[..., float]], Found]] = {
    "plain": plain,
    "uneven_effect": uneven,
    "dynamic": dynamic,
    "zero": zero,
    "counts": counts,
    "neighbours": neighbours,
    "trends": trends,
    "dependent": dependent,
}


def one(process: str, seed: int) -> dict[str, list[Any]]:
    """One design: by figure the panels, intervals that hold the truth (tests not rejected), sum of estimates, truth."""
    made, truth = market(process, seed), firm_books.truth(PROCESSES[process])
    data = sample(panel(made).with_columns(**{n: pl.Series(v) for n, v in drawn(made, seed).items()}))
    tally: dict[str, list[Any]] = defaultdict(lambda: [0, 0, 0.0, None])
    for figure, true, estimate, low, high in CASES[process](data, truth.value):
        row = tally[figure]
        row[0] += 1
        row[1] += int(estimate > 0.05) if true is None else int(low <= true <= high)
        row[2] += estimate
        row[3] = true
    return dict(tally)


def market(process: str, seed: int) -> Market:
    """A fresh draw, whose patents may be drawn anew."""
    return firms.draw.__wrapped__(seed, PROCESSES[process])


def written_out(seed: int) -> list[int]:
    """Clustered by city, by numpy: panels, and intervals that hold the truth, under `dependent`."""
    made, true = market("dependent", seed), firm_books.truth(PROCESSES["dependent"]).value("inno", "treatpost")
    data = sample(panel(made).with_columns(**{n: pl.Series(v) for n, v in drawn(made, seed).items()})).drop_nulls(
        ["kn", "wage", "roa", "ind", "tech"]
    )
    cell = (data["province"] * 10_000 + data["year"]).to_numpy()
    firm = data["firm"].to_numpy()
    names = ["treatpost", *(c.strip() for c in CONTROLS.split("+")), *(f"inno{k}" for k in range(DRAWS))]
    swept = alternate(data.select(names).to_numpy(), firm, cell)
    X, Y = swept[:, :8], swept[:, 8:]
    city = np.unique(data["city"].to_numpy(), return_inverse=True)[1]
    bread = np.linalg.inv(X.T @ X)
    B = bread @ X.T @ Y
    G, n = city.max() + 1, len(X)
    K = 8 + len(np.unique(cell))  # effects of firms lie inside cities
    factor = G / (G - 1) * (n - 1) / (n - K)
    hits = 0
    for k in range(DRAWS):
        scores = X * (Y[:, k] - X @ B[:, k])[:, None]
        sums = np.stack([np.bincount(city, s) for s in scores.T], axis=1)
        error = np.sqrt(factor * (bread @ sums.T @ sums @ bread)[0, 0])
        hits += int(abs(B[0, k] - true) <= stats.t.ppf(0.975, G - 1) * error)
    return [DRAWS, hits]


def alternate(x: np.ndarray, first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Means of two groupings taken out in turn until nothing moves."""
    groups = [np.unique(g, return_inverse=True)[1] for g in (first, second)]
    for _ in range(2_000):
        moved = 0.0
        for g in groups:
            n = np.bincount(g)
            means = np.stack([np.bincount(g, c) for c in x.T], axis=1) / n[:, None]
            x = x - means[g]
            moved = max(moved, float(np.abs(means).max()))
        if moved < 1e-10:
            break
    return x


def main() -> None:
    designs = int(sys.argv[1]) if sys.argv[1:] else DESIGNS
    record = Path(sys.argv[2] if sys.argv[2:] else "zones.jsonl")
    wanted = sys.argv[3:] or list(CASES)
    known = [json.loads(line) for line in record.read_text(encoding="utf-8").splitlines()] if record.exists() else []
    done = {(k["case"], k["seed"]) for k in known}
    with record.open("a", encoding="utf-8") as file:
        for d in range(designs):
            for case in [*wanted, *(["written_out"] if "dependent" in wanted else [])]:
                seed = (OTHER_SEED if case == "written_out" else FIRST_SEED) + d
                if (case, seed) in done:
                    continue
                begin = time.process_time()
                found = {"benchmark": written_out(seed)} if case == "written_out" else one(case, seed)
                line = {"case": case, "seed": seed, "seconds": time.process_time() - begin, "found": found}
                file.write(json.dumps(line, ensure_ascii=False) + "\n")
                file.flush()
    report([json.loads(line) for line in record.read_text(encoding="utf-8").splitlines()], wanted)


def report(lines: list[dict[str, Any]], wanted: list[str]) -> None:
    """The figures of every case as tables."""
    others = [k["found"]["benchmark"] for k in lines if k["case"] == "written_out"]
    for case in wanted:
        parts = [k["found"] for k in lines if k["case"] == case]
        print(f"### {case}\n\n| figure | panels | truth | mean estimate | coverage | benchmark | |")
        print("|---|---|---|---|---|---|---|")
        for name in dict.fromkeys(n for p in parts for n in p):
            print(_line(name, [p[name] for p in parts if name in p], others if "clustered" in name else []))
        print(f"\n{sum(k['seconds'] for k in lines if k['case'] == case):.0f} s of one processor\n", flush=True)


def _line(name: str, rows: list[list[Any]], others: list[list[int]]) -> str:
    n, hits, total = (sum(r[k] for r in rows) for k in range(3))
    true, level, spread = rows[0][3], 0.95, _spread(rows)
    if others:
        level = sum(o[1] for o in others) / sum(o[0] for o in others)
        spread = np.hypot(spread, _spread(others))
    verdict = "" if name.startswith("(shown") else "pass" if abs(hits / n - level) <= FACTOR * spread else "FAIL"
    if true is None:
        return f"| {name} | {n:,} | | | {1 - hits / n:.2%} rejected | 5.00% | {verdict} |"
    return f"| {name} | {n:,} | {true:.5g} | {total / n:.5g} | {hits / n:.2%} | {level:.2%} | {verdict} |"


def _spread(rows: list[list[Any]]) -> float:
    """Monte Carlo error of a rate: binomial at 95 per cent, or that between designs where it is larger."""
    n, hits = np.array([r[0] for r in rows], dtype=float), np.array([r[1] for r in rows], dtype=float)
    rate = hits.sum() / n.sum()
    between = np.sqrt(np.sum((hits - rate * n) ** 2)) / n.sum()
    return float(max(np.sqrt(0.05 * 0.95 / n.sum()), between))


if __name__ == "__main__":
    main()
