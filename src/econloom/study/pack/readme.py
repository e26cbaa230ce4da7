"""The README of a pack, in the order of the template of the social science data editors (AEA), in two languages.

What the study knows is written; what only its author can know is marked as to be filled by the author.
"""

from __future__ import annotations

import platform
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import econloom
from econloom.audit import Audit
from econloom.core.labels import Label, Lang
from econloom.study.pack.described import availability, dataset_list, licences, size, source_details
from econloom.study.pack.places import Places
from econloom.study.pack.sources import Kept
from econloom.study.plan import Plan


@dataclass(frozen=True)
class Said:
    """What a README is made from.

    Attributes
    ----------
    plan : Plan
    file : str
        The study file's place in the pack.
    sources : sequence of Kept
    libraries : mapping of str to str
        Exact versions.
    record : mapping
        The run's ``run.json``.
    seconds : float
        Of a whole run; 0 where parts came from the cache, so that nobody knows.
    audit : Audit
        Of the run's tables.
    sizes : mapping of str to int
        Bytes by file of the pack.
    """

    plan: Plan
    file: str
    places: Places
    sources: Sequence[Kept]
    libraries: Mapping[str, str]
    record: Mapping[str, Any]
    seconds: float
    audit: Audit
    sizes: Mapping[str, int]


def fill(lang: Lang, zh: str, en: str) -> str:
    """A mark where only the author knows.

    Examples
    --------
    >>> fill("en", "题目", "title of the paper")
    '**[to be filled by the author: title of the paper]**'
    """
    return f"**【待作者填写：{zh}】**" if lang == "zh" else f"**[to be filled by the author: {en}]**"


def text(said: Said, lang: Lang) -> str:
    """The whole README as Markdown."""
    parts = (_overview, _data, _requirements, _programs, _instructions, _tables, _references)
    lines = [line for part in parts for line in (*part(said, lang), "")]
    return "\n".join(lines).rstrip() + "\n"


def _overview(said: Said, lang: Lang) -> Iterator[str]:
    spec = said.plan.spec
    made = f"{len(spec.tables)} / {len(spec.figures)}"
    seconds = said.seconds
    if lang == "zh":
        yield f"# {spec.title.label.text('zh')}：复现包说明"
        yield ""
        yield f"论文：{fill(lang, '题目、作者、期刊', '')}"
        yield ""
        yield "## 概述"
        yield ""
        yield (
            f"本复现包从原始数据生成研究“{spec.study}”的全部表格与图形（表/图：{made}）。全部步骤写在一个研究文件"
            f"`{said.file}`中，由econloom {econloom.__version__}（随包提供）执行。运行`python run.py`："
            f"建立环境、运行研究，并与`expected/`中的结果逐一比较。计算约需{_time(seconds, lang)}（不含安装）。"
        )
        return
    yield f"# Replication package: {spec.title.label.text('en')}"
    yield ""
    yield f"Paper: {fill(lang, '', 'title, authors, journal')}"
    yield ""
    yield "## Overview"
    yield ""
    yield (
        f"This package makes all tables and figures of the study `{spec.study}` (tables / figures: {made}) from "
        f"raw data. One study file, `{said.file}`, holds every step; econloom {econloom.__version__}, which is in the "
        "package, carries it out. `python run.py` makes an environment, runs the study and holds every number "
        f"against those in `expected/`. The computation takes about {_time(seconds, lang)}, installation apart."
    )


def _time(seconds: float, lang: Lang) -> str:
    if seconds <= 0:
        return fill(lang, "完整运行所需时间", "duration of a whole run")
    if seconds < 90:
        return f"{max(1, round(seconds))}秒" if lang == "zh" else f"{max(1, round(seconds))} s"
    return f"{round(seconds / 60)}分钟" if lang == "zh" else f"{round(seconds / 60)} minutes"


