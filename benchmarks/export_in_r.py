"""Every shipped study as an R script, run: how many models and numbers agree (docs/export.md has the table).

Run: python benchmarks/export_in_r.py [STUDY...]     Needs R with sandwich, AER, plm and clubSandwich.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

import econloom as el

STUDIES = Path(__file__).resolve().parents[1] / "studies"
OWN = ["globalisation", "gvc_gaps", "ecommerce", "migration", "wage_share", "castle"]


def row(name: str, folder: Path) -> str:
    """A line of the table."""
    made = el.study(STUDIES / name).export("r", folder / name)
    environment = os.environ | {"LC_ALL": "C.UTF-8"}
    done = subprocess.run(["Rscript", str(made.script)], capture_output=True, text=True, check=False, env=environment)
    lines = done.stdout.splitlines()
    agree, differ, skipped, coefficients, errors = map(int, re.findall(r"\d+", lines[-1]))
    for line in lines:
        if line.startswith("FAIL"):
            print(line, file=sys.stderr)
    total = sum(r.address.count(".") > 1 and r.model in set(made.columns.values()) for r in made.rows)
    models = len({r.model for r in made.rows})
    return f"| {name} | {models} | {agree} | {differ} | {skipped} | {coefficients} of {total} | {errors} |"


def main() -> None:
    """Print the table."""
    print("| study | models and tables | agree | differ | skipped | coefficients compared | standard errors compared |")
    print("|---|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        for name in sys.argv[1:] or OWN:
            print(row(name, Path(folder)), flush=True)


if __name__ == "__main__":
    main()
