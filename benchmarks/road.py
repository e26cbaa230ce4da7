"""Wall time and peak memory of `econloom run studies/globalisation`, cold, and of `econloom --help`.

python benchmarks/road.py [REPEATS]
"""

from __future__ import annotations

import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
COMMAND = [sys.executable, "-m", "econloom"]


def timed(arguments: list[str]) -> float:
    begin = time.perf_counter()
    subprocess.run([*COMMAND, *arguments], check=True, capture_output=True)
    return time.perf_counter() - begin


def main(repeats: int = 5) -> None:
    help_times = [timed(["--help"]) for _ in range(repeats)]
    with tempfile.TemporaryDirectory() as folder:
        study = str(ROOT / "studies/globalisation")
        runs = [timed(["run", study, "--out", f"{folder}/{n}"]) for n in range(repeats)]
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    print(f"econloom --help                  {statistics.median(help_times):6.2f} s (median of {repeats})")
    print(f"econloom run studies/globalisation {statistics.median(runs):4.1f} s (median of {repeats}, cold)")
    print(f"peak memory                      {peak:6.0f} MB")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