def _data(said: Said, lang: Lang) -> Iterator[str]:
    zh = lang == "zh"
    yield "## 数据可得性与来源说明" if zh else "## Data Availability and Provenance Statements"
    yield ""
    yield "### 权利声明" if zh else "### Statement about Rights"
    yield ""
    first = Label(
        zh="作者有权合法获取并使用本文所用数据",
        en="The authors have legitimate access to and permission to use the data.",
    )
    second = Label(
        zh="作者有权再分发随包提供的数据", en="The authors have permission to redistribute the data in this package."
    )
    mark = fill(lang, "确认", "confirm")
    yield f"- [ ] {first.text(lang)} {mark}"
    yield f"- [ ] {second.text(lang)} {mark}"
    yield ""
    yield "### 数据许可" if zh else "### License for Data"
    yield ""
    yield from licences(said.sources, lang, fill)
    yield ""
    yield "### 可得性概况" if zh else "### Summary of Availability"
    yield ""
    yield from availability(said.sources, lang)
    yield ""
    yield "### 各数据来源" if zh else "### Details on each Data Source"
    yield ""
    yield from source_details(said.sources, lang, fill)
    yield ""
    yield "## 数据文件清单" if zh else "## Dataset list"
    yield ""
    yield from dataset_list(said.sources, lang)


def _requirements(said: Said, lang: Lang) -> Iterator[str]:
    zh = lang == "zh"
    python, system = platform.python_version(), f"{platform.system()} {platform.machine()}"
    yield "## 计算要求" if zh else "## Computational requirements"
    yield ""
    yield "### 软件要求" if zh else "### Software Requirements"
    yield ""
    yield f"- Python {python}" + ("（3.11或更高版本可用）" if zh else " (3.11 or later works)")
    yield f"- econloom {econloom.__version__}: `econloom/`"
    many = len(said.libraries)
    yield (
        f"- {many}个程序库的确切版本：`requirements.txt`"
        if zh
        else f"- {many} libraries, exact versions: `requirements.txt`"
    )
    yield ""
    yield "### 随机数控制" if zh else "### Controlled Randomness"
    yield ""
    found = list(seeds(said.plan))
    if not found:
        yield "不使用随机数。" if zh else "No step draws random numbers."
    for name, seed in found:
        yield f"- {name}：种子{seed}" if zh else f"- {name}: seed {seed}"
    yield ""
    yield "### 内存、时间与存储" if zh else "### Memory, Runtime, and Storage Requirements"
    yield ""
    total = size(sum(said.sizes.values()))
    took = _time(said.seconds, lang)
    if zh:
        yield f"- 时间：约{took}（{system}，Python {said.record.get('python', python)}）"
        yield f"- 存储：本包{total}"
        yield f"- 内存：{fill(lang, '峰值内存', '')}"
    else:
        yield f"- Time: about {took} ({system}, Python {said.record.get('python', python)})"
        yield f"- Storage: {total} for this package"
        yield f"- Memory: {fill(lang, '', 'peak memory')}"


def seeds(plan: Plan) -> Iterator[tuple[str, int]]:
    """Steps that draw, with their seeds, each once."""
    seen = set()
    for step in plan.steps:
        for seed in _within(step.params):
            if (step.name, seed) not in seen:
                seen.add((step.name, seed))
                yield step.name, seed


