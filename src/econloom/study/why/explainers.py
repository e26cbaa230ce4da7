"""What is said of a number, by the kind of table or figure that it stands in: the registry of explainers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from econloom.core.estimate import stars
from econloom.core.labels import Label
from econloom.study.why import sections
from econloom.study.why.meanings import meaning
from econloom.study.why.sections import Line, Section, line
from econloom.study.why.told import Record, Told

NUMBER = Label("数字", "Number")
PARTS = {"se": 1, "t": 2, "p": 3, "ci": 4}
"""What stands below a coefficient, by the end of its address, and its place in the record."""


@dataclass(frozen=True)
class Asked:
    """A number that is asked for.

    Attributes
    ----------
    told : Told
    version, address, table : str
    rest : str
        The address after the table, or after the column of a model.
    cell : dict
        Value, printed form, stars; empty where it is printed nowhere.
    column : dict or None
        The model behind it.
    """

    told: Told
    version: str
    address: str
    table: str
    rest: str = ""
    cell: Record = field(default_factory=dict)
    column: Record | None = None

    @property
    def record(self) -> Record:
        """Of the table or figure."""
        return self.told.tables(self.version).get(self.table) or self.told.tables("default").get(self.table, {})

    @property
    def params(self) -> Record:
        """What the table was asked for."""
        found: Record = self.record.get("params", {})
        return found

    @property
    def variables(self) -> list[str]:
        """Ids of the variables of a table without models: those that the address names, else all."""
        ids: list[str] = self.record.get("variables", [])
        known = self.told.why["variables"]
        column, _, row = self.rest.partition(".")
        wanted = {self.rest, column, row, row.removesuffix(".p")}
        return [i for i in ids if known[i]["name"] in wanted] or ids

    def number(self, *lines: list[Line]) -> Section:
        """The number itself, with what a table of this kind says of it."""
        found = line("值", "value", self.cell.get("value"))
        if self.cell.get("upper") is not None:
            found += line("上限", "upper end", self.cell["upper"])
        found += line("印刷为", "printed as", self.cell.get("printed"))
        row = self.cell.get("row", {})
        for name in ("outcome", "std_error", "statistic", "p_value", "conf_low", "conf_high", "n", "vcov", "ssc"):
            found += line(name, name, row.get(name))
        if self.cell.get("about"):
            found += line("说明", "about", Label(**self.cell["about"]))
        return Section(NUMBER, tuple(found + [x for part in lines for x in part]))


Explainer = Callable[[Asked], list[Section]]


# numbers of models ---------------------------------------------------------------------------------------------------


def of_model(asked: Asked) -> list[Section]:
    """A coefficient, what stands below it, a statistic or a test of a column."""
    column = asked.column
    if column is None:
        return [asked.number()]
    first = _coefficient(asked, column) or _statistic(asked, column)
    return [first, *asked.told.once(("column", id(column)), lambda: _behind(asked.told, column))]


def _behind(told: Told, column: Record) -> list[Section]:
    """What all numbers of a column share."""
    found = [sections.model(told, column), sections.error(column), sections.funnel(told, column)]
    traced = sections.variables(told, column)
    return found + ([traced] if traced is not None else [])


def _coefficient(asked: Asked, column: Record) -> Section | None:
    known = column.get("coefficients", {})
    term, part = asked.rest, None
    if term not in known and "." in term and term.rpartition(".")[2] in PARTS:
        term, _, part = term.rpartition(".")
    if term not in known or asked.cell.get("kind") in {"count", "number"}:
        return None
    estimate, error, statistic, p, low, high = known[term]
    law = "t" if column.get("distribution") == "t" else "z"
    said = {"se": "标准误", "t": f"{law}值", "p": "p值", "ci": "95%置信区间"}
    en = {"se": "standard error", "t": f"{law} statistic", "p": "p value", "ci": "95% interval"}
    lines = line("是", "is", Label(f"{term}的{said[part]}", f"{en[part]} of {term}") if part else None)
    lines += line("系数", "estimate", estimate) + line("印刷为", "printed as", asked.cell.get("printed"))
    lines += line("标准误", "standard error", error) + line(f"{law}值", f"{law} statistic", statistic)
    lines += line("p值", "p value", p)
    if low is not None and high is not None:
        lines += line("95%置信区间", "95% interval", f"[{sections.exact(low)}, {sections.exact(high)}]")
    return Section(NUMBER, (*lines, *_stars(p, column.get("stars", []))))


def _stars(p: float | None, cuts: list[float]) -> list[Line]:
    n = stars(p, tuple(cuts))
    shown = ", ".join(f"{'*' * k} p < {cut:g}" for k, cut in enumerate(cuts, 1))
    return line("星号", "stars", Label(f"{'*' * n or '无'}（{shown}）", f"{'*' * n or 'none'} ({shown})"))


def _statistic(asked: Asked, column: Record) -> Section:
    name = asked.rest.removesuffix(".p").removesuffix(".critical")
    lines = line("是", "is", _what(name, asked.rest))
    if "value" not in asked.cell and name in column.get("glance", {}):
        lines += line("值", "value", column["glance"][name])
    return asked.number(lines)


def _what(name: str, rest: str) -> Label:
    from econloom.study.statistics import COMPARISONS, STATISTICS, TESTS

    base = name.partition("[")[0]
    base = base if base in {**TESTS, **COMPARISONS, **STATISTICS} else base.rstrip("0123456789").rstrip("_") or base
    known = meaning(base) or TESTS.get(base) or COMPARISONS.get(base) or STATISTICS.get(base) or Label.same(name)
    if base.startswith("difference"):
        term = name.partition("[")[2].rstrip("]")
        known = Label(f"组间{term}系数差的检验（{base.partition('_')[2]}）", f"difference of {term} between groups "
                      f"({base.partition('_')[2]})")  # fmt: skip
    end = {"p": ("的p值", ", p value"), "critical": ("的临界值", ", critical value")}.get(
        rest.rpartition(".")[2], ("", "")
    )
    return Label(known.text("zh") + end[0], known.text("en") + end[1])


def across(asked: Asked) -> list[Section]:
    """A coefficient of one version in a table across versions."""
    version, _, rest = asked.rest.partition(".")
    of = asked.record["of"]
    inner = f"{of}.{rest}"
    head = line("是", "is", Label(f"版本{version}中的{inner}", f"{inner} in the version {version}"))
    address = column_of(asked.told, version, inner)
    if address is None:
        return [asked.number(head)]
    column = asked.told.columns(version)[address]
    again = Asked(asked.told, version, inner, of, inner[len(address) + 1 :], asked.cell, column)
    first, *more = of_model(again)
    return [Section(first.title, (*head, *first.lines)), *more]


def column_of(told: Told, version: str, address: str) -> str | None:
    """The column of a model that an address lies in, or is."""
    known = told.columns(version)
    found = [a for a in known if address == a or address.startswith(f"{a}.")]
    return max(found, key=len) if found else None


# numbers of other tables --------------------------------------------------------------------------------


def _rows(asked: Asked) -> list[Line]:
    params = asked.params
    found = line("样本条件", "rows where", params.get("where"))
    if params.get("span"):
        found += line("时期", "periods", "–".join(str(y) for y in params["span"]))
    return found


def _below(asked: Asked) -> list[Section]:
    """Rows of the panel, and the variables traced back."""
    key = ("below", asked.version, asked.table, *asked.variables)
    found: list[Section] = asked.told.once(key, lambda: _traced(asked))
    return list(found)


def _traced(asked: Asked) -> list[Section]:
    record = asked.record
    rows = sections.panel_lines(asked.told, record.get("panels", [])) + _rows(asked)
    found = [Section(Label("行", "Rows"), tuple(rows))] if rows else []
    traced = sections.named(asked.told, asked.variables, record.get("panels", []))
    return found + ([traced] if traced is not None else [])


def _parts(asked: Asked) -> tuple[str, str]:
    """Column and row of an address ``column.row``; a column may hold a full stop."""
    names = [str(c) for c in asked.params.get("columns", ())]
    for name in sorted(names, key=len, reverse=True):
        if asked.rest.startswith(f"{name}."):
            return name, asked.rest[len(name) + 1 :]
    column, _, row = asked.rest.partition(".")
    return column, row


def of_values(asked: Asked) -> list[Section]:
    """A value of a variable."""
    column, row = _parts(asked)
    p = asked.params
    what = f"{p['values']}, {p['rows']} = {row}, {p['across']} = {column}"
    return [asked.number(line("是", "is", what)), *_below(asked)]


def _described(what: Callable[[Asked, str, str], Label]) -> Explainer:
    """Explainer of tables of statistics: a statistic of something."""

    def explain(asked: Asked) -> list[Section]:
        column, row = _parts(asked)
        model = asked.record.get("model")
        found = [asked.number(line("是", "is", what(asked, column, row)))]
        if model:
            found += [sections.planned_model(model, asked.record.get("at", ""))]
        return found + _settings(asked) + _below(asked)

    return explain


def _of(asked: Asked, column: str, row: str) -> Label:
    known = meaning(column) or Label.same(column)
    return Label(f"{row}的{known.text('zh')}", f"{known.text('en')} of {row}") if row else known


def _correlation(asked: Asked, column: str, row: str) -> Label:
    row, p = (row[:-2], True) if row.endswith(".p") else (row, False)
    zh, en = (
        f"{column}与{row}的Pearson相关系数",
        f"Pearson correlation of {column} and {row}, rows where both are known",
    )
    return Label(f"{zh}的p值", f"p value of the {en}") if p else Label(zh, en)


def _counted(asked: Asked, column: str, row: str) -> Label:
    chosen = asked.params["rows"][int(row[1:]) - 1]
    known, of = meaning(column) or Label.same(column), f" ({chosen['of']})" if chosen.get("of") else ""
    return Label(f"{known.text('zh')}：{chosen['where']}{of}", f"{known.text('en')}: {chosen['where']}{of}")


def _caused(asked: Asked, column: str, row: str) -> Label:
    effect, cause = asked.params["pairs"][int(row[1:]) - 1]
    known = meaning(column) or Label.same(column)
    return Label(f"{known.text('zh')}；原假设：{cause}对任何个体都不是{effect}的格兰杰原因",
                 f"{known.text('en')}; null: {cause} causes {effect} in no unit")  # fmt: skip


def _compared(asked: Asked, column: str, row: str) -> Label:
    known = meaning(column) or Label.same(column)
    if column == "estimate":
        known = Label("该类比较的加权平均估计值", "weighted mean of the estimates of these comparisons")
    return Label(f"{row}：{known.text('zh')}", f"{row}: {known.text('en')}")


def _averaged(asked: Asked, column: str, row: str) -> Label:
    name, _, group = column.partition(".")
    stat = asked.params.get("stat", "mean")
    known = meaning(str(stat)) or Label.same(str(stat))
    where = f" ({group})" if group else ""
    return Label(f"{name}{where}在{row}的{known.text('zh')}", f"{known.text('en')} of {name}{where} in {row}")


def _left_out(asked: Asked, column: str, row: str) -> Label:
    known = meaning(column) or Label.same(column)
    term, leave = asked.params.get("term", ""), asked.params.get("leave", "")
    if row == "all":
        return Label(f"全样本中{term}的{known.text('zh')}", f"{known.text('en')} of {term} in the whole sample")
    return Label(
        f"剔除{leave} = {row}后{term}的{known.text('zh')}", f"{known.text('en')} of {term} without {leave} = {row}"
    )


def _permuted(asked: Asked, column: str, row: str) -> Label:
    return meaning(row) or Label.same(row)


def _settings(asked: Asked) -> list[Section]:
    """How draws were made and what was assumed, where a table says so."""
    named = {"q": "q", "alpha": "alpha", "times": "times", "support": "support", "prior": "prior", "level": "level",
             "methods": "methods", "draws": "draws", "reps": "draws", "seed": "seed", "bootstrap": "bootstrap",
             "signs": "signs", "pool": "pool", "real_treated": "real treated", "stat": "statistic", "side": "side",
             "lags": "lags", "joint": "joint", "by": "by", "around": "rings"}  # fmt: skip
    found = [x for k, name in named.items() for x in line(name, name, _plain(asked.params.get(k)))]
    return [Section(Label("设定", "Settings"), tuple(found))] if found else []


def _plain(value: Any) -> str | None:
    if value in (None, "", [], {}):
        return None
    if isinstance(value, Mapping):
        return ", ".join(f"{k}: {_plain(v)}" for k, v in value.items() if v is not None)
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def of_family(asked: Asked) -> list[Section]:
    """A p value of a family, with the model of its member."""
    column, row = _parts(asked)
    found = [asked.number(line("是", "is", _of(asked, column, row))), *_settings(asked)]
    members = ", ".join(m["address"] for m in asked.params.get("members", []))
    found.append(Section(Label("假设族", "Family"), tuple(line("成员", "members", members))))
    address = column_of(asked.told, asked.version, row)
    if address is not None:
        made = asked.told.columns(asked.version)[address]
        again = Asked(asked.told, asked.version, row, made["table"], row[len(address) + 1 :], {}, made)
        found += of_model(again)[1:]
    return found


def of_balance(asked: Asked) -> list[Section]:
    """A number of a balance table or love plot, with how the sample was drawn."""
    return _described(_of)(asked)


EXPLAINERS: Mapping[str, Explainer] = {
    "table": of_model,
    "mediation": of_model,
    "event_table": of_model,
    "event_figure": of_model,
    "grid": across,
    "values": of_values,
    "describe": _described(_of),
    "correlate": _described(_correlation),
    "vif": _described(_of),
    "count": _described(_counted),
    "granger": _described(_caused),
    "sensitivity": _described(_of),
    "exogeneity": _described(_of),
    "family": of_family,
    "bacon": _described(_compared),
    "balance_table": of_balance,
    "love": of_balance,
    "trend": _described(_averaged),
    "leave_one_out": _described(_left_out),
    "placebo": _described(_permuted),
    "ring_figure": _described(_of),
    "specification_table": _described(_of),
    "specification_figure": _described(_of),
    "codebook": _described(_of),
}
"""By kind of the step that makes a table or figure."""
