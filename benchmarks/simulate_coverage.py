"""Coverage of 95 per cent intervals over simulated panels, for the estimates that the methods make unbiased.

    python benchmarks/simulate_coverage.py [DRAWS] [WORKERS] [CASE ...]

The studies `wage_share` and `migration` go their whole way, from raw columns through the formulas of their study files
to intervals, on 2,000 panels of each process. The seeds are 1,000,000 to 1,001,999, fixed before the first run. A
figure passes within 3.5 Monte Carlo standard errors of 95 per cent; a test whose null hypothesis is true passes within
as many of 5 per cent. `el.cluster` with few clusters is known to cover too rarely: its benchmark is the rate of another
implementation, in this file, on the panels of 2,000 other seeds.
"""

from __future__ import annotations

import copy
import re
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Mapping
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from scipy import stats

import econloom as el
from econloom.panel import comparisons
from econloom.simulate import PROCESSES, cities, delta
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

    @property
    def name(self) -> str:
        kind = self.vcov if isinstance(self.vcov, str) else "-".join(f"{k}-{v}" for k, v in self.vcov.items())
        return f"{self.study}-{self.process}-{kind}"


CASES = (
    Case("wage_share", "plain", "iid", ("t2", "t3", "paths", "bias", "t6", "t7", "t8")),
    Case("wage_share", "zero", "iid", ("t2", "t8", "paths")),
    Case("wage_share", "endogenous", "iid", ("t2",)),
    Case("wage_share", "uneven_effect", "iid", ("t6",)),
    Case("wage_share", "dependent", {"cr2": "province"}, ("baseline_full",)),
    Case("wage_share", "dependent", {"cluster": "province"}, ("baseline_full", "iv"), few="province"),
    Case("migration", "plain", "iid", ("baseline", "exogeneity", "heterogeneity")),
    Case("migration", "zero", "iid", ("baseline", "exogeneity", "heterogeneity")),
    Case("migration", "free_effects", "iid", ("baseline",)),
    Case("migration", "structure", "iid", ("mechanism",)),
    Case("migration", "innovation", "iid", ("mechanism",)),
    Case("migration", "consumption", "iid", ("mechanism",)),
    Case("migration", "uneven_effect", "iid", ("heterogeneity",)),
    Case("migration", "dependent", {"cr2": "city"}, ("fixed",)),
    Case("migration", "dependent", {"cluster": "city"}, ("fixed",), few="city"),
)


def prepared(case: Case) -> Any:
    """The study with nothing but what the case needs."""
    data = copy.deepcopy(dict(document.read(STUDIES / case.study).data))
    data["versions"] = {}
    data["tables"] = {t: EXTRA[t] if t in EXTRA else data["tables"][t] for t in case.tables}
    data["defaults"] |= {"vcov": case.vcov}
    data["defaults"] |= {"ssc": "fixest"} if "cr2" in case.vcov or "cluster" in case.vcov else {}
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
        text += repr(data["variables"])
        recipes = {n for n, v in data["variables"].items() if isinstance(v, str) or "formula" in v}
        idle = [n for n in recipes if len(re.findall(rf"\b{n}\b", text)) < 2]
        if not idle:
            break
        data["variables"] = {n: v for n, v in data["variables"].items() if n not in idle}
    if not _by(data):
        data["samples"] = {}
    if "inequality" in data.get("panels", {}) and "gini ~" not in repr(data["tables"]):
        city = data["panels"]["city"]
        city["join"] = [j for j in city["join"] if "inequality" not in j]
        data["panels"] = {"city": city}
        data["sources"] = {n: s for n, s in data["sources"].items() if n != "incomes"}


def _by(data: Mapping[str, Any]) -> bool:
    return "'by'" in repr(data["tables"]) or "'sample'" in repr(data["tables"])


class Replay:
    """A plan that is done again with other seeds."""

    def __init__(self, case: Case) -> None:
        study = prepared(case)
        plan = study.plan()
        assert not plan.planned, plan.planned
        facts = {f.digest: f for version in study.facts.values() for f in version.values()}
        self.context = steps.Context(facts, lambda done, total: None)
        self.steps = [s for s in plan.select() if s.kind != "table"]
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
            for part in table.inputs:
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
                where = {"大城市": "large", "其他城市": "others"}.get(group)
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


