"""Tests of the differences between groups of columns, and what a table says of how its groups were made."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from econloom.core.estimate import Unavailable
from econloom.core.frame import Panel
from econloom.core.labels import Label
from econloom.core.spec import Diagnostic, DiagnosticRow
from econloom.data.expressions import Scope
from econloom.panel.designs import heterogeneity
from econloom.panel.designs.differences import Comparison, left_out_notes
from econloom.panel.designs.joint import overlap
from econloom.panel.designs.splits import refuse_functions
from econloom.panel.fit import Fit
from econloom.report import about, notes
from econloom.study.divided import Compared, Divided
from econloom.study.estimates import asked

_ROWS = {
    "interaction": Label(zh="与首组的系数差：{}", en="Difference from first group: {}"),
    "suest": Label(zh="与首组的系数差（SUR检验）：{}", en="Difference from first group (suest): {}"),
    "permutation": Label(zh="经验p值：{}", en="Permutation p value: {}"),
}
_SAID = {
    "interaction": Label(
        zh="系数差为首组减本组，方括号内为Chow检验（全部变量与固定效应同组别交乘）的p值",
        en="differences are the first group's coefficient less the column's; p values in brackets are of Chow's test, "
        "everything interacted with the group, effects too",
    ),
    "suest": Label(
        zh="SUR检验按似无相关估计（suest）的联合协方差计算",
        en="suest: by the joint covariance of seemingly unrelated estimates",
    ),
}


def differences(params: Mapping[str, Any], inputs: Sequence[Any], progress: Callable[[int, int], object]) -> Compared:
    """Tests of every family of columns, and the words of the note.

    Parameters
    ----------
    params : mapping
        As planned: families of columns, the model of all their rows, terms, tests, draws, seed, permute.
    inputs : sequence
        Panels, divided panels, and fits by key.
    """
    fits: dict[str, Fit] = {k: v for part in inputs if isinstance(part, dict) for k, v in part.items()}
    made = [part for part in inputs if isinstance(part, Divided)]
    families = [[fits[c["key"]] for c in family] for family in params["families"]]
    for family in families:
        _refuse(family, made, params["terms"])
    found = [
        _compare(family, columns, params, progress)
        for family, columns in zip(families, params["families"], strict=True)
    ]
    rows = [(term, _row(term, test, found, params)) for term in params["terms"] for test in params["tests"]]
    said = [d.groups.said(_label(s)) for d, s in zip(made, params["splits"], strict=True)]
    said += _left_out(families, params, [p for p in inputs if isinstance(p, Panel)])
    said += [_SAID[t] for t in params["tests"] if t in _SAID and params["terms"]]
    said += _dealt([c for c in found if c is not None], params)
    return Compared(tuple(rows), (notes.joined(said),) if said else ())


def _label(split: Mapping[str, Any]) -> Label:
    return Label(**split["label"])


def _refuse(family: Sequence[Fit], made: Sequence[Divided], terms: Sequence[str]) -> None:
    """Refuse splits by a function of the outcome or of the compared terms."""
    asked = family[0].request
    for divided in made:
        if divided.panel is asked.panel and hasattr(asked, "model"):
            chosen = [t for t in asked.model.regressors if t.name in terms] or list(asked.model.regressors[:1])
            refuse_functions(divided.groups, heterogeneity.columns_of(asked, [asked.model.outcome, *chosen]))


def _compare(
    family: Sequence[Fit],
    columns: Sequence[Mapping[str, Any]],
    params: Mapping[str, Any],
    progress: Callable[[int, int], object],
) -> Comparison | Unavailable | None:
    if not params["terms"]:
        return None
    if not all(isinstance(f, Fit) for f in family):
        return Unavailable("tests of differences are built for least squares and instruments")
    terms = [t for t in params["terms"] if any(t in f.estimate.names for f in family)]
    if not terms:
        return None
    named = {str(c["group"]): f for c, f in zip(columns, family, strict=True)}
    return heterogeneity.differences(
        named, terms, params["tests"], params["draws"], params["seed"], params["permute"], progress
    )


def _row(
    term: str, test: str, found: Sequence[Comparison | Unavailable | None], params: Mapping[str, Any]
) -> DiagnosticRow:
    """One test of one term, in the columns of every group but the first."""
    cells: list[Diagnostic | Unavailable | None] = [None] * params["width"]
    for result, family in zip(found, params["families"], strict=True):
        for column in family[1:]:
            cells[column["column"]] = _cell(result, term, test, family[0]["group"], column["group"])
    return DiagnosticRow(f"difference_{test}[{term}]", _ROWS[test], tuple(cells))


def _cell(
    result: Comparison | Unavailable | None, term: str, test: str, first: str, second: str
) -> Diagnostic | Unavailable | None:
    if not isinstance(result, Comparison):
        return result
    for d in result.differences:
        if (d.term, d.test, d.first, d.second) == (term, test, first, second):
            if d.unavailable is not None:
                return Unavailable(d.unavailable)
            said = about.compared(term, first, second, d.std_error, d.statistic)
            if test == "permutation":
                return Diagnostic(d.p_value, about=said)
            return Diagnostic(d.difference, None if d.p_value != d.p_value else d.p_value, about=said)
    return None


def _left_out(families: Sequence[Sequence[Fit]], params: Mapping[str, Any], panels: Sequence[Panel]) -> list[Label]:
    """Rows of the whole that no group has, and rows in several groups, by the splits that say so."""
    said: dict[tuple[str, str], Label] = {}
    for family, whole in zip(families, params["wholes"], strict=True):
        if not all(isinstance(f, Fit) for f in family):
            continue
        panel = family[0].request.panel
        lists = {name: tuple(items) for name, items in whole["lists"].items()}
        request = asked(panel, whole, whole["where"], Scope(lists, whole["names"]))
        left = heterogeneity.rows_left_out(request, family)
        name = whole["split"][0] if whole["split"] else ""
        of = next((_label(s) for s in params["splits"] if s["name"] == name), Label())
        for label in left_out_notes(left, overlap(family)):
            whose = Label(zh=f"{of.text('zh')}：{label.zh}", en=f"{of.text('en')}: {label.en}") if name else label
            said[whose.text("zh"), whose.text("en")] = whose
    return list(said.values())


def _dealt(found: Sequence[Comparison | Unavailable], params: Mapping[str, Any]) -> list[Label]:
    """How labels were dealt."""
    laws = [c.permutation for c in found if isinstance(c, Comparison) and c.permutation is not None]
    said = dict.fromkeys((law.blocks, law.draws) for law in laws)
    words = []
    for blocks, draws in said:
        zh = "逐观测" if blocks == "rows" else f"以{blocks}为单位"
        en = "rows" if blocks == "rows" else f"values of {blocks}"
        words.append(Label(zh=f"经验p值来自{zh}重排组别{draws}次的置换检验（种子{params['seed']}）",
                           en=f"permutation p values from {draws} draws that deal {en} to the groups anew "
                           f"(seed {params['seed']})"))  # fmt: skip
    return words
