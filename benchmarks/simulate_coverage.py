"""Coverage of 95 per cent intervals over simulated panels, for the estimates that the methods make unbiased.

    python benchmarks/simulate_coverage.py [DRAWS] [WORKERS] [RECORD.jsonl] [CASE ...]

The intervals of the studies `wage_share` and `migration`, from raw columns through the formulas of their study files,
on 2,000 panels of each process. Under independent errors numpy alone computes them (`coverage_fast.py`), compared with
the studies' own, to 1e-8, on the first panel of every hundred; under others the studies compute them. The seeds are
1,000,000 to 1,001,999, fixed before the first run. A figure passes within 3.5 Monte Carlo standard errors of 95 per
cent; a test whose null hypothesis is true passes within as many of 5 per cent. `el.cluster` with few clusters is known
to cover too rarely: its benchmark is the rate of another implementation, in this file, on the panels of 2,000 other
seeds. The record keeps what is done: run again, the script goes on.
"""

from __future__ import annotations

import copy
import json
import re
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Mapping
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

import coverage_fast
import numpy as np
from coverage_fast import FAST
from scipy import stats

import econloom as el
from econloom.panel import comparisons
from econloom.simulate import PROCESSES, cities, delta
from econloom.simulate.register import register
from econloom.simulate.truth import Truth
from econloom.study import document, estimates, steps

DRAWS, FIRST_SEED, OTHER_SEED, FACTOR = 2_000, 1_000_000, 2_000_000, 3.5
STUDIES = Path(__file__).resolve().parents[1] / "studies"
MEDIATORS = ("laborempl", "capempl", "techempl", "rd", "hlh_theil")
FULL, DELTA = "wage ~ trade + $controls | city + year", "y ~ mig + $controls | city"
EXTRA: Mapping[str, Any] = {  # tables that are no table of a study by themselves
    "baseline_full": {"title": "b", "columns": [FULL]},
    "iv": {"title": "iv", "columns": [{"formula": "wage ~ $controls | city + year | trade ~ z"}]},
    "paths": {
        "title": "paths",
        "columns": [f"{m} ~ trade + $controls | city + year" for m in MEDIATORS]
        + [f"wage ~ trade + {m} + $controls | city + year" for m in MEDIATORS],
    },
    "fixed": {"title": "fixed", "columns": [DELTA]},
}


@dataclass(frozen=True)
class Case:
    """One process of one study under one covariance, with the tables to judge."""

    study: str
    process: str
    vcov: Any
    tables: tuple[str, ...]
    few: str = ""  # clusters of the implementation in this file, which then is the benchmark
    fast: bool = True  # by numpy, compared with the study's own on the first panel of a block

    @property
    def name(self) -> str:
        kind = self.vcov if isinstance(self.vcov, str) else "-".join(f"{k}-{v}" for k, v in self.vcov.items())
        return f"{self.study}-{self.process}-{kind}-{self.tables[0]}"


EVERYTHING = ("t2", "t3", "paths", "bias", "t6", "t6_rank", "t7", "t7_strategies", "t8")
CASES = (
    Case("wage_share", "plain", "iid", EVERYTHING),
    Case("wage_share", "dependent", {"cluster": "home"}, ("baseline_full", "iv"), few="home"),
    Case("wage_share", "zero", "iid", ("baseline_full", "iv", "paths", "t8")),
    Case("wage_share", "endogenous", "iid", ("baseline_full", "iv")),
    Case("wage_share", "uneven_effect", "iid", ("t6",)),
    Case("migration", "plain", "iid", ("baseline", "heterogeneity")),
    Case("migration", "dependent", {"cluster": "city"}, ("fixed",), few="city"),
    Case("migration", "zero", "iid", ("fixed", "heterogeneity")),
    Case("migration", "free_effects", "iid", ("baseline", "exogeneity"), fast=False),
    Case("migration", "structure", "iid", ("mechanism",)),
    Case("migration", "innovation", "iid", ("mechanism",)),
    Case("migration", "consumption", "iid", ("mechanism",)),
    Case("migration", "uneven_effect", "iid", ("heterogeneity",)),
)
BLOCK = 100  # seeds of one piece of work


