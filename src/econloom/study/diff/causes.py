"""Why numbers of two runs differ: the root differences upstream of what made them, and nothing else."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from econloom.core.labels import Label
from econloom.study.diff.graph import READING, Graph, Step, words, words_of
from econloom.study.diff.written import Written, shown, terms_changed, value_at

Kind = Literal["parameter", "settings", "rows", "data", "seed", "code", "libraries", "unknown"]
_LOOKS = {
    "title", "notes", "labels", "preset", "preset_digest", "show", "digits", "row_digits", "groups", "over_groups",
    "panels", "controls", "order", "names", "head", "id", "input", "key", "table", "stars",
}  # fmt: skip
_SETTINGS = {"vcov", "ssc", "weights", "estimator", "options", "scale"}
_PANELS = {"panel", "panels"}
_ROWS = {"start", "drop", "balance", "aggregate", "keys", "split", "match", "matched", "prepare", "dates"}
_BEFORE = {"variable", "attach", "measure", "shared", "join", "range", "estimate", *READING}


@dataclass(frozen=True)
class Cause:
    """A root difference between two runs.

    Attributes
    ----------
    kind : str
        ``parameter`` of a model, variable or sample; ``settings`` of errors and estimators; ``rows``; ``data``;
        ``seed``; ``code``; ``libraries``; ``unknown``.
    name : str
        What differs: ``formula of t3.c3: without lnPOP``, ``source wdi: other data``.
    before, after : str or None
        The texts that differ.
    places : tuple of str
        Where in the study file: ``macros.controls study.yaml:75 -> study.yaml:75``.
    detail : tuple of Label
        Such as the rows of a source that differ.
    chinese : str or None
        Its name in Chinese.
    """

    kind: Kind
    name: str
    before: str | None = None
    after: str | None = None
    places: tuple[str, ...] = ()
    detail: tuple[Label, ...] = ()
    chinese: str | None = None

    @property
    def label(self) -> Label:
        """Its name in both languages."""
        return Label(zh=self.chinese, en=self.name)

    def to_dict(self) -> dict[str, Any]:
        """As JSON-ready values."""
        return {"kind": self.kind, "name": self.name, "before": self.before, "after": self.after,
                "places": list(self.places), "detail": [d.text("en") for d in self.detail]}  # fmt: skip


@dataclass
class Roots:
    """Finds root differences of two runs' graphs.

    Attributes
    ----------
    first, second : Graph
    written : Written
        What differs between the two study files.
    """

    first: Graph
    second: Graph
    written: Written
    _of_tables: dict[tuple[str, ...], tuple[Cause, ...]] = field(default_factory=dict)

    def of_models(
        self, version: str, table: str, pair: tuple[Step, Step], models: tuple[Mapping[str, Any], Mapping[str, Any]],
        estimates: tuple[Step, Step],
    ) -> tuple[Cause, ...]:  # fmt: skip
        """Of one model of two tables: its own parameters, its variables, its rows, its sources."""
        own = list(self._model(version, table, *models, *estimates))
        start = [
            words_of([_own(m)]) | words(e["params"].get("samples", {})) for m, e in zip(models, estimates, strict=True)
        ]
        digests = [[str(e["digest"])] for e in estimates]
        felt = [g.felt(t, s, d) for g, t, s, d in zip((self.first, self.second), pair, start, digests, strict=True)]
        return tuple(
            dict.fromkeys([*own, *self._upstream(version, felt[0].names & felt[1].names, felt[0].steps, felt[1].steps)])
        )

    def of_tables(self, version: str, table: str, pair: tuple[Step, Step]) -> tuple[Cause, ...]:
        """Of all numbers of two tables together."""
        key = (version, table, str(pair[0]["digest"]), str(pair[1]["digest"]))
        if key not in self._of_tables:
            self._of_tables[key] = tuple(dict.fromkeys(self._table(version, table, pair)))
        return self._of_tables[key]

    def stars(self, version: str, table: str, pair: tuple[Step, Step]) -> tuple[Cause, ...]:
        """Other cut-offs."""
        old, new = (p["params"].get("stars") for p in pair)
        if old == new:
            return ()
        places = self.written.places(version, [("tables", table, "stars"), ("defaults", "stars")])
        return (Cause("settings", "cut-offs of the stars", shown(old), shown(new), places, chinese="星号的界限"),)

    def _table(self, version: str, table: str, pair: tuple[Step, Step]) -> Iterator[Cause]:
        models = [g.models(t) for g, t in zip((self.first, self.second), pair, strict=True)]
        keys = [list(m) for m in models]
        order = _matched([models[0][k][0] for k in keys[0]], [models[1][k][0] for k in keys[1]])
        for i, j in order:
            (a, e), (b, f) = models[0][keys[0][i]], models[1][keys[1][j]]
            yield from self._model(version, table, a, b, e, f)
        for path, old, new in _leaves(pair[0]["params"], pair[1]["params"]):
            if path[0] == "span" and (span := self._span()) is not None:
                yield span
                continue
            name = f"{table}: {'.'.join(map(str, path))}"
            seed = path[-1:] == ("seed",)
            prefixes = [("tables", table), ("figures", table), *self.written.macros()]
            places = self.written.places(version, prefixes)
            yield Cause("seed" if seed else "parameter", name, shown(old), shown(new), places)
        start = [
            words_of([p["params"]])
            | {w for m, e in found.values() for w in words_of([_own(m), e["params"].get("samples", {})])}
            for p, found in zip(pair, models, strict=True)
        ]
        felt = [g.felt(t, s) for g, t, s in zip((self.first, self.second), pair, start, strict=True)]
        yield from self._upstream(version, felt[0].names & felt[1].names, felt[0].steps, felt[1].steps)

    def _model(
        self, version: str, table: str, first: Mapping[str, Any], second: Mapping[str, Any], one: Step, other: Step
    ) -> Iterator[Cause]:
        """What differs in a model's own parameters."""
        own = ("tables", table)
        like = self.written.value((*own, "like"))
        tables = [own, *([("tables", str(like))] if like else [])]
        if first.get("formula") != second.get("formula"):
            terms = terms_changed(first, second)
            name = f"formula: {terms.en}"
            places = self.written.places(version, [*tables, *self.written.macros()])
            yield Cause(
                "parameter", name, first.get("formula"), second.get("formula"), places, chinese=f"公式：{terms.zh}"
            )
        rows = [(m.get("where"), m.get("samples"), m.get("split"), e["params"].get("samples"), e["params"].get("lists"))
                for m, e in ((first, one), (second, other))]  # fmt: skip
        if rows[0] != rows[1]:
            prefixes = [*tables, ("samples",), ("splits",), ("lists",), ("panel", "span"), *self.written.macros()]
            names = (("condition", "条件"), ("samples", "样本"), ("split", "分组"),
                     ("conditions of samples", "样本的条件"), ("lists", "列表"))  # fmt: skip
            places = self.written.places(version, prefixes)
            at = next(n for n, (a, b) in enumerate(zip(*rows, strict=True)) if a != b)
            if (span := self._span()) is not None and all(".span" in p for p in places):
                yield span
                return
            yield Cause("rows", f"rows of the model: {names[at][0]}", shown(rows[0][at]), shown(rows[1][at]), places,
                        chinese=f"模型的样本：{names[at][1]}")  # fmt: skip
        for key in dict.fromkeys([*first, *second]):
            if key in {
                "formula",
                "where",
                "samples",
                "split",
                "key",
                "outcome",
                "terms",
                "effects",
                "endogenous",
                "instruments",
            }:
                continue
            if first.get(key) != second.get(key):
                kind: Kind = "settings" if key in _SETTINGS else "parameter"
                places = self.written.places(version, [*[(*t, key) for t in tables], ("defaults", key), own])
                en, zh = _named(key)
                yield Cause(kind, en, shown(first.get(key)), shown(second.get(key)), places, chinese=zh)

    def _upstream(
        self, version: str, names: frozenset[str], first: Sequence[Step], second: Sequence[Step]
    ) -> Iterator[Cause]:
        """Variables and joined columns that both runs feel, the steps that make rows, the sources."""
        makers = [_makers(steps) for steps in (first, second)]
        for name in sorted(names & (makers[0].keys() | makers[1].keys())):
            for a, b in _beside(makers[0].get(name, []), makers[1].get(name, [])):
                yield from self._column(version, name, a, b)
        rows = [_by_identity(s for s in steps if s["kind"] not in _BEFORE) for steps in (first, second)]
        targets = {"table", "grid"}
        for a, b in _steps_beside(*rows):
            step = a or b
            assert step is not None
            if step is first[-1] or step is second[-1] or step["kind"] in targets:
                continue
            yield from self._rows(version, step, a, b)
        read = [{str(s["params"].get("source")): s for s in steps if s["kind"] in READING} for steps in (first, second)]
        for name in read[0].keys() & read[1].keys():
            yield from self._source(version, name, read[0][name]["params"], read[1][name]["params"])

    def _column(self, version: str, name: str, first: Step | None, second: Step | None) -> Iterator[Cause]:
        """A column that is made in another way."""
        made = [_recipe(name, s) for s in (first, second)]
        if made[0] == made[1]:
            return
        prefixes: list[tuple[str, ...]] = [
            ("variables", name),
            ("panels", "*", "variables", name),
            ("samples",),
            ("lists",),
        ]
        if first is None or second is None or "join" in {first["kind"], second["kind"]}:
            prefixes += [("panel", "join"), ("panels", "*", "join")]
        texts = [m if m is None else m[0] for m in made]
        if texts[0] == texts[1]:  # conditions and lists behind the same formula
            texts = [None if m is None else shown(m[1]) for m in made]
        places = self.written.places(version, [*prefixes, *self.written.macros()])
        yield Cause("parameter", f"variable {name}", texts[0], texts[1], places, chinese=f"变量{name}")

    def _rows(self, version: str, step: Step, first: Step | None, second: Step | None) -> Iterator[Cause]:
        """A step that makes or takes rows."""
        a, b = (None if s is None else _plain(s["params"]) for s in (first, second))
        if a == b:
            return
        path = tuple(str(p) for p in step["path"] if not isinstance(p, int))
        prefixes: list[tuple[str, ...]] = [tuple(path[:2]), *self.written.macros()] if path else []
        if path[:1] == ("panel",):
            prefixes = [("panel", step["kind"]), ("panel", "span"), ("panel", "load"), ("panel", path[-1]), ("lists",)]
        if a is not None and b is not None:
            changed = [(p, x, y) for p, x, y in _leaves(a, b)]
            for at, old, new in changed:
                if at[0] == "span" and (span := self._span()) is not None:
                    yield span
                    continue
                if step["kind"] == "differences" and {"where", "samples", "lists", "names"} & set(at):
                    continue  # those of the models themselves
                kind: Kind = "seed" if at[-1:] == ("seed",) else "rows" if step["kind"] in _ROWS else "parameter"
                name = f"{step['name']}: {'.'.join(map(str, at))}"
                yield Cause(kind, name, shown(old), shown(new), self.written.places(version, prefixes))
            return
        what, zh = ("left out", "已删去") if b is None else ("new", "新增")
        texts = [None if s is None else str(s.get("where") or s.get("how") or step["name"]) for s in (a, b)]
        places, chinese = self.written.places(version, prefixes), f"{step['name']}（{zh}）"
        yield Cause("rows", f"{step['name']} ({what})", texts[0], texts[1], places, chinese=chinese)

    def _span(self) -> Cause | None:
        """Another span of the main panel, which many steps take over."""
        path = next((p[: p.index("span") + 1] for p in self.written.changes if "span" in p and p[0] in _PANELS), None)
        if path is None:
            return None
        texts = [shown(value_at(g.written, path)) for g in (self.first, self.second)]
        places = self.written.places("default", [tuple(map(str, path))])
        return Cause("rows", "span of the panel", texts[0], texts[1], places, chinese="面板的时期")

    def _source(self, version: str, name: str, first: Mapping[str, Any], second: Mapping[str, Any]) -> Iterator[Cause]:
        """A source that is read otherwise, or is another file."""
        for key in dict.fromkeys([*first, *second]):
            old, new = first.get(key), second.get(key)
            if old == new or key in {"source", "lists", "columns"} or (key == "digest" and "simulate" in first):
                continue
            places = self.written.places(version, [("sources", name)])
            if key == "digest":
                texts = f"sha256 {old}", f"sha256 {new}"
                yield Cause("data", f"source {name}: other data", *texts, places, chinese=f"来源{name}：数据已更换")
            else:
                kind: Kind = "seed" if key == "seed" else "parameter"
                yield Cause(kind, f"source {name}: {key}", shown(old), shown(new), places, chinese=f"来源{name}：{key}")


