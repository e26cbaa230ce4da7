"""A table before it is printed: strings by cell, so that single ones can be replaced."""

from __future__ import annotations

import copy
from dataclasses import dataclass, field

from econloom.audit.read.grid import Grid

BRACKETS = {
    "se": "{} in parentheses.",
    "t": "t statistics{} in parentheses.",
    "p": "p values{} in parentheses.",
    "se+t": "{} in parentheses, t statistics in square brackets.",
    "se+ci": "{} in parentheses, 95% confidence intervals in square brackets.",
}
ERRORS = {"iid": "Standard errors", "hc1": "Robust standard errors", "cluster": "Standard errors clustered by unit"}
FROM = {"iid": "", "hc1": " from robust standard errors", "cluster": " from standard errors clustered by unit"}


@dataclass
class Cell:
    """A coefficient and what stands below it; empty strings are not printed."""

    b: str
    stars: int
    se: str
    t: str
    p: str
    ci: tuple[str, str]


@dataclass
class Foot:
    """A number of the foot."""

    text: str
    stars: int = 0
    p: str = ""


@dataclass
class Column:
    method: str
    dependent: str
    cells: dict[str, Cell]
    foot: dict[str, Foot] = field(default_factory=dict)

    @property
    def slopes(self) -> list[str]:
        return [t for t in self.cells if t != "Constant"]


@dataclass
class Sheet:
    """A regression table."""

    kind: str
    columns: list[Column]
    digits: int
    brackets: str
    covariance: str
    title: str = ""

    def copy(self) -> Sheet:
        return copy.deepcopy(self)

    def grid(self) -> Grid:
        rows = [["", *(f"({k})" for k in range(1, len(self.columns) + 1))], ["", *(c.method for c in self.columns)]]
        if len({c.dependent for c in self.columns}) > 1:
            rows.append(["", *(c.dependent for c in self.columns)])
        for term in dict.fromkeys(t for c in self.columns for t in c.cells):
            held = [c.cells.get(term) for c in self.columns]
            rows.append([term, *("" if x is None else x.b + "*" * x.stars for x in held)])
            rows.append(["", *("" if x is None else self._below(x) for x in held)])
        for name in dict.fromkeys(k for c in self.columns for k in c.foot):
            rows.append([name, *(_foot(c.foot.get(name)) for c in self.columns)])
        shown = BRACKETS[self.brackets]
        said = (ERRORS if shown.startswith("{}") else FROM)[self.covariance]
        note = f"{shown.format(said)} * p<0.10, ** p<0.05, *** p<0.01."
        return Grid(tuple(map(tuple, rows)), self.title, (note,))

    def _below(self, x: Cell) -> str:
        return {"se": f"({x.se})", "t": f"({x.t})", "p": f"({x.p})", "se+t": f"({x.se}) [{x.t}]",
                "se+ci": f"({x.se}) [{x.ci[0]}, {x.ci[1]}]"}[self.brackets]  # fmt: skip


def _foot(f: Foot | None) -> str:
    if f is None:
        return ""
    return f.text + "*" * f.stars + (f" [{f.p}]" if f.p else "")


@dataclass
class Descriptive:
    """A descriptive table: statistics by sample and variable."""

    samples: dict[str, dict[str, dict[str, str]]]  # sample -> variable -> statistic -> print
    differences: dict[str, str]
    integers: tuple[str, ...]
    digits: int
    kind: str = "descriptive"

    def copy(self) -> Descriptive:
        return copy.deepcopy(self)

    def grid(self) -> Grid:
        heads = [(s, k) for s, rows in self.samples.items() for k in next(iter(rows.values()))]
        several = len(self.samples) > 1
        rows = [["", *(s for s, _ in heads), *["Difference"] * bool(self.differences)]] if several else []
        rows.append(["Variable", *(k for _, k in heads), *["Difference"] * bool(self.differences)])
        for name in next(iter(self.samples.values())):
            line = [self.samples[s][name][k] for s, k in heads]
            rows.append([name, *line, *([self.differences[name]] if self.differences else [])])
        return Grid(tuple(map(tuple, rows)), "Descriptive statistics", ("Drawn data.",))