def prepared(case: Case) -> Any:
    """The study with nothing but what the case needs."""
    data = copy.deepcopy(dict(document.read(STUDIES / case.study).data))
    data["versions"] = {}
    data["tables"] = {t: EXTRA[t] if t in EXTRA else data["tables"][t] for t in case.tables}
    data["defaults"] |= {"vcov": case.vcov}
    data["defaults"] |= {"ssc": "fixest"} if case.few else {}
    for source in data["sources"].values():
        if "process" in source:
            source["process"] = case.process
    for table in data["tables"].values():
        table.pop("compare", None)
        table.pop("rows", None)
    if "t3" in data["tables"]:  # winsorised and trimmed columns estimate another number
        data["tables"]["t3"]["columns"] = [c for c in data["tables"]["t3"]["columns"] if "prepare" not in c]
    _prune(data)
    return el.study(data, STUDIES / case.study)


def _prune(data: dict[str, Any]) -> None:
    """Take out variables, splits and joins of panels that no table needs."""
    used = {s for t in data["tables"].values() for s in t.get("over", ())}
    if "splits" in data:
        data["splits"] = {n: s for n, s in data["splits"].items() if n in used}
    while True:
        text = repr([data["tables"], data.get("macros"), data.get("samples") if _by(data) else "", data.get("splits")])
        text += repr(data["variables"]) + repr(data["defaults"])
        recipes = {n for n, v in data["variables"].items() if isinstance(v, str) or "formula" in v}
        idle = [n for n in recipes if len(re.findall(rf"\b{n}\b", text)) < 2]
        if not idle:
            break
        data["variables"] = {n: v for n, v in data["variables"].items() if n not in idle}
    if not _by(data):
        data["samples"] = {}
    if "panels" in data:
        idle = {"stock"} if "gini ~" in repr(data["tables"]) else {"stock", "person", "inequality"}
        city = data["panels"]["city"]
        city["join"] = [j for j in city["join"] if not idle & set(j)]
        data["panels"] = {n: p for n, p in data["panels"].items() if n not in idle}
        if "inequality" in idle:
            data["sources"] = {n: s for n, s in data["sources"].items() if n != "incomes"}
            data["variables"].pop("gini")


def _by(data: Mapping[str, Any]) -> bool:
    return "'by'" in repr(data["tables"]) or "'sample'" in repr(data["tables"])


class Replay:
    """A plan that is done again with other seeds."""

    def __init__(self, case: Case) -> None:
        study = prepared(case)
        plan = study.plan()
        facts = {f.digest: f for version in study.facts.values() for f in version.values()}
        self.context = steps.Context(facts, lambda done, total: None)
        self.steps = [s for s in plan.select() if s.kind not in {"table", "differences"}]
        self.tables = {
            t: next(s for s in plan.steps if s.digest == d) for t, d in plan.outputs["default"].tables.items()
        }

    def draw(self, seed: int) -> dict[str, tuple[dict[str, Any], list[Any]]]:
        """By table: its fits, and its models as tidy rows."""
        values: dict[str, Any] = {}
        for step in self.steps:
            own = replace(step, params={**step.params, "seed": seed}) if step.kind == "simulate" else step
            values[step.digest] = steps.perform(own, [values[i] for i in step.inputs], self.context)
        made = {}
        for name, table in self.tables.items():
            fits: dict[str, Any] = {}
            for part in (p for p in table.inputs if p in values):
                fits |= values[part]
            made[name] = (fits, [estimates.tidy(fits, c) for c in table.params["columns"]])
        return made


def targets(case: Case, truth: Truth) -> Callable[[str, int, Any, str], float | None]:
    """What a coefficient estimates where its method is unbiased; None where it is not, or is not judged."""
    return _wage_target(case, truth) if case.study == "wage_share" else _delta_target(case, truth)


def _wage_target(case: Case, truth: Truth) -> Callable[[str, int, Any, str], float | None]:
    def target(table: str, number: int, model: Any, term: str) -> float | None:
        outcome, group = model.outcome, str(model.extra.get("group", ""))
        if model.stage == "first":
            return truth.value("trade", "z", "first_stage") if term == "z" else None
        if term == "trade":
            if table == "paths":
                return _path_target(truth, outcome, number)
            if outcome == "gapwage":  # the mean of the others is the mean less 1/N of the own: N/(N-1), N about 250
                return truth.value("gapwage", "trade") * 1.004
            if outcome == "wage" and case.process == "uneven_effect":
                return truth.value("wage", "trade", where=group) if group in cities.DIRECT else None
            return truth.value(outcome, "trade", "total" if outcome in {"wage", "gini"} else "path")
        if outcome == "wage" and term in cities.CONTROLS and table == "t2" and number == 6:
            return cities.CONTROLS[term]
        if table == "paths" and term == MEDIATORS[(number - 1) % 5]:
            return truth.value("wage", term, "path")
        return truth.value("rd", "mpk") if (outcome, term) == ("rd", "mpk") else None

    return target


