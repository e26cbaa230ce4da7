"""The parts of an explanation: number, model, standard error, sample, variables, sources, run."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from econloom.core.labels import Label, Lang
from econloom.study.why import wording
from econloom.study.why.told import Record, Told


@dataclass(frozen=True, slots=True)
class Line:
    """One fact: what it is, what it says, where it stands in the study file, how deep it lies."""

    label: Label
    text: Label
    at: str = ""
    depth: int = 0


@dataclass(frozen=True, slots=True)
class Section:
    """Facts under one heading."""

    title: Label
    lines: tuple[Line, ...]


def line(zh: str, en: str, text: str | float | int | Label | None, at: str = "", depth: int = 0) -> list[Line]:
    """One line, none where there is nothing to say."""
    if text is None or text == "":
        return []
    words = text if isinstance(text, Label) else Label.same(exact(text) if isinstance(text, float) else str(text))
    return [Line(Label(zh, en), words, at, depth)]


def exact(value: float | int | None) -> str:
    """A number with all its digits."""
    return "—" if value is None else repr(value) if isinstance(value, float) else str(value)


def shown(section: Section, lang: Lang) -> list[str]:
    """A section as lines of text."""
    found = [section.title.text(lang)]
    for one in section.lines:
        label, text = one.label.text(lang), one.text.text(lang)
        place = f"  [{one.at}]" if one.at else ""
        separator = "：" if lang == "zh" else ": "
        found.append("  " * (one.depth + 1) + (f"{label}{separator}{text}" if label else text) + place)
    return found


# models --------------------------------------------------------------------------------------------------------------


def model(told: Told, column: Record) -> Section:
    """The model as it ran."""
    planned = column.get("model", {})
    extra = column.get("extra", {})
    name = extra.get("companion") or extra.get("method") or planned.get("estimator") or extra.get("estimator") or "ols"
    lines = line("公式", "formula", column.get("formula"), column.get("at", ""))
    lines += line("估计方法", "estimator", estimator(str(name)))
    if column.get("stage") in wording.STAGES:
        lines += line("阶段", "stage", wording.STAGES[column["stage"]])
    lines += line("固定效应", "effects", " + ".join(column.get("effects", [])) or Label("无", "none"))
    lines += line("权重", "weights", planned.get("weights"))
    lines += line("样本条件", "rows where", planned.get("where"))
    lines += line("分组", "group", extra.get("group"))
    if extra.get("compared"):
        lines += line("比较对象", "compared with", Label(**extra["compared"]))
    lines += _options(planned)
    for removed, why in column.get("removed", []):
        lines += line("剔除的变量", "left out", f"{removed}: {why}")
    for warning in extra.get("warnings", []):
        lines += line("提示", "warning", warning)
    return Section(Label("模型", "Model"), tuple(lines))


def estimator(name: str) -> Label:
    """An estimator in words."""
    from econloom.study.staggered import ROBUST

    if name in ROBUST:
        return Label(f"{ROBUST[name].label.text('zh')}（{ROBUST[name].note.text('zh')}）",
                     f"{ROBUST[name].label.text('en')} ({ROBUST[name].note.text('en')})")  # fmt: skip
    return wording.ESTIMATORS.get(name, Label.same(name))


def _options(planned: Record) -> list[Line]:
    found = []
    if planned.get("options"):
        found += line("选项", "options", ", ".join(f"{k} = {v}" for k, v in planned["options"].items()))
    if planned.get("prepare"):
        made = {k: v for k, v in planned["prepare"].items() if v not in (None, [], {})}
        found += line("预处理", "prepared", ", ".join(f"{k}: {v}" for k, v in made.items()))
    if planned.get("scale"):
        found += line("交互项标度", "scale of products", ", ".join(f"{k}: {v}" for k, v in planned["scale"].items()))
    return found


def planned_model(record: Record, at: str = "") -> Section:
    """A model that was planned, for tables that are about it."""
    column = {
        "formula": record.get("formula"),
        "model": record,
        "at": at,
        "vcov": record.get("vcov", {}),
        "effects": [],
    }
    lines = line("公式", "formula", record.get("formula"), at)
    lines += line("估计方法", "estimator", estimator(str(record.get("estimator", "ols"))))
    lines += line("样本条件", "rows where", record.get("where")) + line("权重", "weights", record.get("weights"))
    lines += line("标准误", "standard errors", wording.covariance(column["vcov"], "")[0])
    lines += _options(record)
    return Section(Label("所依据的模型", "Model behind it"), tuple(lines))


def error(column: Record) -> Section:
    """The covariance and the small-sample convention in words, with their formulas."""
    planned = column.get("vcov", {})
    words, formula = wording.covariance(planned, str(column.get("vcov_text", "")))
    numbers = column.get("extra", {}).get("small_sample", {})
    lines = line("协方差", "covariance", words) + line("公式", "formula", formula)
    lines += line(
        "小样本约定", "small-sample convention", wording.CONVENTIONS.get(column["ssc"], Label.same(column["ssc"]))
    )
    lines += line("修正因子", "factor", wording.factor(column["ssc"], str(planned.get("kind", "")), numbers))
    df = column.get("df")
    law = Label("标准正态分布", "standard normal") if df is None else Label.same(f"t({df:g})")
    lines += line("p值与星号的分布", "law of p values and stars", law)
    lines += line("聚类数", "clusters", column.get("glance", {}).get("n_clusters"))
    return Section(Label("标准误", "Standard error"), tuple(lines))


def funnel(told: Told, column: Record) -> Section:
    """From the rows of the sources to N."""
    lines = panel_lines(told, [column["panel"]] if column.get("panel") else [])
    log = column["funnel"]
    if log["offered"] or log["n"]:
        lines += line("模型可用的行", "rows offered to the model", log["offered"])
    for drop in log["drops"]:
        lines.append(Line(wording.said(drop["reason"]), Label.same(f"−{drop['rows']}"), depth=1))
    lines += line("使用的行（N）", "rows used (N)", log["n"])
    sample = column.get("sample")
    if sample is not None:
        where = told.why["samples"][sample]["file"]
        lines += line("哪些行", "which rows", Label(f"{where} 的列 {sample}", f"column {sample} of {where}"))
    elif log["n"]:
        unknown = Label("该估计量的N不是数据的行，或未记录是哪些行",
                        "the N of this estimator counts no rows of the data, or does not say which")  # fmt: skip
        lines += line("哪些行", "which rows", unknown)
    return Section(Label("样本", "Sample"), tuple(lines))


def panel_lines(told: Told, ids: Sequence[str]) -> list[Line]:
    """What happened to the rows of panels, up to the prepared one."""
    found: list[Line] = []
    for panel in (told.why["panels"][i] for i in ids):
        for _, message, before, after in panel.get("events", []):
            rows = f"{before} → {after}" if before is not None and after is not None and before != after else ""
            found.append(Line(Label(), _with(wording.said(message), rows), depth=1))
        found += line(f"面板{panel['panel']}的行", f"rows of the panel {panel['panel']}", panel.get("rows"))
    return found


def _with(words: Label, rows: str) -> Label:
    return Label(f"{words.text('zh')}（{rows}）", f"{words.text('en')} ({rows})") if rows else words


# variables and sources -------------------------------------------------------------------------------------


def variables(told: Told, column: Record) -> Section | None:
    """Every variable traced back, step by step."""
    lines: list[Line] = []
    seen: set[str] = set()
    for part in column.get("variables", []):
        role = wording.ROLES.get(part["role"], Label.same(part["role"]))
        lines.append(Line(role, Label.same(part["name"])))
        for one in part["of"]:
            lines += traced(told, one, 1, seen, fills(told, [column["panel"]] if column.get("panel") else []))
    return Section(Label("变量的来历", "Where the variables come from"), tuple(lines)) if lines else None


def named(told: Told, ids: Sequence[str], panels: Sequence[str]) -> Section | None:
    """Some variables traced back."""
    seen: set[str] = set()
    lines = [x for one in ids for x in traced(told, one, 0, seen, fills(told, panels))]
    return Section(Label("变量的来历", "Where the variables come from"), tuple(lines)) if lines else None


def fills(told: Told, panels: Sequence[str]) -> Mapping[str, list[str]]:
    """What was filled in, by variable."""
    found: dict[str, list[str]] = {}
    for message in (m for p in panels for m in told.why["panels"][p].get("fills", [])):
        known = found.setdefault(message.partition(":")[0], [])
        if message not in known:
            known.append(message)
    return found


def traced(told: Told, one: str, depth: int, seen: set[str], filled: Mapping[str, list[str]]) -> Iterator[Line]:
    """A variable, and below it those that it is made of."""
    made = told.why["variables"][one]
    label = Label(**made["label"]) if "label" in made else Label()
    name = Label(_called(made["name"], label.text("zh")), _called(made["name"], label.text("en")))
    if one in seen:
        yield Line(name, Label("见上", "see above"), depth=depth)
        return
    seen.add(one)
    yield Line(name, _made(told, made), made.get("at", ""), depth)
    for message in filled.get(made["name"], []):
        yield Line(Label(), wording.said(message), depth=depth + 1)
    for name_of, condition in made.get("samples", {}).items():
        yield Line(Label(f"样本{name_of}", f"sample {name_of}"), Label.same(condition), depth=depth + 1)
    for below in made.get("of", []):
        yield from traced(told, below, depth + 1, seen, filled)


def _called(name: str, label: str) -> str:
    return f"{name} ({label})" if label and label != name else name


def _made(told: Told, made: Record) -> Label:
    how = wording.HOW.get(made["how"], Label.same(made["how"]))
    files = [_where(told.why["sources"][s]) for s in made.get("sources", [])]
    if "panel" in made:
        files.append(made["panel"])
    column = f".{made['column']}" if "column" in made else ""
    what = made.get("text") or ""
    by = f" by {', '.join(made['by'])}" if "by" in made else ""
    ends = f" ← {', '.join(files)}{column}" if files and what else f"{', '.join(files)}{column}"
    zh, en = (f"{how.text(lang)} {what}{by}{ends}".strip() for lang in ("zh", "en"))
    return Label(zh, en)


def _where(source: Record) -> str:
    return f"{source['name']} ({source.get('path') or 'simulated ' + str(source.get('simulate'))})"


def sources(told: Told, ids: Sequence[str]) -> Section | None:
    """Files and their digests."""
    wanted: dict[str, None] = {}
    pending = list(ids)
    seen: set[str] = set()
    while pending:
        one = pending.pop(0)
        if one not in seen:
            seen.add(one)
            made = told.why["variables"][one]
            wanted |= dict.fromkeys(made.get("sources", []))
            pending += made.get("of", [])
    lines = [x for name in wanted for x in _source(told.why["sources"][name])]
    return Section(Label("来源", "Sources"), tuple(lines)) if lines else None


def _source(source: Record) -> list[Line]:
    name = source["name"]
    if "simulate" in source:
        what = f"{source['simulate']}, seed {source['seed']}, process {source['process']}"
        return line(name, name, Label(f"模拟：{what}", f"simulated: {what}"), source.get("at", ""))
    lines = line(name, name, f"{source['path']}", source.get("at", ""))
    lines += line("SHA-256", "SHA-256", source["sha256"], depth=1)
    return lines + line("取", "rows where", source.get("where"), depth=1)


def run(told: Told, digest: str | None) -> Section:
    """When and by what it was made."""
    record = told.run
    code = record.get("code", {})
    lines = line("econloom", "econloom", record.get("econloom"))
    lines += line("代码摘要", "digest of the code", code.get("digest"))
    lines += line("Python", "Python", record.get("python")) + line("完成于", "finished", record.get("finished"))
    lines += line("步骤摘要", "digest of the step", digest)
    return Section(Label("运行", "Run"), tuple(lines))
