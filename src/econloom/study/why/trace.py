"""Where the columns of a panel come from: walked back through the plan, step by step, to the sources."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from econloom.core.errors import UsageError
from econloom.core.expressions import names_in, parse
from econloom.panel.formula import Term, parse_formula
from econloom.study.catalog import Facts
from econloom.study.document import KeyPath
from econloom.study.schema import StudySpec
from econloom.study.step import Step

READING = {"read_frame", "read_tables", "read_places", "simulate"}
_PASSED = {"drop", "balance", "range", "keys"}
Record = dict[str, Any]


@dataclass
class Book:
    """Records of variables, sources and panels, each distinct one once; they are shared by the versions of a study.

    Attributes
    ----------
    variables, sources, panels : dict of str to dict
        By id: ``v1`` and ``p1`` and so on, and the name of a source (``kof``, ``kof.2`` where versions differ). Of a
        panel: rows, keys, history.
    """

    variables: dict[str, Record] = field(default_factory=dict)
    sources: dict[str, Record] = field(default_factory=dict)
    panels: dict[str, Record] = field(default_factory=dict)
    _ids: dict[str, str] = field(default_factory=dict)

    def variable(self, record: Record) -> str:
        """The id of a variable's record."""
        return self._entered(record, self.variables, lambda n: f"v{n}")

    def source(self, record: Record) -> str:
        """The id of a source's record."""
        name = record["name"]
        taken = sum(r["name"] == name for r in self.sources.values())
        return self._entered(record, self.sources, lambda n: name if not taken else f"{name}.{taken + 1}")

    def panel(self, record: Record) -> str:
        """The id of a panel's record."""
        return self._entered(record, self.panels, lambda n: f"p{n}")

    def _entered(self, record: Record, into: dict[str, Record], named: Any) -> str:
        text = json.dumps(record, sort_keys=True, ensure_ascii=False, default=str)
        if text not in self._ids:
            self._ids[text] = named(len(into) + 1)
            into[self._ids[text]] = record
        return self._ids[text]


def used(text: str) -> list[str]:
    """Names that a formula uses, in order; none where it cannot be read."""
    try:
        return list(dict.fromkeys(n.name for n in names_in(parse(text))))
    except UsageError:
        return [text]


