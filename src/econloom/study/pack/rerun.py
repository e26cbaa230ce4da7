"""Rerun this study and hold its numbers against the expected ones. Needs Python and nothing else.

    python run.py            make a virtual environment (.venv), install exact versions, run, compare
    python run.py --here     run with the libraries of this Python as they are
    python run.py --check    only look whether all data are there

Exit codes: 0 the numbers agree, 1 they do not, 2 usage, 3 data absent or changed, 4 the study does not run.
"""

from __future__ import annotations

import csv
import hashlib
import json
import math
import os
import subprocess
import sys
import venv
import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
RELATIVE, ABSOLUTE, IN_ERRORS = 1e-6, 1e-10, 1e-6
TEXTS = {
    "zh": {
        "absent": "缺少数据 {place}（来源{name}）",
        "changed": "数据 {place}（来源{name}）与本研究所用的不同：sha256为{found}，应为{wanted}",
        "why": "  未随包提供的原因：{why}",
        "obtain": "  获取方式：{obtain}",
        "columns": "  所需列：{columns}",
        "digest": "  sha256：{digest}",
        "put": "  请把文件放到 {place}",
        "python": "注意：研究用的是Python {wanted}，现为{found}",
        "library": "注意：研究用的是{name} {wanted}，现为{found}",
        "old": "需要Python 3.11或更高版本，现为{found}",
        "installing": "正在建立环境并安装固定版本的程序库……",
        "failed": "命令未能完成：{command}",
        "running": "正在运行研究……",
        "none": "没有结果文件 {file}",
        "rows": "{file}：期望{wanted}行，得到{found}行",
        "cell": "{file}：{place}：{column} 期望{wanted}，得到{found}",
        "more": "……另有{n}处",
        "agree": "{n}个值全部一致",
        "differ": "{n}个值中有{bad}个不一致",
        "present": "数据齐全",
        "option": "未知选项 {option}",
    },
    "en": {
        "absent": "no data at {place} (source {name})",
        "changed": "the data at {place} (source {name}) are not those of the study: sha256 {found}, not {wanted}",
        "why": "  not in this pack because: {why}",
        "obtain": "  where to get it: {obtain}",
        "columns": "  columns needed: {columns}",
        "digest": "  sha256: {digest}",
        "put": "  put it at {place}",
        "python": "note: the study ran on Python {wanted}, this is {found}",
        "library": "note: the study ran with {name} {wanted}, this is {found}",
        "old": "Python 3.11 or later is needed, this is {found}",
        "installing": "making an environment with exact versions of the libraries …",
        "failed": "this command did not finish: {command}",
        "running": "running the study …",
        "none": "no file {file} among the results",
        "rows": "{file}: {wanted} rows expected, {found} found",
        "cell": "{file}: {place}: {column} {wanted} expected, {found} found",
        "more": "… and {n} more",
        "agree": "all {n} values agree",
        "differ": "{bad} of {n} values do not agree",
        "present": "all data are there",
        "option": "unknown option {option}",
    },
}


def digest(path: Path) -> str:
    """SHA-256 of a file, or of a folder's files by name and content (hidden files and README left out)."""
    if path.is_file():
        return _file_digest(path)
    whole = hashlib.sha256()
    for file in sorted(p for p in path.rglob("*") if p.is_file()):
        inside = file.relative_to(path)
        if not file.name.startswith("README") and not any(part.startswith(".") for part in inside.parts):
            whole.update(f"{inside.as_posix()} {_file_digest(file)}\n".encode())
    return whole.hexdigest()


def _file_digest(path: Path) -> str:
    found = hashlib.sha256()
    with path.open("rb") as stream:
        while part := stream.read(1 << 20):
            found.update(part)
    return found.hexdigest()


def missing(pack: dict[str, Any], say: dict[str, str], folder: Path = HERE) -> list[str]:
    """What is wrong with the data, in words: nothing where all of it is there."""
    lines = []
    for source in pack["sources"]:
        if "place" not in source:
            continue
        path = folder / source["place"]
        if not path.exists():
            lines.append(say["absent"].format(**source))
            lines += [say["why"].format(why=source["why_not"])] if source["why_not"] else []
            lines += [say["obtain"].format(obtain=source["obtain"])] if source["obtain"] else []
            lines += [say["columns"].format(columns=", ".join(source["columns"]))] if source["columns"] else []
            lines += [say["digest"].format(digest=source["sha256"]), say["put"].format(place=source["place"])]
        elif (found := digest(path)) != source["sha256"]:
            lines.append(say["changed"].format(**source, found=found, wanted=source["sha256"]))
            lines += [say["obtain"].format(obtain=source["obtain"])] if source["obtain"] else []
    return lines


