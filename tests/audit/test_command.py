"""The verb `audit`, its reports and its baseline."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from econloom.cli import run_command

TABLE = ',(1)\n贸易,0.10***\n,(0.09)\nN,100\n"注：括号内为标准误，*、**、***分别表示在10%、5%、1%的水平显著",\n'


@pytest.fixture
def wrong(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    path = Path("表格.csv")
    path.write_text(TABLE, encoding="utf-8")
    return path


def test_exit_codes(wrong: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run_command(["audit", str(wrong)]) == 1
    assert "确定不可能" in capsys.readouterr().out
    wrong.write_text(TABLE.replace("0.09", "0.03"), encoding="utf-8")
    assert run_command(["audit", str(wrong), "--lang", "en"]) == 0
    assert "0 certain" in capsys.readouterr().out
    assert run_command(["audit", "absent.csv"]) == 3
    assert run_command(["audit", str(wrong), "--cutoffs", "a,b"]) == 2
    assert run_command(["audit", str(wrong), "--cutoffs", "0.01,0.05"]) == 2
    assert run_command(["audit", str(wrong), "--report", "r.pdf"]) == 2
    assert run_command(["audit"]) == 2


def test_json(wrong: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run_command(["audit", str(wrong), "--json"]) == 1
    told = json.loads(capsys.readouterr().out)
    assert told["ok"] is False and told["findings"][0]["check"] == "stars"
    assert set(told["findings"][0]["why"]) == {"zh", "en"}


def test_a_baseline_accepts_known_findings(wrong: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run_command(["audit", str(wrong), "--write-baseline", "known.json"]) == 0
    assert run_command(["audit", str(wrong), "--baseline", "known.json", "--lang", "en"]) == 0
    assert "1 known" in capsys.readouterr().out
    wrong.write_text(TABLE.replace("0.09", "0.08"), encoding="utf-8")
    assert run_command(["audit", str(wrong), "--baseline", "known.json"]) == 1
    Path("known.json").write_text("[]", encoding="utf-8")
    assert run_command(["audit", str(wrong), "--baseline", "known.json"]) == 3


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_reports(wrong: Path, lang: str) -> None:
    run_command(["audit", str(wrong), "--lang", lang, "--report", "报告.html", "--report", "out/r.docx"])
    page = Path("报告.html").read_text(encoding="utf-8")
    assert ("确定不可能" if lang == "zh" else "What cannot be") in page and "0.10***" in page
    assert Path("out/r.docx").read_bytes()[:2] == b"PK"


def test_rows_that_are_stated(wrong: Path, capsys: pytest.CaptureFixture[str]) -> None:
    wrong.write_text("变量,样本量,均值,标准差,最小值,最大值\n子女数,25,3.19,1.10,0,6\n", encoding="utf-8")
    assert run_command(["audit", str(wrong), "--integers", "子女数"]) == 0
    assert "grim" in capsys.readouterr().out
    assert run_command(["audit", str(wrong), "--integers", "子女", "--lang", "en"]) == 2
    assert "did you mean '子女数'" in capsys.readouterr().err
    assert run_command(["audit", str(wrong), "--identity", "a = 子女数 * 2"]) == 2
    assert run_command(["audit", str(wrong), "--fewest-clusters", "1"]) == 2


def test_the_text_of_the_paper(wrong: Path) -> None:
    wrong.write_text(TABLE.replace("0.10***", "0.102").replace("0.09", "0.030"), encoding="utf-8")
    Path("正文.txt").write_text("指数从2.00增加到2.50，增长了40%。", encoding="utf-8")
    assert run_command(["audit", str(wrong), "--text", "正文.txt"]) == 1
