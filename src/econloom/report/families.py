"""Tables about models of other tables: sensitivity to what is left out, families of hypotheses."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from econloom.core.errors import UsageError
from econloom.core.labels import Label
from econloom.core.spec import TableSpec
from econloom.core.table import Cell, Row, Table
from econloom.report.body import value_cell
from econloom.report.phrases import compound
from econloom.report.summaries import plain_table
from econloom.report.words import word

OSTER = (
    "beta_uncontrolled",
    "r2_uncontrolled",
    "r2_controlled",
    "r2_max",
    "delta",
    "beta",
    "assumed_delta",
    "beta_star",
)
"""Numbers of :meth:`econloom.sensitivity.Oster.tidy` that the table shows."""
_HEADS = ("estimate", "std_error", "statistic")
_BOUNDS = ("conf_low", "conf_high", "r2_treatment", "r2_outcome")
_DASH = Cell.text(Label.same("—"))


def unavailable(what: str, why: Label) -> Label:
    """The sentence that says why a number is not there.

    Examples
    --------
    >>> unavailable("Romano-Wolf", Label(zh="无聚类", en="no clusters")).en
    'no numbers of Romano-Wolf: no clusters'
    """
    return Label(zh=f"{what}无结果：{why.text('zh')}", en=f"no numbers of {what}: {why.text('en')}")


def sensitivity(
    numbers: Mapping[str, Any], bounds: Sequence[Mapping[str, Any]], spec: TableSpec, lacking: Sequence[Label] = ()
) -> Table:
    """Estimates as they are, adjusted, and had a variable been left out; below them what one would have to explain.

    Parameters
    ----------
    numbers : mapping
        ``treatment``, ``estimate``, ``std_error``, ``statistic``, ``partial_r2``, ``rv``, ``rv_alpha``, ``q``,
        ``alpha`` and, where there are any, those of :data:`OSTER`.
    bounds : sequence of mapping
        ``benchmark``, ``times`` and, unless there is no bound, the columns of ``Robustness.bounds``.
    spec : TableSpec
    lacking : sequence of Label
        Why numbers are not there, for the note.

    Examples
    --------
    >>> numbers = {"treatment": "x", "estimate": 0.5, "std_error": 0.1, "statistic": 5.0, "partial_r2": 0.2, "rv": 0.4,
    ...            "rv_alpha": 0.3, "q": 1.0, "alpha": 0.05}
    >>> made = sensitivity(numbers, [], TableSpec("s", Label()))
    >>> [c.value for c in made.rows[0].cells], made.rows[-1].label.text("en"), made.rows[-1].cells[0].value
    ([0.5, 0.1, 5.0], 'Robustness value RV (q = 1, 5% level)', 0.3)
    """
    heads = (*_HEADS, *(_BOUNDS if bounds else ()))
    term = compound(numbers["treatment"], spec)
    rows = [_numbered(term, "model", heads, numbers, spec)]
    if "beta_star" in numbers:
        rows += _oster_rows(numbers, heads, spec)
    rows += [_bound(bound, heads, spec) for bound in bounds]
    below = _scalars(numbers)
    for number, (name, label) in enumerate(below.items()):
        cells = [_number(numbers[name], f"{spec.id}.value.{name}", spec)] + [Cell()] * (len(heads) - 1)
        rows.append(Row(label, tuple(cells), role="statistic", rule_above=number == 0))
    said = [*_sensitivity_notes(numbers, bool(bounds)), *lacking]
    return plain_table(spec, [word(h, spec.style) for h in heads], rows, said)


def _number(value: float | None, source: str, spec: TableSpec) -> Cell:
    return _DASH if value is None else value_cell(value, spec.digits, source)


def _numbered(label: Label, name: str, heads: Sequence[str], found: Mapping[str, Any], spec: TableSpec) -> Row:
    """A row of estimates; what it does not have stays empty."""
    cells = [_number(found[h], f"{spec.id}.{h}.{name}", spec) if h in found else Cell() for h in heads]
    return Row(label, tuple(cells))


def _oster_rows(numbers: Mapping[str, Any], heads: Sequence[str], spec: TableSpec) -> list[Row]:
    assumed = f"{numbers['assumed_delta']:g}"
    short = Label(zh="不含控制变量", en="Without controls")
    star = Label(zh=f"偏误调整系数β*（δ = {assumed}）", en=f"Bias-adjusted β* (δ = {assumed})")
    return [
        _numbered(short, "uncontrolled", heads, {"estimate": numbers["beta_uncontrolled"]}, spec),
        _numbered(star, "beta_star", heads, {"estimate": numbers["beta_star"]}, spec),
    ]


def _bound(bound: Mapping[str, Any], heads: Sequence[str], spec: TableSpec) -> Row:
    times, name = f"{bound['times']:g}", compound(bound["benchmark"], spec)
    label = Label(zh=f"遗漏变量强度为{times} × {name.text('zh')}", en=f"Omitted: {times} × {name.text('en')}")
    known = bound if "estimate" in bound else dict.fromkeys(heads)
    return _numbered(label, f"{bound['benchmark']}.x{times}", heads, known, spec)


def _scalars(numbers: Mapping[str, Any]) -> dict[str, Label]:
    """Labels of the numbers below the estimates."""
    found: dict[str, Label] = {}
    if "beta_star" in numbers:
        target = f"{numbers['beta']:g}"
        found = {
            "delta": Label(zh=f"使系数为{target}的δ", en=f"δ for a coefficient of {target}"),
            "r2_uncontrolled": Label(zh="R²（不含控制变量）", en="R² without controls"),
            "r2_controlled": Label(zh="R²（含控制变量）", en="R² with controls"),
            "r2_max": Label(zh="R²上限", en="Maximal R²"),
        }
    q, level = f"{numbers['q']:g}", f"{100 * numbers['alpha']:g}"
    return found | {
        "partial_r2": Label(zh="处理变量与被解释变量的偏R²", en="Partial R² of treatment and outcome"),
        "rv": Label(zh=f"稳健性值RV（q = {q}）", en=f"Robustness value RV (q = {q})"),
        "rv_alpha": Label(
            zh=f"稳健性值RV（q = {q}，{level}%水平）", en=f"Robustness value RV (q = {q}, {level}% level)"
        ),
    }


def _sensitivity_notes(numbers: Mapping[str, Any], bounded: bool) -> list[Label]:
    said = [
        Label(
            zh="标准误、t值、偏R²与稳健性值（Cinelli和Hazlett，2020）按独立同分布误差计算，固定效应已剔除",
            en="std. errors, t, partial R² and RV (Cinelli and Hazlett 2020): iid errors, within effects",
        )
    ]
    if bounded:
        level = f"{100 * (1 - numbers['alpha']):g}"
        said.append(
            Label(
                zh=f"“遗漏变量”各行：若另加入一个强度为该控制变量k倍的变量，系数及其{level}%置信区间",
                en=f"omitted: estimate and {level}% interval with a further variable k times as strong as the control",
            )
        )
    if "beta_star" in numbers:
        said.append(
            Label(
                zh="β*与δ按Oster（2019）计算，R²为剔除固定效应后的组内值",
                en="selection on unobservables, β* and δ: Oster (2019), with R² within effects",
            )
        )
    return said


def family(
    members: Sequence[Mapping[str, Any]],
    spec: TableSpec,
    made: Mapping[str, Any],
    lacking: Sequence[Label] = (),
) -> Table:
    """Estimates and p values of a family's hypotheses, with the p values adjusted for their number.

    Parameters
    ----------
    members : sequence of mapping
        ``address`` (``t3.c2.x``), ``outcome``, ``term``, ``label`` and ``group`` (``zh`` and ``en``, or None),
        ``estimate``, ``std_error``, ``p_value``, perhaps ``bootstrap_p`` (of the hypothesis alone) and a number for
        each method; an absent one is a dash.
    spec : TableSpec
    made : mapping
        ``methods``, the ``family`` by name (``zh`` and ``en``), and ``draws``, ``seed`` and ``bootstrap``.
    lacking : sequence of Label
        Why a method has no numbers, for the note.

    Raises
    ------
    UsageError
        No member.

    Examples
    --------
    >>> member = {"address": "t3.c1.x", "outcome": "y", "term": "x", "label": None, "group": None, "estimate": 0.5,
    ...           "std_error": 0.1, "p_value": 0.01, "holm": 0.02}
    >>> made = family([member], TableSpec("f", Label()), {"methods": ["holm"], "family": {"zh": "全部", "en": "All"}})
    >>> made.rows[0].label.text("en"), [c.value for c in made.rows[0].cells]
    ('y: x', [0.5, 0.1, 0.01, 0.02])
    """
    if not members:
        raise UsageError(f"table {spec.id}: a family without members")
    drawn = any("bootstrap_p" in m for m in members)
    heads = ("estimate", "std_error", "p_value", *(["bootstrap_p"] if drawn else []), *made["methods"])
    labels = [_hypothesis(m, spec) for m in members]
    often = Counter(labels)
    rows = []
    for member, label in zip(members, labels, strict=True):
        shown = label if often[label] == 1 else _addressed(label, member["address"])
        cells = [_number(member.get(h), f"{spec.id}.{h}.{member['address']}", spec) for h in heads]
        rows.append(Row(shown, tuple(cells)))
    said = [*_family_notes(len(members), made), *lacking]
    return plain_table(
        replace(spec, stub=spec.stub or word("hypothesis", spec.style)),
        [word(h, spec.style) for h in heads],
        rows,
        said,
    )


def _hypothesis(member: Mapping[str, Any], spec: TableSpec) -> Label:
    if member["label"]:
        return Label(**member["label"])
    outcome, term = (compound(member[k], spec) for k in ("outcome", "term"))
    group = Label(**member["group"]) if member["group"] else None
    return Label(
        zh=f"{outcome.text('zh')}：{term.text('zh')}" + (f"（{group.text('zh')}）" if group else ""),
        en=f"{outcome.text('en')}: {term.text('en')}" + (f" ({group.text('en')})" if group else ""),
    )


def _addressed(label: Label, address: str) -> Label:
    """With its place, where two hypotheses read the same."""
    return Label(zh=f"{label.text('zh')} [{address}]", en=f"{label.text('en')} [{address}]")


def _family_notes(size: int, made: Mapping[str, Any]) -> list[Label]:
    name = Label(**made["family"])
    said = [
        Label(
            zh=f"假设族：{name.text('zh')}，共{size}个假设；p值为各模型原有的p值，其后各列为校正后的p值",
            en=f"family: {name.text('en')}, {size} hypotheses; p is of each model, the columns after it are adjusted",
        )
    ]
    if "romano_wolf" in made["methods"] and not made.get("unshared"):
        wild = made["bootstrap"] == "wild"
        zh, en = ("野聚类自助法", "wild cluster bootstrap") if wild else ("聚类配对自助法", "pairs cluster bootstrap")
        draws, seed = made["draws"], made["seed"]
        said.append(
            Label(
                zh=f"Romano-Wolf逐步p值与单个假设的自助法p值采用{zh}，各模型共用{draws}次抽样（种子{seed}）",
                en=f"Romano-Wolf and, of each alone, bootstrap p values: {en}, {draws} shared draws (seed {seed})",
            )
        )
    return said
