"""R scripts, run: every model that Debian's packages can estimate agrees to 1e-8 and 1e-6."""

from __future__ import annotations

import copy
import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

import econloom as el
from econloom.study import document
from tests.conftest import SHIPPED
from tests.study.export import sink

STUDIES = SHIPPED.parent
PACKAGES = ("sandwich", "AER", "plm", "clubSandwich")


def missing() -> str:
    """Packages that R has not; all without R."""
    if shutil.which("Rscript") is None:
        return "R"
    code = f"cat(setdiff(c({', '.join(map(repr, PACKAGES))}), rownames(installed.packages())))"
    return subprocess.run(["Rscript", "-e", code], capture_output=True, text=True, check=False).stdout.strip()


LACKING = missing()
needs_r = pytest.mark.skipif(bool(LACKING), reason=f"not installed: {LACKING} (r-cran-…)")


def opened(name: str, tables: list[str] | None = None) -> Any:
    """A shipped study without its versions and figures, with some of its tables."""
    data = copy.deepcopy(dict(document.read(STUDIES / name).data))
    data |= {"versions": {}, "figures": {}}
    data["tables"] = {t: v for t, v in data["tables"].items() if tables is None or t in tables}
    data["variables"] = {n: v for n, v in data["variables"].items() if n != "tbi_dva"}  # the slow one
    return el.study(data, STUDIES / name)


def run(script: Path, locale: str = "C") -> tuple[int, list[str]]:
    """Exit code and lines; packages that are not Debian's are kept out, wherever this runs."""
    environment = os.environ | {"LC_ALL": locale, "ECONLOOM_R_WITHOUT": "fixest,did,didimputation,did2s,modelsummary"}
    done = subprocess.run(
        ["Rscript", str(script)], capture_output=True, text=True, check=False, env=environment, encoding="utf-8"
    )
    return done.returncode, [*done.stdout.splitlines(), *done.stderr.splitlines()]


def counted(lines: list[str]) -> list[int]:
    """Models that agree, that do not, skipped; coefficients, standard errors."""
    last = next(line for line in lines if "models and tables agree" in line)
    return [int(n) for n in re.findall(r"\d+", last)]


@needs_r
def test_every_estimator_and_covariance_in_r(tmp_path: Path) -> None:
    made = sink.study(tmp_path / "全部 study").export("r", tmp_path / "输出 out")
    code, lines = run(made.script)
    assert code == 0, "\n".join(line for line in lines if not line.startswith("PASS"))
    assert counted(lines) == [41, 0, 4, 102, 101]


@needs_r
@pytest.mark.parametrize(
    ("name", "tables", "counts"),
    [
        ("globalisation", ["t3", "t4", "t5", "t6", "iv"], [20, 0, 0, 166, 166]),
        ("migration", ["baseline", "mechanism", "exogeneity", "heterogeneity"], [15, 0, 0, 126, 126]),
        ("castle", None, [16, 0, 3, 24, 13]),
        ("wage_share", ["t2", "t3"], None),
    ],
)
def test_studies_in_r(name: str, tables: list[str] | None, counts: list[int] | None, tmp_path: Path) -> None:
    made = opened(name, tables).export("r", tmp_path)
    code, lines = run(made.script, "C.UTF-8")
    assert code == 0, "\n".join(line for line in lines if not line.startswith("PASS"))
    found = counted(lines)
    assert counts is None or found == counts
    if name == "wage_share":
        assert found[1:3] == [0, 0] and found[3] == len(made.rows)


@needs_r
def test_scaled_products_in_r(tmp_path: Path) -> None:
    data = sink.data(tmp_path / "s", [])
    for how in ("minmax", "minmax_parts", "z", "centre"):
        columns = [{"formula": "y ~ x * 控制"}, {"formula": "y ~ x * 控制 | firm", "weights": "w"}]
        data["tables"][how] = {"title": how, "columns": columns, "scale": {"x:控制": how}}
    made = el.study(data, tmp_path / "s").export("r", tmp_path / "out")
    code, lines = run(made.script)
    assert code == 0, "\n".join(line for line in lines if not line.startswith("PASS"))
    assert counted(lines)[:3] == [8, 0, 0]


@needs_r
def test_a_wrong_number_fails_with_its_name(tmp_path: Path) -> None:
    made = sink.study(tmp_path / "s", ["linear"]).export("r", tmp_path / "out")
    text = (tmp_path / "out/expected.csv").read_text("utf-8").splitlines()
    model, address, coefficient, estimate, *rest = text[1].split(",")
    text[1] = ",".join([model, address, coefficient, str(float(estimate) * 1.0000001), *rest])
    (tmp_path / "out/expected.csv").write_text("\n".join(text) + "\n", "utf-8")
    code, lines = run(made.script)
    assert code == 1
    assert any(line.startswith(f"FAIL {model} {coefficient}: ") for line in lines)
    assert counted(lines)[1] == 1


@needs_r
def test_a_missing_package_is_named(tmp_path: Path) -> None:
    made = sink.study(tmp_path / "s", ["instruments"]).export("r", tmp_path / "out")
    environment = os.environ | {"ECONLOOM_R_WITHOUT": "AER"}
    done = subprocess.run(["Rscript", str(made.script)], capture_output=True, text=True, check=False, env=environment)
    assert done.returncode == 2 and "packages are missing: AER" in done.stdout


def test_natural_packages_come_first(tmp_path: Path) -> None:
    text = opened("castle").export("r", tmp_path).script.read_text("utf-8")
    assert 'if (has("fixest")) fixest::feols(l_homicide ~ law | state_id + year, d, notes = FALSE) else' in text
    for call in ("did::att_gt(", "didimputation::did_imputation(", "did2s::did2s(", "sunab(", "modelsummary::"):
        assert call in text