def one(work: tuple[Case, range]) -> tuple[dict[str, Any], float]:
    """Some seeds of one case: counts by figure."""
    case, seeds = work
    begin = time.perf_counter()
    replay = Replay(case)
    simulator = "city_yearbook" if case.study == "wage_share" else "delta_yearbook"
    truth = el.simulate.draw(simulator, 1, case.process).truth
    assert truth is not None
    target = targets(case, truth)
    found: dict[str, Any] = defaultdict(lambda: [0, 0, 0.0, 0.0, 0.0, ""])
    for seed in seeds:
        for table, (fits, models) in replay.draw(seed).items():
            for number, model in enumerate(models, 1):
                for c in model.coefficients:
                    true = target(table, number, model, c.term)
                    if true is not None:
                        group = str(model.extra.get("group", ""))
                        head = group or f"c{number}"
                        stage = f"{model.stage} " if model.stage in {"first", "second"} else ""
                        tally = found[f"{table} {head} {stage}{model.outcome} ~ {c.term}"]
                        tally[0] += 1
                        tally[1] += c.conf_low <= true <= c.conf_high
                        tally[2] += c.estimate
                        tally[3] += c.estimate**2
                        tally[4], tally[5] = true, excused(case, table, number, model, c.term)
            for name, p_value in _tests(case, table, fits, models):
                tally = found[name]
                tally[0] += 1
                tally[1] += p_value > 0.05
                tally[5] = _test_excused(case, name)
    return dict(found), time.perf_counter() - begin


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


def few_clusters(work: tuple[Case, range]) -> dict[str, tuple[int, int]]:
    """Least squares and, in `wage_share`, 2SLS with effects swept out, CR1 with t(G - 1), written out.

    By figure: draws, and intervals that hold the truth.
    """
    case, seeds = work
    replay = Replay(case)
    wage = case.study == "wage_share"
    y, x, controls = ("wage", "trade", cities.CONTROLS) if wage else ("y", "mig", delta.CONTROLS)
    effects, extra = (("city", "year"), ("z",)) if wage else (("city",), ())
    truth = el.simulate.draw("city_yearbook" if wage else "delta_yearbook", 1, case.process).truth
    assert truth is not None
    true = np.array([truth.value(y, x), *controls.values()])
    hits: dict[str, Any] = defaultdict(lambda: np.zeros(2, dtype=int))
    for seed in seeds:
        names = dict.fromkeys((y, x, *controls, *extra, "city", "year", case.few))
        frame = _panel(replay, seed).select(*names).drop_nulls()
        codes = [np.unique(frame[e].to_numpy(), return_inverse=True)[1] for e in effects]
        data = _swept(frame.select(y, x, *controls, *extra).to_numpy(), codes)
        clusters = np.unique(frame[case.few].to_numpy(), return_inverse=True)[1]
        k = len(true)
        X = data[:, 1 : k + 1]
        for term, hit in zip((x, *controls), _covers(data[:, 0], X, X, clusters, codes, true), strict=True):
            hits[f"{y} ~ {term}"] += (1, hit)
        if wage:
            Z = np.column_stack([data[:, -1], X[:, 1:]])
            hits["second wage ~ trade"] += (1, _covers(data[:, 0], X, Z, clusters, codes, true)[0])
    return {n: (int(v[0]), int(v[1])) for n, v in hits.items()}


def _panel(replay: Replay, seed: int) -> Any:
    """The prepared panel of a draw, in the span."""
    values: dict[str, Any] = {}
    for step in replay.steps:
        if step.kind == "estimate":
            first = 2005
            return values[step.inputs[0]].frame.filter(values[step.inputs[0]].frame["year"] >= first)
        own = replace(step, params={**step.params, "seed": seed}) if step.kind == "simulate" else step
        values[step.digest] = steps.perform(own, [values[i] for i in step.inputs], replay.context)
    raise AssertionError


