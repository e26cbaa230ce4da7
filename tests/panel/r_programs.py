"""Calling R for numbers of its packages: plm, sandwich, lmtest (Debian's r-cran-plm and others)."""

from __future__ import annotations

import json
import shutil
import subprocess
from functools import cache
from pathlib import Path
from typing import Any

import polars as pl
import pytest


@cache
def has_r(package: str) -> bool:
    """Whether Rscript runs and has a package."""
    if shutil.which("Rscript") is None:
        return False
    found = subprocess.run(["Rscript", "-e", f"library({package})"], capture_output=True, check=False)
    return found.returncode == 0


def needs_r(package: str) -> Any:
    """Skip a test where R or one of its packages is missing, and say which."""
    return pytest.mark.skipif(
        not has_r(package), reason=f"R with package {package} is not installed (r-cran-{package})"
    )


def run_r(program: str, frame: pl.DataFrame, folder: Path) -> dict[str, Any]:
    """Run R code on a frame ``d``; what it puts in the list ``out`` comes back, numbers with all digits."""
    data, result = folder / "data.csv", folder / "out.json"
    frame.write_csv(data, float_precision=17)
    code = f"d <- read.csv({str(data)!r})\nout <- list()\n{program}\n{_WRITE}({str(result)!r})\n"
    done = subprocess.run(["Rscript", "-"], input=code, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(result.read_text())
    return found


_WRITE = """
write_out <- function(path) {
  item <- function(x) paste0("[", paste(sprintf("%.17g", as.numeric(x)), collapse = ","), "]")
  parts <- vapply(names(out), function(n) paste0('"', n, '":', item(out[[n]])), "")
  cat("{", paste(parts, collapse = ","), "}", file = path)
}
write_out"""