def _path_target(truth: Truth, outcome: str, number: int) -> float:
    """a in the mediator's own column; c - ab where the mediator is held fixed."""
    if outcome != "wage":
        return truth.value(outcome, "trade", "path")
    m = MEDIATORS[(number - 1) % 5]
    return truth.value("wage", "trade") - truth.value(m, "trade", "path") * truth.value("wage", m, "path")


def _delta_target(case: Case, truth: Truth) -> Callable[[str, int, Any, str], float | None]:
    moderated = PROCESSES[case.process].moderators

    def target(table: str, number: int, model: Any, term: str) -> float | None:
        if table == "mechanism":
            name = ("str", "tec", "cos")[number - 1]
            if name not in moderated:
                return None
            if term == "mig":
                return truth.value("y", "mig", "at zero")
            return truth.value("y", term, "moderation") if term in {name, f"mig:{name}"} else None
        if term == "mig":
            if case.process == "uneven_effect":
                group = str(model.extra.get("group", ""))
                where = {"large: 500万以上 over 5 million": "large", "large: 其他 others": "others"}.get(group)
                return truth.value("y", "mig", where=where) if where else None
            return truth.value("y", "mig")
        wanted = table in {"baseline", "fixed"} and number == (1 if table == "fixed" else 3)
        return delta.CONTROLS[term] if wanted and term in delta.CONTROLS else None

    return target


def excused(case: Case, table: str, number: int, model: Any, term: str) -> str:
    """Why a figure is not held to 95 per cent, or nothing."""
    if case.study == "wage_share":
        stage = model.stage
        if case.process == "endogenous" and stage not in {"first", "second"} and term == "trade":
            return "endogenous: least squares is biased"
        return ""
    if table == "baseline" and number == 1:
        return "pooled: effects of cities are left in the error"
    if table == "baseline" and number == 2 and case.process != "free_effects":
        return "random effects that go with the regressors: biased"
    return ""


@cache
def replay_of(case_name: str) -> Replay:
    return Replay(next(c for c in CASES if c.name == case_name))


def truth_of(case: Case) -> Truth:
    simulator = "city_yearbook" if case.study == "wage_share" else "delta_yearbook"
    truth = el.simulate.draw(simulator, 1, case.process).truth
    assert truth is not None
    return truth


def one(case: Case, seeds: range) -> dict[str, list[Any]]:
    """Some seeds of one case: by figure the draws, the intervals that hold the truth, the sum of the estimates."""
    target = targets(case, truth_of(case))
    found: dict[str, list[Any]] = defaultdict(lambda: [0, 0, 0.0, 0.0, ""])
    if not case.fast or case.few:
        for seed in seeds:
            rows, tests = own_way(case, seed)
            _count(case, target, rows, found)
            for name, p_value in tests:
                tally = found[name]
                tally[0] += 1
                tally[1] += int(p_value > 0.05)
                tally[4] = _test_excused(case, name)
        return dict(found)
    shown = {r.figure: r for r in own_way(case, seeds[0])[0]}
    for seed in seeds:
        quick = FAST[case.study](seed, case.process, case.tables)
        if seed == seeds[0]:
            _compare(case, quick, shown)
        _count(case, target, [replace(shown[n], numbers=v) for n, v in quick.items()], found)
    return dict(found)


@dataclass(frozen=True)
class Row:
    """One coefficient of one panel: where it stands, and estimate, low, high."""

    figure: str
    table: str
    number: int
    model: Any
    term: str
    numbers: tuple[float, float, float]


def own_way(case: Case, seed: int) -> tuple[list[Row], list[tuple[str, float]]]:
    """A panel through the study's formulas and models: all coefficients, and tests whose null hypothesis is true."""
    rows, tests = [], []
    for table, (fits, models) in replay_of(case.name).draw(seed).items():
        for number, model in enumerate(models, 1):
            head = str(model.extra.get("group", "")) or f"c{number}"
            stage = f"{model.stage} " if model.stage in {"first", "second"} else ""
            for label, coefficients in _intervals(case, fits, table, model):
                for c in coefficients:
                    figure = f"{table} {head} {stage}{model.outcome} ~ {c.term}{label}"
                    rows.append(Row(figure, table, number, model, c.term, (c.estimate, c.conf_low, c.conf_high)))
        tests += _tests(case, table, fits, models)
    return rows, tests


