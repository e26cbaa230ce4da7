"""Damaged run folders: an answer or an error in words, never a traceback."""

import copy
import json
import random
import shutil
from pathlib import Path
from typing import Any

import pytest

import econloom as el
from econloom.cli import run_command
from tests.study import small

FILES = ("run.json", "plan.json", "results.csv", "values.csv", "panel.parquet", "why.json", "samples.parquet")
OTHERS: tuple[Any, ...] = (None, 0, -1.5, "", "x", [], {}, [None], {"a": 1}, True)


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Two runs that differ."""
    folder = small.write(tmp_path_factory.mktemp("mutations"))
    el.study(folder).run(out=folder / "one")
    small.rewrite(folder, small.TEXT.replace("log(gdp)", "log(gdp + 1)").replace("ssc: xtreg", "ssc: reghdfe"))
    el.study(folder).run(out=folder / "two")
    return folder / "one", folder / "two"


def answered(first: Path, second: Path, capsys: pytest.CaptureFixture[str]) -> int:
    code = run_command(["diff", str(first), str(second)])
    streams = capsys.readouterr()
    assert "Traceback" not in streams.out + streams.err and code in {0, 1, 2, 3}
    assert code < 2 or (streams.err.strip() and not streams.out)
    return code


@pytest.mark.parametrize("seed", range(21))
def test_bytes(runs: tuple[Path, Path], tmp_path: Path, seed: int, capsys: pytest.CaptureFixture[str]) -> None:
    rng = random.Random(seed)
    run = Path(shutil.copytree(runs[1], tmp_path / "run"))
    file = run / FILES[seed % len(FILES)]
    whole = bytearray(file.read_bytes())
    if rng.random() < 0.5:
        whole = whole[: rng.randrange(len(whole))]
    else:
        for _ in range(rng.randrange(1, 20)):
            whole[rng.randrange(len(whole))] = rng.randrange(256)
    file.write_bytes(whole)
    answered(runs[0], run, capsys)


@pytest.mark.parametrize("seed", range(24))
def test_json_of_another_shape(
    runs: tuple[Path, Path], tmp_path: Path, seed: int, capsys: pytest.CaptureFixture[str]
) -> None:
    rng = random.Random(1000 + seed)
    run = Path(shutil.copytree(runs[1], tmp_path / "run"))
    file = run / ("run.json", "plan.json", "plan.json", "why.json")[seed % 4]
    record = json.loads(file.read_text(encoding="utf-8"))
    for _ in range(rng.randrange(1, 4)):
        mutated(record, rng)
    file.write_text(json.dumps(record), encoding="utf-8")
    answered(runs[0], run, capsys)
    answered(run, runs[0], capsys)


def mutated(record: Any, rng: random.Random) -> None:
    """One value somewhere inside is gone or of another kind."""
    here = record
    while True:
        keys = list(here) if isinstance(here, dict) else list(range(len(here)))
        if not keys:
            return
        key = rng.choice(keys)
        inner = here[key]
        if isinstance(inner, dict | list) and inner and rng.random() < 0.8:
            here = inner
            continue
        if isinstance(here, dict) and rng.random() < 0.3:
            del here[key]
        else:
            here[key] = copy.deepcopy(rng.choice(OTHERS))
        return