def _swept(data: np.ndarray, codes: list[np.ndarray]) -> np.ndarray:
    """Effects taken out by alternating means, to 1e-10."""
    data = data - data.mean(axis=0)
    while True:
        before = data.copy()
        for c in codes:
            n = np.bincount(c)
            means = np.stack([np.bincount(c, column) for column in data.T], axis=1) / n[:, None]
            data = data - means[c]
        if len(codes) == 1 or np.abs(data - before).max() < 1e-10 * np.abs(data).max():
            return data


def _covers(
    y: np.ndarray, X: np.ndarray, Z: np.ndarray, clusters: np.ndarray, codes: list[np.ndarray], true: np.ndarray
) -> np.ndarray:
    """Which intervals hold the truth; instruments Z, as many as regressors."""
    bread = np.linalg.inv(Z.T @ X)
    b = bread @ Z.T @ y
    scores = Z * (y - X @ b)[:, None]
    G, n = clusters.max() + 1, len(y)
    sums = np.stack([np.bincount(clusters, s) for s in scores.T], axis=1)
    years = 0 if len(codes) == 1 else codes[1].max()  # effects of cities lie inside the clusters and do not count
    factor = G / (G - 1) * (n - 1) / (n - X.shape[1] - 1 - years)
    error = np.sqrt(factor * np.diag(bread @ sums.T @ sums @ bread.T))
    return np.abs(b - true) <= stats.t.ppf(0.975, G - 1) * error


def chunks(first: int, draws: int, workers: int) -> list[range]:
    size = -(-draws // (4 * workers))
    return [range(s, min(s + size, first + draws)) for s in range(first, first + draws, size)]


def main() -> None:
    draws = int(sys.argv[1]) if sys.argv[1:] else DRAWS
    workers = int(sys.argv[2]) if sys.argv[2:] else 2
    wanted = sys.argv[3:] or [c.name for c in CASES]
    with ProcessPoolExecutor(workers) as pool:
        for case in (c for c in CASES if c.name in wanted):
            parts = list(pool.map(one, [(case, part) for part in chunks(FIRST_SEED, draws, workers)]))
            known: dict[str, float] = {}
            if case.few:
                others = list(pool.map(few_clusters, [(case, part) for part in chunks(OTHER_SEED, draws, workers)]))
                known = {n: sum(o[n][1] for o in others) / sum(o[n][0] for o in others) for n in others[0]}
            report(case, [p[0] for p in parts], known, draws)
            print(f"<!-- {case.name}: {sum(p[1] for p in parts):.0f} s -->\n", flush=True)


def report(case: Case, parts: list[dict[str, Any]], known: Mapping[str, float], draws: int) -> None:
    print(f"**{case.name}** ({draws:,} panels)\n")
    print("| figure | truth | mean estimate | coverage | benchmark | |\n|---|---|---|---|---|---|")
    for name in dict.fromkeys(n for p in parts for n in p):
        tallies = [p[name] for p in parts if name in p]
        n, hits, total = (sum(t[k] for t in tallies) for k in range(3))
        true, excuse = tallies[0][4], tallies[0][5]
        figure = name.split(" ", 2)[2]
        wanted = known.get(figure, 0.95)
        if case.few and figure not in known:
            excuse = "no benchmark"
        spread = np.sqrt(wanted * (1 - wanted) * (1 / n + (1 / draws if case.few else 0)))
        verdict = excuse or ("pass" if abs(hits / n - wanted) <= FACTOR * spread else "FAIL")
        is_test = "test" in name
        shown = "" if is_test else f"{true:.5g}"
        mean = "" if is_test else f"{total / n:.5g}"
        held = f"{1 - hits / n:.2%} rejected" if is_test else f"{hits / n:.2%}"
        aim = f"{1 - wanted:.2%}" if is_test else f"{wanted:.2%}"
        print(f"| {name} | {shown} | {mean} | {held} | {aim} | {verdict} |")
    print()


if __name__ == "__main__":
    main()
