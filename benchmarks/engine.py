"""First run, second run, one changed control, for two studies with one and two processes; wall-clock seconds.

    env -u OPENBLAS_CORETYPE -u OPENBLAS_L2_SIZE .venv/bin/python benchmarks/engine.py [STUDY…]

Every run is a new interpreter: ``econloom run`` in a fresh folder with a cache of its own; the second is the median of
three. Targets: the second run of ``globalisation`` under 2 s; after one changed control only the touched models run.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

import econloom

STUDIES = Path(econloom.__file__).resolve().parents[2] / "studies"


def timed(folder: Path, cache: Path, *options: str) -> float:
    begin = time.perf_counter()
    subprocess.run(
        [sys.executable, "-m", "econloom", "run", str(folder), *options],
        check=True, capture_output=True, env={**os.environ, "ECONLOOM_CACHE": str(cache)},
    )  # fmt: skip
    return time.perf_counter() - begin


def change(file: Path) -> str:
    """Take a control out of the last formula that has them as a macro; what it was."""
    lines = file.read_text(encoding="utf-8").splitlines(keepends=True)
    for number, line in reversed(list(enumerate(lines))):
        found = re.search(r"~.*?(\$controls)", line)
        if found and not line.lstrip().startswith("#"):
            lines[number] = line.replace("$controls", "$fewer", 1)
            break
    else:
        raise SystemExit(f"{file}: no formula with $controls")
    text = "".join(lines)
    controls = re.search(r"^( +)controls: *(.*)$", text, re.M)
    assert controls is not None
    fewer = " + ".join(controls.group(2).strip("'\"").split(" + ")[1:])
    text = text.replace(controls.group(0), f"{controls.group(0)}\n{controls.group(1)}fewer: {fewer}", 1)
    file.write_text(text, encoding="utf-8")
    return line.strip()


def main(names: list[str]) -> None:
    for name in names or ["globalisation", "ecommerce"]:
        for jobs in (1, 2):
            with tempfile.TemporaryDirectory() as place:
                folder, cache = Path(place) / name, Path(place) / "cache"
                shutil.copytree(STUDIES / name, folder, ignore=shutil.ignore_patterns("out"))
                options = ("--jobs", str(jobs))
                first = timed(folder, cache, *options)
                record = json.loads((folder / "out/run.json").read_text(encoding="utf-8"))
                second = median(timed(folder, cache, *options) for _ in range(3))
                change(folder / "study.yaml")
                changed = timed(folder, cache, *options)
                steps = json.loads((folder / "out/plan.json").read_text(encoding="utf-8"))["steps"]
                ran = [s for s in steps if not s["cached"]]
                size = sum(p.stat().st_size for p in cache.rglob("*") if p.is_file())
                models = sum(s["kind"] == "estimate" for s in ran), sum(s["kind"] == "estimate" for s in steps)
                print(f"{name}, {jobs} process{'es' if jobs > 1 else ''}: first run {first:.1f} s ({len(steps)} steps,"
                      f" {record['memory_mb']:.0f} MB), second {second:.2f} s, one control less {changed:.1f} s"
                      f" ({len(ran)} steps, {models[0]} of {models[1]} models); cache {size / 2**20:.0f} MB",
                      flush=True)  # fmt: skip


if __name__ == "__main__":
    main(sys.argv[1:])