class Tracer:
    """Traces the columns of one version.

    Parameters
    ----------
    spec : StudySpec
        Of the version: places in its file, labels, units.
    steps : mapping of str to Step
        All of the plan, by digest.
    facts : mapping of str to SourceFacts
        Sources of the version.
    book : Book
        Written to.
    """

    def __init__(self, spec: StudySpec, steps: Mapping[str, Step], facts: Facts, book: Book) -> None:
        self.spec, self.steps, self.facts, self.book = spec, steps, facts, book
        self.said = {n: v for p in spec.all_panels.values() for n, v in p.variables.items()} | spec.variables
        self._known: dict[tuple[str, str], str | None] = {}

    def at(self, path: KeyPath) -> str:
        """``study.yaml:58`` for a place in the study file; empty for a study built in Python."""
        place = self.spec.document.at(path)
        return "" if place.line is None else f"{Path(place.file).name}:{place.line}"

    def trace(self, name: str, digest: str) -> str | None:
        """The id of a column as the value of a step has it; None where that value has no such column.

        Parameters
        ----------
        name : str
        digest : str
            Of a step whose value is a panel.
        """
        key = (name, digest)
        if key not in self._known:
            self._known[key] = None  # a column that refers to itself is the one before it
            record = self._record(name, digest)
            self._known[key] = None if record is None else self.book.variable(record)
        return self._known[key]

    def _record(self, name: str, digest: str) -> Record | None:
        for step in self._chain(digest):
            found = _MAKERS[step.kind](self, name, step) if step.kind in _MAKERS else None
            if found is not None:
                return self._named(name) | {k: v for k, v in found.items() if v not in (None, [], "")}
        return None

    def _chain(self, digest: str) -> Iterator[Step]:
        """The steps that lead to a panel, the last one first, up to the source or the panel that it is made from."""
        step = self.steps.get(digest)
        while step is not None:
            yield step
            ends = step.kind in READING or step.kind in {"aggregate", "start"}
            step = None if ends or not step.inputs else self.steps.get(step.inputs[0])

    def _named(self, name: str) -> Record:
        variable = self.said.get(name)
        label = {} if variable is None or not variable.label else {"label": {"zh": variable.zh, "en": variable.en}}
        unit = {} if variable is None or variable.unit is None else {"unit": variable.unit}
        return {"name": name, **label, **unit}

    def many(self, names: Sequence[str], digest: str) -> list[str]:
        """Ids of those columns that a step's value has."""
        return [found for name in names if (found := self.trace(name, digest)) is not None]

    # how each kind of step makes columns -------------------------------------------------------------------------

    def formula(self, name: str, step: Step) -> Record | None:
        """A variable's formula, or a flag that it set."""
        if step.params["name"] != name:
            return None
        text, below = step.params["formula"], step.inputs[0]
        conditions = step.params.get("samples", {})
        names = [*used(text), *(n for c in conditions.values() for n in used(c))]
        return {"how": "formula", "text": text, "at": self.at(step.path), "samples": dict(conditions),
                "lists": dict(step.params.get("lists", {})), "of": self.many(names, below)}  # fmt: skip

    def measure(self, name: str, step: Step) -> Record | None:
        """A measure: its sources, and the columns that it takes from the panel."""
        if step.params["name"] != name:
            return None
        made = self.steps[step.inputs[1]]
        read = [s for d in made.inputs if (s := self.steps[d]).kind in READING]
        options = made.params.get("options", {})
        names = [v for v in options.values() if isinstance(v, str)] if "panel" in made.params.get("sources", ()) else []
        return {"how": "measure", "text": step.params["measure"], "at": self.at(step.path),
                "measure": made.params["measure"], "options": dict(options), "sources": [self.source(s) for s in read],
                "of": self.many(names, step.inputs[0])}  # fmt: skip

    def joined(self, name: str, step: Step) -> Record | None:
        """A column that a join brought, by the name that it had there."""
        if name not in step.params["columns"]:
            return None
        old, other = step.params["columns"][name], self.steps[step.inputs[1]]
        way = {"how": "join", "at": self.at(step.path), "on": list(step.params["on"]), "column": old}
        if other.kind in READING:
            return way | self._read(old, other)
        return way | {"panel": step.params["source"], "of": self.many([old], other.digest)}

    def read(self, name: str, step: Step) -> Record | None:
        """A column of the source itself."""
        return {"how": "source", "at": self.at(step.path), **self._read(name, step)}

    def started(self, name: str, step: Step) -> Record | None:
        """A column of the source in which the rows start, or a key."""
        key = {"key": True} if name in (step.params["unit"], step.params["time"]) else {}
        return {"how": "start", "at": self.at(step.path), **key, **self._read(name, self.steps[step.inputs[0]])}

    def _read(self, name: str, step: Step) -> Record:
        """The source and the column in it."""
        columns = step.params.get("columns") or {}
        return {"sources": [self.source(step)], "column": columns.get(name, name)}

    def aggregated(self, name: str, step: Step) -> Record | None:
        """A column that rows below were summed up to, or a key of the sums."""
        make, by = step.params["make"], list(step.params["by"])
        if name not in make:
            return {"how": "aggregate", "key": True, "by": by, "of": self.many([name], step.inputs[0])}
        text = make[name]
        return {"how": "aggregate", "text": text, "by": by, "at": self.at((*step.path[:-1], "make", name)),
                "of": self.many(used(text), step.inputs[0])}  # fmt: skip

    def policy(self, name: str, step: Step) -> Record | None:
        """A column of a policy: from the table of decisions."""
        kinds = [k for k, column in step.params["makes"].items() if column == name]
        if not kinds:
            return None
        return {"how": "policy", "text": f"{kinds[0]} of policy {step.params['policy']}", "at": self.at(step.path),
                "rules": {k: v for k, v in step.params["rules"].items() if v is not None},
                "sources": [self.source(self.steps[step.inputs[1]])],
                "of": self.many([k for k in step.params["keys"] if k], step.inputs[0])}  # fmt: skip

    def ringed(self, name: str, step: Step) -> Record | None:
        """A ring around treated units."""
        prefix = step.params["rings"]
        if not name.startswith(f"{prefix}_"):
            return None
        read = [s for d in step.inputs[1:] if (s := self.steps[d]).kind in READING]
        around = step.params["around"]
        places = [around.get("latitude"), around.get("longitude")]
        return {"how": "rings", "text": f"ring of {prefix}", "at": self.at(step.path),
                "sources": [self.source(s) for s in read],
                "of": self.many([p for p in places if p], step.inputs[0])}  # fmt: skip

    def matched(self, name: str, step: Step) -> Record | None:
        """Rows, weights or scores of a matched sample."""
        if name not in step.params["columns"]:
            return None
        drawn = self.steps[step.inputs[1]]
        formula = drawn.params["formula"]
        return {"how": "matched", "text": f"{drawn.params['sample']}: {formula}", "at": self.at(drawn.path),
                "of": self.many(used_in(formula), drawn.inputs[0])}  # fmt: skip

    def prepared(self, name: str, step: Step) -> Record | None:
        """A column that was winsorised or trimmed for some models."""
        if name not in step.params["columns"]:
            return None
        low, high = step.params["tails"]
        return {"how": "prepared", "text": f"{step.params['act']} at {low:g} and {high:g}", "at": self.at(step.path),
                "of": self.many([name], step.inputs[0])}  # fmt: skip

    def moved(self, name: str, step: Step) -> Record | None:
        """A treatment whose dates were moved."""
        if step.params["keys"][0] != name:
            return None
        return {"how": "dates", "text": f"dates {step.params['earlier']} periods earlier", "at": self.at(step.path),
                "of": self.many([name], step.inputs[0])}  # fmt: skip

    def source(self, step: Step) -> str:
        """The id of a source: file, digest, rows and columns that are taken."""
        params = step.params
        name = params["source"]
        record: Record = {"name": name, "at": self.at(("sources", name))}
        if step.kind == "simulate":
            record |= {"simulate": params["simulate"], "seed": params["seed"], "process": params["process"]}
        else:
            spec = self.spec.sources.get(name)
            record |= {"path": self.facts[name].path if spec is None else spec.path, "sha256": params["digest"]}
            record |= {"layout": params["layout"]} if params.get("layout") else {}
        if params.get("where"):
            record["where"] = params["where"]
        return self.book.source(record)