def _named(key: str) -> tuple[str, str]:
    """A setting in English and Chinese."""
    named = {
        "vcov": ("covariance (vcov)", "协方差（vcov）"),
        "ssc": ("small-sample convention (ssc)", "小样本修正（ssc）"),
        "weights": ("weights", "权重"),
        "estimator": ("estimator", "估计方法"),
        "prepare": ("prepare", "数据处理（prepare）"),
    }
    return named.get(key, (key, key))


def _own(model: Mapping[str, Any]) -> dict[str, Any]:
    """What of a model names columns."""
    return {k: v for k, v in model.items() if k not in {"key", "ssc", "estimator", "panel"}}


def _plain(params: Mapping[str, Any]) -> dict[str, Any]:
    return {k: v for k, v in params.items() if k not in _LOOKS}


def _makers(steps: Sequence[Step]) -> dict[str, list[Step]]:
    """What makes each column: a formula, a measure, a join, several where panels hand it on."""
    found: dict[str, list[Step]] = {}
    for step in steps:
        if step["kind"] in {"variable", "attach"}:
            found.setdefault(str(step["params"].get("name")), []).append(step)
        elif step["kind"] == "join":
            for name in step["params"].get("columns") or {}:
                found.setdefault(str(name), []).append(step)
    return found


def _beside(first: Sequence[Step], second: Sequence[Step]) -> list[tuple[Step | None, Step | None]]:
    """The makers of one column in two runs; the last ones where they are not of the same kinds."""
    if [s["kind"] for s in first] == [s["kind"] for s in second]:
        return list(zip(first, second, strict=True))
    return [(first[-1] if first else None, second[-1] if second else None)]