def _count(case: Case, target: Any, rows: list[Row], found: dict[str, list[Any]]) -> None:
    for row in rows:
        true = target(row.table, row.number, row.model, row.term)
        if true is None:
            continue
        estimate, low, high = row.numbers
        tally = found[row.figure]
        tally[0] += 1
        tally[1] += int(low <= true <= high)
        tally[2] += estimate
        tally[3], tally[4] = true, excused(case, row.table, row.number, row.model, row.term)


def _compare(case: Case, quick: Mapping[str, tuple[float, float, float]], shown: Mapping[str, Row]) -> None:
    """Stop where the quick numbers are not those of the study."""
    for name, numbers in quick.items():
        if not np.allclose(numbers, shown[name].numbers, rtol=1e-8, atol=1e-12):
            raise AssertionError(f"{case.name} {name}: {numbers} by numpy, {shown[name].numbers} by the study")


def _intervals(case: Case, fits: Mapping[str, Any], table: str, model: Any) -> list[tuple[str, Any]]:
    """The coefficients of a model, and with few clusters those under CR2, too."""
    shown = [("", model.coefficients)]
    if case.few and table in {"baseline_full", "fixed"}:
        cr2 = next(iter(f for f in fits.values() if not f.request.model.endogenous)).with_vcov(el.cr2(case.few))
        shown.append((" (CR2)", cr2.summary.coefficients))
    return shown


def _tests(case: Case, table: str, fits: Mapping[str, Any], models: list[Any]) -> list[tuple[str, float]]:
    """P values of tests whose null hypothesis is true."""
    made = list(fits.values())
    if case.study == "migration" and table == "exogeneity":
        return [("exogeneity test", f.tests["endogeneity"].p_value) for f in made if "endogeneity" in f.tests]
    if case.study == "migration" and table == "baseline":
        fe = next(f for f in made if f.request.model.effects)
        re_ = next(f for f in made if getattr(f, "components", None) is not None)
        found = [("Hausman test (efficient)", comparisons.hausman(fe, re_, errors="efficient"))]
        found.append(("Hausman test (Mundlak)", comparisons.hausman(fe, re_, form="mundlak")))
        return [(n, t.p_value) for n, t in found if hasattr(t, "p_value")]
    return []


def _test_excused(case: Case, name: str) -> str:
    if "Hausman" in name and case.process != "free_effects":
        return "effects go with the regressors: it must reject"
    return ""


def few_clusters(case: Case, seeds: range) -> dict[str, list[Any]]:
    """Least squares and, in `wage_share`, 2SLS by numpy, CR1 with t(G - 1), written out.

    By figure: draws, and intervals that hold the truth.
    """
    truth, wage = truth_of(case), case.study == "wage_share"
    y, x, controls = ("wage", "trade", cities.CONTROLS) if wage else ("y", "mig", delta.CONTROLS)
    true = np.array([truth.value(y, x), *controls.values()])
    hits: dict[str, Any] = defaultdict(lambda: np.zeros(2, dtype=int))
    for seed in seeds:
        draw = (lambda *a: coverage_fast.wage_columns(*a)[0]) if wage else coverage_fast.delta_rows
        columns = draw(seed, case.process)
        names = [y, x, *controls, *(["z"] if wage else [])]
        swept = coverage_fast.Within(columns, names, np.ones(len(columns["city"]), dtype=bool), years=wage)
        X = np.stack([swept.at[n] for n in (x, *controls)], axis=1)
        clusters = register().province_code[swept.city] if wage else swept.city
        years = 17 if wage else 0  # effects of cities lie inside the clusters and do not count
        for term, hit in zip((x, *controls), _covers(swept.at[y], X, X, clusters, years, true), strict=True):
            hits[f"{y} ~ {term}"] += (1, hit)
        if wage:
            Z = np.column_stack([swept.at["z"], X[:, 1:]])
            hits["second wage ~ trade"] += (1, _covers(swept.at[y], X, Z, clusters, years, true)[0])
    return {n: [int(v[0]), int(v[1])] for n, v in hits.items()}


