"""The note below a regression table, written from what was done.

Every sentence is a function of the models and the spec in one language; where columns differ, each says which columns
it speaks of.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Hashable, Sequence
from dataclasses import replace
from typing import TypeVar

from econloom.core.estimate import CONSTANT, Tidy, Unavailable
from econloom.core.labels import Label, Lang
from econloom.core.spec import Diagnostic, TableSpec
from econloom.core.table import Style, Table
from econloom.report.phrases import columns, compound, inner, series, significance

_Key = TypeVar("_Key", bound=Hashable)
_Sentence = Callable[[Sequence[Tidy], TableSpec, Lang], str]
_ERRORS = {
    "zh": {
        "iid": "普通标准误",
        "hc1": "异方差稳健标准误",
        "hc2": "异方差稳健标准误（HC2）",
        "hc3": "异方差稳健标准误（HC3）",
        "robust": "对异方差及个体内相关稳健的标准误",
        "windmeijer": "Windmeijer修正的标准误",
        "two-step": "未作有限样本修正的两步标准误",
    },
    "en": {
        "iid": "conventional (iid) standard errors",
        "hc1": "heteroskedasticity-robust standard errors",
        "hc2": "heteroskedasticity-robust standard errors (HC2)",
        "hc3": "heteroskedasticity-robust standard errors (HC3)",
        "robust": "standard errors robust to heteroskedasticity and to correlation within units",
        "windmeijer": "Windmeijer-corrected standard errors",
        "two-step": "two-step standard errors without the finite-sample correction",
    },
}
_CLUSTERED = {
    "zh": {
        "cr2": "聚类到{}层面的偏误修正（CR2）稳健标准误",
        "cr3": "聚类到{}层面的刀切（CR3）稳健标准误",
        "wild": "聚类到{}层面的稳健标准误（显著性来自野聚类自助法）",
    },
    "en": {
        "cr2": "bias-reduced (CR2) standard errors clustered by {}",
        "cr3": "jackknife (CR3) standard errors clustered by {}",
        "wild": "standard errors clustered by {} (significance from the wild cluster bootstrap)",
    },
}
_COLLINEAR = re.compile(r"collinear with (.+?)( and \d+ more)?")
_REASONS = {
    "holds one value": "取值不变",
    "absorbed by the effects": "被固定效应吸收",
    "zero in every row": "各行皆为零",
    "a combination of the others": "与其他变量共线",
}


def note(models: Sequence[Tidy], spec: TableSpec) -> Label:
    """The generated note in both languages; empty when there is nothing to say.

    Parameters
    ----------
    models : sequence of Tidy
        One a column.
    spec : TableSpec
        Brackets, stars, controls and labels.

    Examples
    --------
    >>> from econloom.core.lineage import SampleLog
    >>> model = Tidy("y", (), {}, ("code",), "cluster(code)", "xtreg", "t", 40, SampleLog(9, (), 9), ("code",))
    >>> spec = TableSpec("t1", Label(), labels=(("code", Label("国家", "Country")),))
    >>> note([model], spec).zh
    '括号内为聚类到国家层面的稳健标准误；***、**、*分别表示在1%、5%、10%的水平上显著，按自由度为40的t分布。'
    >>> print(note([model], spec).en)
    Standard errors clustered by country in parentheses. ***, ** and * denote significance at the 1%, 5% and 10% \