def compare(expected: Path, found: Path, say: dict[str, str]) -> tuple[int, list[str]]:
    """Values compared, and what does not agree."""
    count, lines = 0, []
    for name in ("results.csv", "values.csv"):
        wanted, made = _rows(expected / name), _rows(found / name)
        if wanted is None:
            continue
        if made is None:
            lines.append(say["none"].format(file=name))
            continue
        if len(wanted) != len(made):
            lines.append(say["rows"].format(file=name, wanted=len(wanted), found=len(made)))
        for old, new in zip(wanted, made, strict=False):
            place = " ".join(v for k, v in old.items() if k in {"version", "table", "column", "row", "term"} and v)
            scale = _number(old.get("std_error", "")) or 0.0
            for column, value in old.items():
                count += 1
                if not agrees(value, new.get(column) or "", scale):
                    seen = new.get(column) or "-"
                    lines.append(say["cell"].format(file=name, place=place, column=column, wanted=value, found=seen))
    return count, lines


def _rows(path: Path) -> list[dict[str, str]] | None:
    if not path.is_file():
        return None
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def agrees(wanted: str, found: str, error: float = 0.0) -> bool:
    """Whether two texts are the same, or two numbers but for rounding on another machine."""
    if wanted == found:
        return True
    a, b = _number(wanted), _number(found)
    if a is None or b is None or not (math.isfinite(a) and math.isfinite(b)):
        return False
    return abs(a - b) <= max(RELATIVE * max(abs(a), abs(b)), ABSOLUTE, IN_ERRORS * abs(error))


def _environment(pack: dict[str, Any], say: dict[str, str]) -> str:
    """A virtual environment with the exact versions; gives its python."""
    folder = HERE / ".venv"
    python = folder / ("Scripts" if os.name == "nt" else "bin") / ("python.exe" if os.name == "nt" else "python")
    mark = folder / ".packed"
    if not mark.is_file():
        print(say["installing"], flush=True)
        venv.create(folder, with_pip=True, clear=True)
        pip = [str(python), "-m", "pip", "install", "--disable-pip-version-check", "--quiet"]
        _do([*pip, "-r", str(HERE / pack["requirements"])], say)
        _do([*pip, "--no-deps", str(HERE / pack["wheel"])], say)
        mark.write_text("", encoding="utf-8")
    return str(python)


def _unpacked(pack: dict[str, Any]) -> dict[str, str]:
    """Environment variables with which this Python finds the packed econloom."""
    folder = HERE / ".econloom"
    if not (folder / "econloom" / "__init__.py").is_file():
        with zipfile.ZipFile(HERE / pack["wheel"]) as wheel:
            wheel.extractall(folder)
    return {**os.environ, "PYTHONPATH": str(folder)}


def _do(command: Sequence[str], say: dict[str, str], environment: dict[str, str] | None = None) -> None:
    if subprocess.run(command, env=environment, check=False).returncode != 0:
        print(say["failed"].format(command=" ".join(command)), file=sys.stderr)
        raise SystemExit(4)


def _notes(pack: dict[str, Any], say: dict[str, str], here: bool) -> Iterator[str]:
    """Where this Python and its libraries are not those of the study."""
    found = ".".join(map(str, sys.version_info[:3]))
    if found.split(".")[:2] != pack["python"].split(".")[:2]:
        yield say["python"].format(wanted=pack["python"], found=found)
    if here:
        from importlib import metadata

        for name, wanted in pack["libraries"].items():
            try:
                version = metadata.version(name)
            except metadata.PackageNotFoundError:
                version = "-"
            if version != wanted:
                yield say["library"].format(name=name, wanted=wanted, found=version)


def main(arguments: Sequence[str]) -> int:
    """Do it; gives the exit code."""
    pack = json.loads((HERE / "pack.json").read_text(encoding="utf-8"))
    language = next((a.split("=")[1] for a in arguments if a in {"--lang=zh", "--lang=en"}), pack["lang"])
    say = TEXTS[language]
    for option in arguments:
        if option not in {"--here", "--check", "--lang=zh", "--lang=en"}:
            print(say["option"].format(option=option), file=sys.stderr)
            print(__doc__, file=sys.stderr)
            return 2
    if sys.version_info < (3, 11):  # noqa: UP036  (whoever unpacks this may have an older one)
        print(say["old"].format(found=sys.version.split()[0]), file=sys.stderr)
        return 2
    if wrong := missing(pack, say):
        print("\n".join(wrong), file=sys.stderr)
        return 3
    if "--check" in arguments:
        print(say["present"])
        return 0
    here = "--here" in arguments
    for note in _notes(pack, say, here):
        print(note, file=sys.stderr)
    own = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"}
    python, environment = (sys.executable, _unpacked(pack)) if here else (_environment(pack, say), own)
    environment["ECONLOOM_CACHE"] = "off"  # every number is computed anew, whatever this machine has kept
    print(say["running"], flush=True)
    out = HERE / "out"
    command = [python, "-m", "econloom", "run", str(HERE / pack["file"]), "--out", str(out), "--lang", pack["lang"]]
    _do(command, say, environment)
    count, lines = compare(HERE / "expected", out, say)
    for line in lines[:20]:
        print(line)
    if len(lines) > 20:
        print(say["more"].format(n=len(lines) - 20))
    print(say["differ"].format(n=count, bad=len(lines)) if lines else say["agree"].format(n=count))
    return 1 if lines else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
