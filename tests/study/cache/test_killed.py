"""Killed at random moments: never a half-written result, always resumed to the same bytes."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.study import small

ROOT = Path(__file__).resolve().parents[3]
KILLS = 50


@pytest.mark.skipif(not hasattr(os, "fork"), reason="children are forked")
def test_killed_fifty_times(tmp_path, shelf):
    folder = small.write(tmp_path)
    done = subprocess.run(
        [sys.executable, str(ROOT / "tests/study/cache/killed.py"), str(folder), str(KILLS), "20261125"],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT / "src"), str(ROOT)])},
        timeout=500,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    told = json.loads(done.stdout.splitlines()[-1])
    assert told["faults"] == []
    assert told["kills"] >= KILLS and told["resumed"] >= 10 and min(told["calls"]) > 30