def _recipe(name: str, step: Step | None) -> tuple[str, Any] | None:
    """How a column is made, in words, and what stands behind them."""
    if step is None:
        return None
    params = step["params"]
    if step["kind"] == "variable":
        return str(params.get("formula")), {"samples": params.get("samples"), "lists": params.get("lists")}
    if step["kind"] == "attach":
        return str(params.get("measure")), None
    on = ", ".join(map(str, params.get("on") or ()))
    return (
        f"{(params.get('columns') or {}).get(name)} of {params.get('source')}, joined {params.get('kind')} on {on}",
        None,
    )


def _by_identity(steps: Iterator[Step]) -> dict[tuple[str, ...], Step]:
    """Steps by what they are, whatever their parameters; several alike by their order."""
    found: dict[tuple[str, ...], Step] = {}
    for step in steps:
        params = step["params"]
        name = str(params.get("table") or params.get("figure") or params.get("why") or step["name"])
        key: tuple[str, ...] = (str(step["kind"]), name)
        number = 1
        while key in found:
            number += 1
            key = (str(step["kind"]), name, str(number))
        found[key] = step
    return found


def _steps_beside(
    first: Mapping[tuple[str, ...], Step], second: Mapping[tuple[str, ...], Step]
) -> Iterator[tuple[Step | None, Step | None]]:
    """Steps by identity; of those that only one run has, as many of one kind as the other has, in order."""
    yield from ((s, second[k]) for k, s in first.items() if k in second)
    left = [s for k, s in first.items() if k not in second]
    right = [s for k, s in second.items() if k not in first]
    for kind in dict.fromkeys(str(s["kind"]) for s in (*left, *right)):
        old, new = ([s for s in side if s["kind"] == kind] for side in (left, right))
        if len(old) == len(new):
            yield from zip(old, new, strict=True)
        else:
            yield from ((s, None) for s in old)
            yield from ((None, s) for s in new)