levels, by the t distribution with 40 degrees of freedom.
    """
    return joined(sentences(models, spec))


def sentences(models: Sequence[Tidy], spec: TableSpec) -> tuple[Label, ...]:
    """The sentences of the generated note, each in both languages, without their full stops."""
    found = [Label(zh=write(models, spec, "zh"), en=write(models, spec, "en")) for write in _SENTENCES]
    return tuple(s for s in found if s)


def joined(found: Sequence[Label]) -> Label:
    """Sentences as one note; empty when there are none.

    Examples
    --------
    >>> joined([Label("甲", "standard errors"), Label("乙", "controls: x")])
    Label(zh='甲；乙。', en='Standard errors. Controls: x.')
    """
    if not found:
        return Label(zh="", en="")
    zh = "；".join(s.text("zh") for s in found) + "。"
    return Label(zh=zh, en=". ".join(_opened(s.text("en")) for s in found) + ".")


def ascribed(panel: Label, sentence: Label) -> Label:
    """A sentence that holds for one panel only."""
    return Label(
        zh=f"{panel.text('zh')}：{sentence.text('zh')}", en=f"{panel.text('en').rstrip(':')}: {sentence.text('en')}"
    )


def shorten(tables: Sequence[Table]) -> tuple[Table, ...]:
    """Tables of one paper with the common sentences of their notes said once.

    The first note ends with 下表同 / "the same holds below"; later tables keep only the sentences that the first one
    does not have, and their own notes.

    Examples
    --------
    >>> from econloom.core.table import Cell, Row
    >>> header, rows = ((Cell.text(Label.same("a")),),), (Row(Label(), (Cell(),)),)
    >>> said = (Label("括号内为标准误", "standard errors in parentheses"),)
    >>> one = Table("t1", Label(), header, rows, prefixed([joined(said)]), sentences=said)
    >>> [n.zh for table in shorten([one, one]) for n in table.notes]
    ['注：括号内为标准误。下表同。']
    """
    first = next((n for n, t in enumerate(tables) if t.sentences), None)
    if first is None or not any(t.sentences for t in tables[first + 1 :]):
        return tuple(tables)
    said = set(tables[first].sentences)
    done = list(tables[: first + 1])
    done[first] = _renoted(tables[first], tables[first].sentences, _SAME)
    for table in tables[first + 1 :]:
        done.append(_renoted(table, [s for s in table.sentences if s not in said], Label()))
    return tuple(done)


_SAME = Label(zh="下表同。", en=" The same holds for the tables below.")


def _renoted(table: Table, kept: Sequence[Label], end: Label) -> Table:
    """The table with another generated note; its own notes stay."""
    if not table.sentences:
        return table
    own = table.notes[1:]
    note = joined(kept)
    if end and note:
        note = Label(zh=note.text("zh") + end.text("zh"), en=note.text("en") + end.text("en"))
    return replace(table, notes=prefixed([note, *own], table.style))


def prefixed(notes: Sequence[Label], style: Style | None = None) -> tuple[Label, ...]:
    """The notes that say something, the first one opened by 注： / Notes:, or as the style has it.

    Examples
    --------
    >>> prefixed([Label(), Label(zh="来源：WIOD。", en="Source: WIOD.")])
    (Label(zh='注：来源：WIOD。', en='Notes: Source: WIOD.'),)
    """
    kept = [n for n in notes if n]
    if not kept:
        return ()
    opening = (style or Style()).note
    zh, en = kept[0].text("zh"), kept[0].text("en")
    zh = zh if zh.startswith("注") else f"{opening.text('zh')}{zh}"
    en = en if en.startswith("Note") else f"{opening.text('en')}{en}"
    return (Label(zh=zh, en=en), *kept[1:])


def _opened(sentence: str) -> str:
    """With a capital, except ``t statistics`` and ``p values``."""
    return sentence if sentence[1] == " " else sentence[0].upper() + sentence[1:]


def _grouped(keys: Sequence[_Key]) -> list[tuple[_Key, list[int]]]:
    """Column numbers by key, in order of first appearance."""
    groups: dict[_Key, list[int]] = {}
    for number, key in enumerate(keys, 1):
        groups.setdefault(key, []).append(number)
    return list(groups.items())


def _errors(model: Tidy, spec: TableSpec, lang: Lang) -> str:
    """The kind of standard errors of one model, in words."""
    kind = model.vcov.split("(")[0]
    if kind == "cluster":
        names = model.clusters or tuple(n.strip() for n in model.vcov[len("cluster(") : -1].split(","))
        labels = [compound(n, spec).text(lang) for n in names]
        if lang == "zh":
            return f"聚类到{series(labels, lang)}层面的稳健标准误"
        return f"standard errors clustered by {series([inner(n) for n in labels], lang)}"
    if kind in _CLUSTERED[lang]:
        label = compound(model.vcov[len(kind) + 1 : -1], spec).text(lang)
        return _CLUSTERED[lang][kind].format(label if lang == "zh" else inner(label))
    fallback = f"{model.vcov}标准误" if lang == "zh" else f"{model.vcov} standard errors"
    return _ERRORS[lang].get(kind, fallback)


def _bracketed(model: Tidy, spec: TableSpec, lang: Lang) -> str:
    """What one column's brackets hold."""
    errors = _errors(model, spec, lang)
    if spec.show.paren == "se":
        return errors
    if spec.show.paren == "ci":
        return f"由{errors}得出的95%置信区间" if lang == "zh" else f"95% confidence intervals from {errors}"
    letter = "p" if spec.show.paren == "p" else "t" if model.distribution == "t" else "z"
    if lang == "zh":
        return f"由{errors}得出的{letter}值"
    return f"{letter} {'values' if letter == 'p' else 'statistics'} from {errors}"