def _covers(
    y: np.ndarray, X: np.ndarray, Z: np.ndarray, clusters: np.ndarray, years: int, true: np.ndarray
) -> np.ndarray:
    """Which intervals hold the truth; instruments Z, as many as regressors."""
    bread = np.linalg.inv(Z.T @ X)
    b = bread @ Z.T @ y
    scores = Z * (y - X @ b)[:, None]
    G, n = clusters.max() + 1, len(y)
    sums = np.stack([np.bincount(clusters, s) for s in scores.T], axis=1)
    factor = G / (G - 1) * (n - 1) / (n - X.shape[1] - 1 - years)
    error = np.sqrt(factor * np.diag(bread @ sums.T @ sums @ bread.T))
    return np.abs(b - true) <= stats.t.ppf(0.975, G - 1) * error


def piece(work: tuple[str, int, int, bool]) -> str:
    """One line of the record: some seeds of a case, or of its benchmark."""
    name, first, count, benchmark = work
    case = next(c for c in CASES if c.name == name)
    begin = time.process_time()
    seeds = range(first, first + count)
    found = few_clusters(case, seeds) if benchmark else one(case, seeds)
    line = {
        "case": name,
        "benchmark": benchmark,
        "first": first,
        "seconds": time.process_time() - begin,
        "found": found,
    }
    return json.dumps(line, ensure_ascii=False)


def main() -> None:
    draws = int(sys.argv[1]) if sys.argv[1:] else DRAWS
    workers = int(sys.argv[2]) if sys.argv[2:] else 2
    record = Path(sys.argv[3] if sys.argv[3:] else "coverage.jsonl")
    wanted = [c for c in CASES if not sys.argv[4:] or c.name in sys.argv[4:]]
    known = [json.loads(line) for line in record.read_text(encoding="utf-8").splitlines()] if record.exists() else []
    done = {(k["case"], k["first"], k["benchmark"]) for k in known}
    work = []
    for start in range(0, draws, BLOCK):  # all cases move on together, so that a run cut short is balanced
        for case in wanted:
            count = min(BLOCK, draws - start)
            work.append((case.name, FIRST_SEED + start, count, False))
            work += [(case.name, OTHER_SEED + start, count, True)] if case.few else []
    work = [w for w in work if (w[0], w[1], w[3]) not in done]
    with ProcessPoolExecutor(workers) as pool, record.open("a", encoding="utf-8") as file:
        for line in pool.map(piece, work):
            file.write(line + "\n")
            file.flush()
    lines = [json.loads(line) for line in record.read_text(encoding="utf-8").splitlines()]
    for case in wanted:
        report(case, [k for k in lines if k["case"] == case.name])


def report(case: Case, lines: list[dict[str, Any]]) -> None:
    """The figures of a case as a table."""
    parts = [k["found"] for k in lines if not k["benchmark"]]
    others = [k["found"] for k in lines if k["benchmark"]]
    known = {n: (sum(o[n][1] for o in others), sum(o[n][0] for o in others)) for n in (others[0] if others else ())}
    print(f"### {case.name}\n")
    print("| figure | panels | truth | mean estimate | coverage | benchmark | |\n|---|---|---|---|---|---|---|")
    for name in dict.fromkeys(n for p in parts for n in p):
        tallies = [p[name] for p in parts if name in p]
        n, hits, total = (sum(t[k] for t in tallies) for k in range(3))
        true, excuse = tallies[0][3], tallies[0][4]
        wanted, extra = 0.95, 0.0
        if case.few and "(CR2)" not in name:
            held, drawn = known.get(name.split(" ", 2)[2], (0, 0))
            excuse = excuse if drawn else "no benchmark"
            wanted, extra = (held / drawn, 1 / drawn) if drawn else (0.95, 0.0)
        spread = np.sqrt(wanted * (1 - wanted) * (1 / n + extra))
        verdict = excuse or ("pass" if abs(hits / n - wanted) <= FACTOR * spread else "FAIL")
        if "test" in name:
            print(f"| {name} | {n:,} | | | {1 - hits / n:.2%} rejected | {1 - wanted:.2%} | {verdict} |")
        else:
            print(f"| {name} | {n:,} | {true:.5g} | {total / n:.5g} | {hits / n:.2%} | {wanted:.2%} | {verdict} |")
    print(f"\n{sum(k['seconds'] for k in lines):.0f} s of one processor\n", flush=True)


if __name__ == "__main__":
    main()
