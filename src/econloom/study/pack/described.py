"""Sources in the words of a README: rights, availability, details, the list of files."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from econloom.core.labels import Lang
from econloom.study.catalog import simulated_by
from econloom.study.pack.sources import Kept

Fill = Callable[[Lang, str, str], str]


def size(n: int) -> str:
    """Bytes for a person.

    Examples
    --------
    >>> size(900), size(11_400_000)
    ('900 B', '11.4 MB')
    """
    for unit, scale in (("GB", 10**9), ("MB", 10**6), ("kB", 10**3)):
        if n >= scale:
            return f"{n / scale:.1f} {unit}"
    return f"{n} B"


def licences(sources: Sequence[Kept], lang: Lang, fill: Fill) -> Iterator[str]:
    """One line a source."""
    for k in sources:
        if k.file is not None:
            missing = fill(lang, f"来源{k.name}的许可", f"licence of {k.name}")
            yield f"- `{k.name}`: {k.source.licence or missing}"
    yield "- 详见`DATA-LICENCES.md`" if lang == "zh" else "- see `DATA-LICENCES.md`"


def availability(sources: Sequence[Kept], lang: Lang) -> Iterator[str]:
    """The three boxes of the template, one of them ticked."""
    files = [k for k in sources if k.file is not None]
    shipped = [k for k in files if k.shipped]
    state = 0 if len(shipped) == len(files) else 1 if shipped else 2
    boxes = {
        "zh": ("全部数据随包提供", "部分数据不能随包提供", "数据均不能随包提供"),
        "en": (
            "All data are in the package.",
            "Some data cannot be given with the package.",
            "No data can be given with the package.",
        ),
    }[lang]
    for number, words in enumerate(boxes):
        yield f"- [{'X' if number == state else ' '}] {words}"
    drawn = [k.name for k in sources if k.file is None]
    if drawn:
        names = ", ".join(f"`{n}`" for n in drawn)
        yield f"\n模拟数据（运行时生成）：{names}" if lang == "zh" else f"\nSimulated, drawn anew by the run: {names}"


def source_details(sources: Sequence[Kept], lang: Lang, fill: Fill) -> Iterator[str]:
    """A paragraph a source: what, where from, under which licence, in the package or why not."""
    zh = lang == "zh"
    for k in sources:
        yield f"**{k.name}**" + ("" if len(k.versions) and "default" in k.versions else f" ({', '.join(k.versions)})")
        yield ""
        if k.file is None:
            name, seed, process = simulated_by(k.source)
            yield f"- 模拟数据：{name}，种子{seed}，{process}" if zh else f"- simulated: {name}, seed {seed}, {process}"
            yield ""
            continue
        yield f"- {'文件' if zh else 'file'}: `{k.place}`, {size(k.size)}, sha256 `{k.digest}`"
        yield f"- {'许可' if zh else 'licence'}: " + (k.source.licence or fill(lang, "许可", "licence"))
        yield f"- {'获取方式' if zh else 'where to get it'}: " + (
            k.source.obtain or fill(lang, "来源网址与获取日期", "address and date of access")
        )
        yield f"- {'引文' if zh else 'citation'}: " + (k.source.cite or fill(lang, "数据引文", "data citation"))
        if k.columns:
            yield f"- {'所用列' if zh else 'columns used'}: {', '.join(f'`{c}`' for c in k.columns)}"
        if not k.shipped:
            why = k.source.withheld or fill(lang, "不能随包提供的原因", "why it cannot be given")
            yield f"- **不随包提供**：{why}" if zh else f"- **not in the package**: {why}"
        yield ""


def dataset_list(sources: Sequence[Kept], lang: Lang) -> Iterator[str]:
    """The files as a table."""
    zh = lang == "zh"
    yield "| 数据文件 | 来源 | 大小 | 随包提供 |" if zh else "| Data file | Source | Size | Provided |"
    yield "|---|---|---|---|"
    for k in sources:
        if k.file is not None:
            given = ("是" if zh else "Yes") if k.shipped else ("否" if zh else "No")
            yield f"| `{k.place}` | {k.name} | {size(k.size)} | {given} |"


def licence_file(sources: Sequence[Kept]) -> str:
    """``DATA-LICENCES.md``."""
    lines = [
        "# Licences of the data / 数据许可",
        "",
        "| source | file | licence | in the package | where to get it | cite |",
        "|---|---|---|---|---|---|",
    ]
    for k in sources:
        if k.file is not None:
            said = "yes" if k.shipped else f"no: {k.source.withheld}".rstrip(": ")
            cells = (k.name, k.place, k.source.licence, said, k.source.obtain, k.source.cite)
            lines.append("| " + " | ".join((c or "").replace("|", "/").replace("\n", " ") for c in cells) + " |")
    return "\n".join(lines) + "\n"