def _parentheses(models: Sequence[Tidy], spec: TableSpec, lang: Lang) -> str:
    if spec.show.paren == "none":
        return _inference(models, spec, lang)
    groups = _grouped([_bracketed(m, spec, lang) for m in models])
    square = spec.show.paren == "ci"
    kind = ("方括号" if square else "括号") if lang == "zh" else "square brackets" if square else "parentheses"
    if len(groups) == 1:
        return f"{kind}内为{groups[0][0]}" if lang == "zh" else f"{groups[0][0]} in {kind}"
    if lang == "zh":
        return f"{kind}内" + "，".join(f"{columns(c, lang)}为{what}" for what, c in groups)
    return f"in {kind}: " + "; ".join(f"{what} in {columns(c, lang)}" for what, c in groups)


def _inference(models: Sequence[Tidy], spec: TableSpec, lang: Lang) -> str:
    """Without brackets, stars still rest on standard errors: say which."""
    if not spec.stars:
        return ""
    groups = _grouped([_errors(m, spec, lang) for m in models])
    if lang == "zh":
        said = [f"{columns(c, lang) if len(groups) > 1 else ''}依据{what}" for what, c in groups]
        return "显著性" + "，".join(said)
    said = [f"{what}{' in ' + columns(c, lang) if len(groups) > 1 else ''}" for what, c in groups]
    return "significance rests on " + series(said, lang)


def _significance(models: Sequence[Tidy], spec: TableSpec, lang: Lang) -> str:
    if not spec.stars:
        return _reference(models, lang).lstrip("，, ") if spec.show.paren == "p" else ""
    return significance(spec.stars, lang) + _reference(models, lang)


def _reference(models: Sequence[Tidy], lang: Lang) -> str:
    """The distribution behind p values and stars; degrees of freedom where standard errors are clustered."""
    groups = _grouped([_distribution(m, lang) for m in models])
    if lang == "zh":
        return "，" + "，".join(f"{columns(c, lang) if len(groups) > 1 else ''}按{what}" for what, c in groups)
    said = [f"{what}{' in ' + columns(c, lang) if len(groups) > 1 else ''}" for what, c in groups]
    return ", by " + series(said, lang)


def _distribution(model: Tidy, lang: Lang) -> str:
    if model.distribution == "normal":
        return "标准正态分布" if lang == "zh" else "the standard normal distribution"
    kind = model.vcov.split("(")[0]
    if kind == "wild":
        return "野聚类自助法的分布" if lang == "zh" else "the wild cluster bootstrap"
    if kind in {"cr2", "cr3"}:
        return (
            "各系数Satterthwaite自由度的t分布"
            if lang == "zh"
            else "t distributions with Satterthwaite degrees of freedom"
        )
    if kind in {"cluster", "newey_west", "driscoll_kraay"} and model.df is not None:
        return f"自由度为{model.df:g}的t分布" if lang == "zh" else _t_english(model.df)
    return "残差自由度的t分布" if lang == "zh" else "the t distribution with residual degrees of freedom"


def _t_english(df: float) -> str:
    return f"the t distribution with {df:g} degree{'s' if df != 1 else ''} of freedom"