def _matched(first: Sequence[Mapping[str, Any]], second: Sequence[Mapping[str, Any]]) -> list[tuple[int, int]]:
    """Models of two tables beside one another: the same ones, the same formula, the same outcome, the same place."""
    left, right = list(range(len(first))), list(range(len(second)))
    found: list[tuple[int, int]] = []
    for key in ("key", "formula", "outcome", None):
        for i in list(left):
            j = next((j for j in right if key is None or first[i].get(key) == second[j].get(key)), None)
            if j is not None:
                found.append((i, j))
                left.remove(i)
                right.remove(j)
    return found


def _leaves(first: Any, second: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[tuple[Any, ...], Any, Any]]:
    """Where two sets of parameters differ, but for looks and the keys of models."""
    if path and path[-1] in _LOOKS:
        return
    if isinstance(first, Mapping) and isinstance(second, Mapping):
        for key in dict.fromkeys([*first, *second]):
            yield from _leaves(first.get(key), second.get(key), (*path, key))
    elif isinstance(first, list) and isinstance(second, list) and len(first) == len(second):
        for number, (a, b) in enumerate(zip(first, second, strict=True)):
            yield from _leaves(a, b, (*path, number))
    elif json.dumps(first, sort_keys=True) != json.dumps(second, sort_keys=True) and not _keys(first, second):
        yield path, first, second


def _keys(first: Any, second: Any) -> bool:
    """Whether both are nothing but keys of models, which are compared themselves."""
    return all(isinstance(v, str) and len(v) == 16 and set(v) <= set("0123456789abcdef") for v in (first, second))