def used_in(formula: str) -> list[str]:
    """Columns that a model's formula uses, in order."""
    return list(dict.fromkeys(n for _, _, names in parts(formula) for n in names))


def parts(formula: str) -> list[tuple[str, str, list[str]]]:
    """Role, name and columns of every part of a model's formula; none where it cannot be read.

    Examples
    --------
    >>> parts("log(y) ~ x + z | i + t")
    [('outcome', 'log(y)', ['y']), ('regressor', 'x', ['x']), ('regressor', 'z', ['z']), ('effect', 'i', ['i']), \
('effect', 't', ['t'])]
    """
    try:
        model = parse_formula(formula)
    except UsageError:
        return []
    roles = {"outcome": (model.outcome,), "regressor": model.terms, "endogenous": model.endogenous,
             "instrument": model.instruments, "slope": model.slopes}  # fmt: skip
    found = [(role, t.name, _columns(t)) for role, terms in roles.items() for t in terms]
    return found + [("effect", e.name, list(e.columns)) for e in model.effects]


def _columns(term: Term) -> list[str]:
    found: dict[str, None] = {}
    for factor in term.factors:
        column = getattr(factor, "column", None)
        found |= dict.fromkeys([column] if column is not None else used(factor.text))
    return list(found)


_MAKERS = {
    "variable": Tracer.formula,
    "attach": Tracer.measure,
    "join": Tracer.joined,
    "read_frame": Tracer.read,
    "read_tables": Tracer.read,
    "read_places": Tracer.read,
    "simulate": Tracer.read,
    "start": Tracer.started,
    "aggregate": Tracer.aggregated,
    "policy": Tracer.policy,
    "rings": Tracer.ringed,
    "matched": Tracer.matched,
    "prepare": Tracer.prepared,
    "dates": Tracer.moved,
}