def _controls(models: Sequence[Tidy], spec: TableSpec, lang: Lang) -> str:
    """What stands behind a collapsed row of controls, by column where columns differ."""
    if spec.show.controls != "collapse":
        return ""
    held = [tuple(t for t in spec.controls if t != CONSTANT and m.holds(t)) for m in models]
    groups = [(key, c) for key, c in _grouped(held) if key]
    if not groups:
        return ""
    said = []
    for terms, numbers in groups:
        names = [compound(t, spec).text(lang) for t in terms]
        listed = series(names if lang == "zh" else [inner(n) for n in names], lang)
        if len(groups) == 1:
            return f"控制变量为{listed}" if lang == "zh" else f"controls: {listed}"
        said.append(f"{columns(numbers, lang)}为{listed}" if lang == "zh" else f"{listed} in {columns(numbers, lang)}")
    return "控制变量" + "，".join(said) if lang == "zh" else "controls: " + "; ".join(said)


def _removed(models: Sequence[Tidy], spec: TableSpec, lang: Lang) -> str:
    """Regressors that were asked for and could not be estimated."""
    found: dict[tuple[str, str], list[int]] = {}
    for number, model in enumerate(models, 1):
        for item in model.removed:
            found.setdefault(item, []).append(number)
    return ("；" if lang == "zh" else ". ").join(
        _left_out(compound(term, spec).text(lang), _reason(why, spec, lang), numbers, len(models), lang)
        for (term, why), numbers in found.items()
    )


def _left_out(term: str, why: str, numbers: list[int], of: int, lang: Lang) -> str:
    everywhere = len(numbers) == of
    if lang == "zh":
        return f"{'' if everywhere else columns(numbers, lang)}未估计{term}（{why}）"
    return f"{term} is left out{'' if everywhere else ' of ' + columns(numbers, lang)} ({why})"


def _reason(why: str, spec: TableSpec, lang: Lang) -> str:
    match = _COLLINEAR.fullmatch(why)
    if match is None:
        return _REASONS.get(why, why) if lang == "zh" else why
    others = [compound(n, spec).text(lang) for n in re.split(r", (?![^(]*\))", match[1])]
    if lang == "zh":
        return f"与{series(others, lang)}{'等' if match[2] else ''}共线"
    return f"collinear with {', '.join(others)}{match[2]}" if match[2] else f"collinear with {series(others, lang)}"


def _r2(models: Sequence[Tidy], spec: TableSpec, lang: Lang) -> str:
    """Two numbers go by the name of within R2: say which one this is."""
    kind = spec.show.r2
    if not any(m.effects and m.glance.get(kind) is not None for m in models):
        return ""
    if kind == "r2_within_unit":
        return "组内R²仅扣除个体固定效应" if lang == "zh" else "within R² is net of the unit effects only"
    if kind == "r2_within":
        return "组内R²已扣除全部固定效应" if lang == "zh" else "within R² is net of all fixed effects"
    return ""


def _tests(models: Sequence[Tidy], spec: TableSpec, lang: Lang) -> str:
    """What square brackets and braces hold, and why a test is missing."""
    cells = [(row, c) for row in spec.diagnostics for c in row.cells]
    real = [(row, c) for row, c in cells if isinstance(c, Diagnostic)]
    said = []
    if any(c.p_value is not None and row.p in ("below", "beside") for row, c in real):
        said.append("检验行方括号内为p值" if lang == "zh" else "p values of tests in square brackets")
    braces = [row for row, c in real if c.critical is not None and row.critical != "none"]
    if braces:
        default = Label(zh="临界值", en="critical values")
        names = list(dict.fromkeys((row.critical_label or default).text(lang) for row in braces))
        said.append(f"花括号内为{series(names, lang)}" if lang == "zh" else f"{series(names, lang)} in braces")
    for row, cell in cells:
        if isinstance(cell, Unavailable):
            reason = f"{row.label.text(lang)}{'：' if lang == 'zh' else ': '}{cell.reason}"
            said += [reason] if reason not in said else []
    return ("；" if lang == "zh" else "; ").join(said)


_SENTENCES: tuple[_Sentence, ...] = (_parentheses, _significance, _controls, _removed, _r2, _tests)