def _within(value: Any) -> Iterator[int]:
    if isinstance(value, Mapping):
        if isinstance(value.get("seed"), int) and value.get("draws", 1) and value.get("kind") in {None, "wild"}:
            yield value["seed"]
        for inner in value.values():
            yield from _within(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from _within(inner)


def _programs(said: Said, lang: Lang) -> Iterator[str]:
    zh = lang == "zh"
    what = {
        said.file: Label(zh="研究文件：从数据到表格", en="the study, from sources to tables"),
        "run.py": Label(zh="安装、运行、比较", en="installs, runs, compares"),
        "econloom/": Label(zh="执行研究的程序（wheel文件）", en="the program that carries the study out (a wheel)"),
        "expected/": Label(zh="期望的数值和表格", en="expected numbers and tables"),
        "audit.md": Label(zh="印刷表格的自查结果", en="the audit of the printed tables"),
        "pack.json": Label(zh="run.py读取的说明", en="read by run.py"),
        "MANIFEST.csv": Label(zh="每个文件的大小与sha256", en="bytes and sha256 of every file"),
    }  # fmt: skip
    yield "## 程序说明" if zh else "## Description of programs/code"
    yield ""
    yield from (f"- `{name}`: {label.text(lang)}" for name, label in what.items())
    counts = [said.audit.count(level) for level in ("certain", "conditional", "suspicious")]
    yield ""
    if zh:
        found = f"确定不可能{counts[0]}项，有条件{counts[1]}项，可疑{counts[2]}项"
        yield f"自查（{said.audit.numbers}个印刷数字）：{found}。"
    else:
        yield (
            f"Own audit ({said.audit.numbers} printed numbers): {counts[0]} certain, {counts[1]} conditional, "
            f"{counts[2]} suspicious findings."
        )
    yield ""
    yield "### 代码许可" if zh else "### License for Code"
    yield ""
    yield f"econloom: MIT. {fill(lang, '研究文件的许可', 'licence of the study file')}"


def _instructions(said: Said, lang: Lang) -> Iterator[str]:
    withheld = [k for k in said.sources if k.file is not None and not k.shipped]
    if lang == "zh":
        yield "## 复现步骤"
        yield ""
        for k in withheld:
            yield f"- 取得来源`{k.name}`的数据，放到`{k.place}`（见上）"
        yield "- 运行`python run.py`（或`sh run.sh`）；退出码为0表示全部一致"
        yield "- 不安装任何程序库、直接用现有Python运行：`python run.py --here`；只检查数据：`python run.py --check`"
        yield "- 结果写入`out/`：`tables/`、`figures/`、`report.html`、`report.docx`、`results.csv`、`values.csv`"
        yield ""
        yield "比较的容差：相对1e-6，或标准误的1e-6；文字与星号须相同。"
        return
    yield "## Instructions to Replicators"
    yield ""
    for k in withheld:
        yield f"- get the data of the source `{k.name}` and put them at `{k.place}` (see above)"
    yield "- run `python run.py` (or `sh run.sh`); exit code 0 says that everything agrees"
    yield "- with the libraries of your own Python, installing nothing: `python run.py --here`"
    yield "- only to see whether all data are there: `python run.py --check`"
    yield "- results go to `out/`: `tables/`, `figures/`, `report.html`, `report.docx`, `results.csv`, `values.csv`"
    yield ""
    yield "Tolerance of the comparison: 1e-6 relative, or 1e-6 standard errors; texts and stars are equal."


def _tables(said: Said, lang: Lang) -> Iterator[str]:
    zh, spec = lang == "zh", said.plan.spec
    yield "## 表格、图形与程序对照" if zh else "## List of tables and programs"
    yield ""
    yield (
        "| 表/图 | 标题 | 程序与行 | 结果文件 |"
        if zh
        else "| Table or figure | Title | Program and line | Output file |"
    )
    yield "|---|---|---|---|"
    items = [("tables", t, made.title.label, f"tables/{t}.docx") for t, made in spec.tables.items()]
    items += [("figures", f, drawn.title.label, f"figures/{f}.pdf") for f, drawn in spec.figures.items()]
    for section, name, label, file in items:
        line = spec.document.at((section, name), key=True).line
        where = f"`{said.file}`" + (f":{line}" if line and _own(said, section, name) else "")
        yield f"| {name} | {label.text(lang)} | {where} | `out/{file}` |"
    yield ""
    yield "单独生成一个表：" if zh else "One table alone: "
    yield f"`econloom run {said.file} {next(iter(spec.tables or spec.figures))}`"
    yield ""
    yield fill(
        lang, "论文中的表号与以上名称的对应", "which table of the paper each of these is, and numbers of the text"
    )


def _own(said: Said, section: str, name: str) -> bool:
    """Whether a table stands in the study file itself, not in one that it extends."""
    mark = said.plan.spec.document.marks.get((section, name))
    return mark is not None and mark.origin is None


def _references(said: Said, lang: Lang) -> Iterator[str]:
    zh = lang == "zh"
    yield "## 参考文献" if zh else "## References"
    yield ""
    cited = dict.fromkeys(k.source.cite for k in said.sources if k.source.cite)
    yield from (f"- {c}" for c in cited)
    yield f"- econloom {econloom.__version__}."
    without = [k.name for k in said.sources if k.file is not None and not k.source.cite]
    if without:
        yield f"- {fill(lang, '数据引文：' + '、'.join(without), 'data citations: ' + ', '.join(without))}"
    yield ""
    yield "## 致谢" if zh else "## Acknowledgements"
    yield ""
    yield fill(lang, "资助与致谢", "funding and thanks")
