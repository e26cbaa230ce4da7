"""Every number of a run is explained; its rows refitted give it; contributions add up; errors name what is near."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

import econloom as el
from econloom.cli import run_command
from econloom.core.errors import EconloomError
from econloom.panel.formula import parse_formula, quoted
from econloom.study.steps import _WIRING
from econloom.study.why.answer import explained
from econloom.study.why.explainers import EXPLAINERS
from econloom.study.why.told import Told
from tests.conftest import SHIPPED
from tests.study import small

STUDIES = SHIPPED.parent
UNSHOWN = {
    "aggregate", "attach", "balance", "dates", "differences", "drop", "estimate", "event_study", "join", "keys",
    "match", "matched", "measure", "policy", "prepare", "range", "read_frame", "read_places", "read_tables", "rings",
    "robust_effects", "shared", "simulate", "specifications", "split", "start", "variable",
}  # fmt: skip


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory, real_run: Any) -> dict[str, tuple[Any, Path]]:
    """Three studies and where they were run."""
    found = {"globalisation": (el.study(SHIPPED), real_run.path)}
    for name in ("castle", "migration"):
        study, out = el.study(STUDIES / name), tmp_path_factory.mktemp(name) / "out"
        study.run(out=out)
        found[name] = (study, out)
    return found


def test_every_kind_of_table_and_figure_has_an_explainer() -> None:
    """A new kind of step is entered here, or in the registry of explainers."""
    assert set(_WIRING) - UNSHOWN == set(EXPLAINERS) - {"codebook"}


@pytest.mark.parametrize("name", ["globalisation", "castle", "migration"])
def test_every_number_of_a_run_is_explained(runs: Any, name: str) -> None:
    """All cells of tables, all rows of values.csv and results.csv, in every version."""
    told = Told.read(runs[name][1])
    for address, cell in told.why["cells"].items():
        found = explained(told, address)
        assert len(found.sections) >= 3, address
        assert found.value is not None or cell.get("value") is None, address
        assert all("None" not in found.text(lang) or "None" in address for lang in ("zh", "en")), address
    for version, address in told.values:
        if version in ("default", told.why["versions"][-1]):
            assert explained(told, address, version).sections
    inner = {(v, c["table"], c["column"]): a for v, cs in told.why["columns"].items() for a, c in cs.items()}
    for v, t, c, term, estimate in told.results.select("version", "table", "column", "term", "estimate").iter_rows():
        found = explained(told, f"{inner.get((v, t, c), f'{t}.{c}')}.{term}", v)
        assert found.value == pytest.approx(estimate, rel=1e-12, abs=1e-300) or estimate is None


@pytest.mark.parametrize("name", ["globalisation", "castle", "migration"])
def test_no_cell_with_a_number_lacks_an_address(runs: Any, name: str) -> None:
    study, out = runs[name]
    for table in study.run(out=out).tables.values():
        for row in table.rows:
            for cell in row.cells:
                assert cell.source is not None or cell.value is None, (table.id, row.label)


def refitted(told: Told, study: Any, out: Path, address: str, folder: Path) -> tuple[Any, dict[str, Any]] | None:
    """The plain public function on just the rows of a column, and the record of the column."""
    column = told.columns("default")[address]
    planned = column.get("model") or {}
    if planned.get("estimator") not in {"ols", "iv", "pooled", None} or planned.get("scale"):
        return None
    if column["stage"] not in {"main", "second"} or told.tables("default")[column["table"]]["kind"] != "table":
        return None
    file = folder / "rows.csv"
    assert study.why(address, out, rows=file).rows == column["funnel"]["n"]
    frame = pl.read_csv(file, infer_schema_length=None)
    model = parse_formula(column["formula"])

    def side(terms: Any) -> str:
        return " + ".join(quoted(t.name) for t in terms)

    text = f"{quoted(model.outcome.name)} ~ {side(model.terms) or '1'}"
    text += f" | {' + '.join(e.text for e in model.effects)}" if model.effects else ""
    text += f" | {side(model.endogenous)} ~ {side(model.instruments)}" if model.endogenous else ""
    vcov = el.cluster(*column["clusters"]) if column.get("clusters") else el.iid()
    fit = (el.iv if model.endogenous else el.ols)(
        text, frame, vcov=vcov, weights=planned.get("weights"), ssc=column["ssc"],
        unit=told.why["panels"][column["panel"]]["keys"][0],
    )  # fmt: skip
    return fit, column


@pytest.mark.parametrize("name", ["globalisation", "castle", "migration"])
def test_rows_refitted_give_the_cell(runs: Any, name: str, tmp_path: Path) -> None:
    """Estimates to 1e-8 and standard errors to 1e-6, from csv files of just the rows."""
    study, out = runs[name]
    told = Told.read(out)
    done = 0
    for address in told.columns("default"):
        found = refitted(told, study, out, address, tmp_path)
        if found is None:
            continue
        fit, column = found
        there = {r["term"]: r for r in fit.tidy().to_dicts()}
        for term, (estimate, error, *_) in column["coefficients"].items():
            ours = there.get(term)
            assert ours is not None, (address, term)
            assert ours["estimate"] == pytest.approx(estimate, rel=1e-8, abs=1e-10), (address, term)
            assert ours["std_error"] == pytest.approx(error, rel=1e-6), (address, term)
        done += 1
    assert done >= {"globalisation": 20, "castle": 5, "migration": 8}[name]


@pytest.mark.parametrize("address", ["t1.CHN.2007", "t1.USA.2014"])
def test_sectors_add_up_to_the_index(runs: Any, address: str) -> None:
    study, out = runs["globalisation"]
    found = study.why(address, out)
    section = next(s for s in found.sections if s.title.en == "Terms that contribute most")
    assert float(section.lines[-1].text.en) == pytest.approx(found.value, rel=1e-9)
    assert any("%" in x.text.en for x in section.lines)


def test_rows_add_up_to_a_mean(runs: Any) -> None:
    study, out = runs["migration"]
    found = study.why("t1.mean.y", out)
    section = next(s for s in found.sections if s.title.en == "Terms that contribute most")
    assert float(section.lines[-1].text.en) == pytest.approx(found.value, rel=1e-12)
    lowest = next(x for s in found.sections for x in s.lines if x.label.en == "smallest")
    assert float(lowest.text.en.split()[0]) == study.why("t1.min.y", out).value


def test_samples_are_the_rows_of_the_funnel(runs: Any) -> None:
    told = Told.read(runs["globalisation"][1])
    frame = pl.read_parquet(told.folder / "samples.parquet")  # type: ignore[operator]
    assert frame.columns[:3] == ["version", "code", "year"]
    for version in told.why["versions"]:
        mine = frame.filter(version=version)
        for address, column in told.columns(version).items():
            assert mine[column["sample"]].sum() == column["funnel"]["n"], (version, address)


def test_a_formula_is_traced_to_file_and_line(runs: Any) -> None:
    study, out = runs["globalisation"]
    text = study.why("t3.c4.RQ", out).text("en")
    lines = (SHIPPED / "study.yaml").read_text(encoding="utf-8").splitlines()
    place = next(n for n, line in enumerate(lines, 1) if line.strip().startswith("RQ:"))
    assert f"carry_forward(rq_est)  [study.yaml:{place}]" in text
    assert "data/wgi.parquet" in text and "7f4466a573197e72201f38fb26829656c6b964ad964f36b6c06271c6a43d2d0c" in text
    assert "dropped 15 rows: absent from the published sample" in text
    assert "41/40 · 614/(615−" in text and "t(40)" in text


FAULTS = {
    "t33.c1.tbi": "no table or figure 't33' in the run, did you mean 't3'?",
    "t3.c9.tbi": "t3 has no column 'c9', did you mean 't3.c",
    "t3.c2.tbbi": "t3.c2 has no 'tbbi', did you mean 'tbi'?",
    "t1.BEI.2020": "no cell 't1.BEI.2020', did you mean 't1.BEI.200",
}


@pytest.mark.parametrize("address", FAULTS)
def test_cells_that_do_not_exist(folder: Path, address: str) -> None:
    study = el.study(folder)
    study.run()
    with pytest.raises(EconloomError) as caught:
        study.why(address)
    assert FAULTS[address] in str(caught.value)


def test_versions_grids_and_folders(folder: Path, tmp_path: Path) -> None:
    study = el.study(folder)
    with pytest.raises(EconloomError, match=r"no finished run \(no run.json\)"):
        study.why("t3.c1.tbi")
    study.run()
    default, other = study.why("t3.c2.RQ"), study.why("t3.c2.RQ", version="edition1")
    assert default.value != other.value and "edition == 1" in other.text() and "edition == 2" in default.text()
    grid = study.why("t3_versions.edition1.c2.tbi")
    assert grid.value == study.why("t3.c2.tbi", version="edition1").value and "version edition1" in grid.text()
    with pytest.raises(EconloomError, match="no version 'edition', did you mean 'edition1'"):
        study.why("t3.c1.tbi", version="edition")
    record = folder / "out/why.json"
    whole = json.loads(record.read_text(encoding="utf-8"))
    record.write_text(json.dumps(whole | {"format": 99}), encoding="utf-8")
    with pytest.raises(EconloomError, match="written by a newer econloom"):
        study.why("t3.c1.tbi")
    record.unlink()
    with pytest.raises(EconloomError, match=r"has no why.json"):
        study.why("t3.c1.tbi")
    run = json.loads((folder / "out/run.json").read_text(encoding="utf-8"))
    (folder / "out/run.json").write_text(json.dumps(run | {"study": "other"}), encoding="utf-8")
    with pytest.raises(EconloomError, match="holds the study 'other', not 'small'"):
        study.why("t3.c1.tbi")


@pytest.mark.parametrize(("name", "content"), [
    ("why.json", '{"format": 1, "econloom": "x"}'), ("values.csv", "a,b\n1,2\n"), ("samples.parquet", ""),
])  # fmt: skip
def test_files_that_the_run_did_not_write_so(folder: Path, tmp_path: Path, name: str, content: str) -> None:
    study = el.study(folder)
    study.run()
    (folder / "out" / name).write_text(content, encoding="utf-8")
    with pytest.raises(EconloomError, match=rf"{name}: not as the run wrote it"):
        study.why("t3.c1.tbi", rows=tmp_path / "rows.csv")
        study.why("t1.BEI.2020")  # not in a table: looked for in values.csv


def test_a_study_that_has_changed_since(folder: Path, tmp_path: Path) -> None:
    el.study(folder).run()
    before = el.study(folder).why("t3.c2.tbi")
    changed = el.study(small.rewrite(folder, small.TEXT.replace("log(gdp)", "log(gdp + 1)")))
    after = changed.why("t3.c2.tbi")
    assert after.stale and not before.stale and after.value == before.value
    assert "have changed since" in after.text("en") and "已有改变" in after.text("zh")
    with pytest.raises(EconloomError, match="its rows cannot be made again"):
        changed.why("t3.c2.tbi", rows=tmp_path / "rows.csv")
    assert not (tmp_path / "rows.csv").exists()


def test_carried_tables_keep_their_explanations(folder: Path) -> None:
    study = el.study(folder)
    study.run()
    whole = (folder / "out/why.json").read_bytes()
    study.run(["t1"])
    assert (folder / "out/why.json").read_bytes() == whole
    assert study.why("t3.c3.tbi").value is not None


def test_the_command(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    el.study(folder).run()
    file = tmp_path / "行.csv"
    assert run_command(["why", str(folder), "t3.c3.tbi", "--rows", str(file)]) == 0
    said = capsys.readouterr().out
    assert "标准误" in said and "剔除6行：no trade" in said and "35 行写入" in said
    frame = pl.read_csv(file)
    assert frame.columns == ["code", "year", "y", "tbi"] and frame.height == 35
    assert np.isfinite(frame["tbi"].to_numpy()).all()
    assert run_command(["why", str(folder), "t3.c3.tbi", "--json", "--lang", "en"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["ok"] and told["address"] == "t3.c3.tbi" and told["sections"][0]["title"] == "Number"
    assert run_command(["why", str(folder), "t3.c3.tb"]) == 2
    assert "did you mean 'tbi'?" in capsys.readouterr().err
    assert run_command(["why", str(folder), "t1.BEI.2001", "--rows", str(file)]) == 2
    assert "no model is behind it" in capsys.readouterr().err
