"""What a study file may not say, with the exact place and words."""

import pytest

from econloom.core.errors import EconloomError, StudyFileError
from econloom.study import document, schema
from tests.study import small


def fault(text):
    with pytest.raises(EconloomError) as caught:
        document.parse(text, "s.yaml")
    return str(caught.value)


TRAPS = {
    "tab": ("a:\n\tb: 1\n", "s.yaml:2:1: a tab in the indentation"),
    "tab after blanks": ("a:\n  \tb: 1\n", "s.yaml:2:3: a tab in the indentation"),
    "full-width blank": ("a:\n\u3000b: 1\n", "s.yaml:2:1: a full-width or no-break space in the indentation"),
    "full-width colon": ("a: 1\n标题：b\n", "s.yaml:2:3: a full-width colon ： after a key"),
    "full-width colon in a list": ("a:\n  - kof：x\n", "s.yaml:2:8: a full-width colon ： after a key"),
    "split at a comma": ("v: {f: log(x, 2), g: 1}\n", "s.yaml:1:15: '2)' has no value: part of an expression?"),
    "split list": ("v: {f: code in [a, b], g: 1}\n", "s.yaml:1:16: inside { } or [ ]: expected"),
    "null": ("a:\nb: 1\n", "s.yaml:1:1: the key 'a' has no value"),
    "tilde": ("a: ~\n", "s.yaml:1:4: a missing value (null) has no meaning here"),
    "backtick": ("a: `x` + 1\n", "s.yaml:1:4: a value cannot start with '`'"),
    "at": ("a: @x\n", "s.yaml:1:4: a value cannot start with '@'"),
    "second colon": ("a: b: c\n", "s.yaml:1:5: a second ': ' on the line"),
    "twice": ("a: 1\na: 2\n", "s.yaml:2:1: the key 'a' stands twice"),
    "anchor": ("a: &x 1\n", "s.yaml:1:4: anchors (&) and aliases (*)"),
    "merge": ("a: {<<: {b: 1}}\n", "s.yaml:1:5: merge keys (<<)"),
    "tag": ("a: !!python/object 1\n", "is not part of the language"),
    "binary": ("a: !!binary eA==\n", "is not part of the language"),
    "infinite": ("a: 1e999\n", "s.yaml:1:4: 1e999 is not a finite number"),
    "two documents": ("a: 1\n---\nb: 2\n", "a second YAML document"),
    "a list": ("- a\n", "s.yaml:1:1: a study file is a mapping"),
    "empty": ("", "the study file is empty"),
    "comments only": ("# nothing\n", "the study file is empty"),
    "open bracket": ("a: [1, 2\nb: 3\n", "inside { } or [ ]"),
    "key of brackets": ("? [a, b]\n: 1\n", "a key must be a plain word"),
    "deep": ("a: " + "[" * 30 + "1" + "]" * 30 + "\n", "more than 20 levels"),
    "very deep": ("a: " + "[" * 1000, "not readable as YAML"),
    "control character": ("a: \x07\n", "not readable as YAML"),
}


@pytest.mark.parametrize(("text", "words"), TRAPS.values(), ids=TRAPS)
def test_traps(text, words):
    assert words in fault(text)


def test_the_source_line_stands_below():
    assert fault("a: 1\nb: {f: log(x, 2), g: 1}\n").splitlines()[1:3] == [
        "    b: {f: log(x, 2), g: 1}",
        "                  ^",
    ]


def test_all_faults_of_a_kind_are_told_at_once():
    with pytest.raises(StudyFileError) as caught:
        document.parse("a:\n\tb: 1\nc：2\n", "s.yaml")
    assert len(caught.value.problems) == 2


def test_chinese_prose_is_not_a_trap():
    text = "notes:\n  - 注：括号内为标准误\n  - |\n    数据：来源\n    \t表\n  - 'a：b'\nzh: 数据：来源\n"
    data = document.parse(text, "s.yaml").data
    assert data == {"notes": ["注：括号内为标准误", "数据：来源\n\t表\n", "a：b"], "zh": "数据：来源"}


def test_plain_values():
    text = "a: 1_000\nb: 2.50\nc: true\nd: no\ne: '1'\nf: 2020-01-01\ng: 010\nh: on\n"
    data = document.parse(text, "s.yaml").data
    assert data == {"a": 1000, "b": 2.5, "c": True, "d": "no", "e": "1", "f": "2020-01-01", "g": 10, "h": "on"}


def test_places_of_keys_and_values():
    made = document.parse("a:\n  b: 'log(x)'\n", "s.yaml")
    assert str(made.at(("a", "b"))) == "s.yaml:2:6"
    assert str(made.at(("a", "b"), key=True)) == "s.yaml:2:3"
    assert str(made.at(("a", "b"), offset=4)) == "s.yaml:2:11"
    assert str(made.at(("a", "b", "c", 3))) == "s.yaml:2:6"
    assert str(made.at(("z",))) == "s.yaml:1:1"


def test_files_that_are_none(tmp_path):
    for content, words in ((b"\xff\xfe", "is not UTF-8"), (b"#" * 2_000_001, "larger than")):
        (tmp_path / "study.yaml").write_bytes(content)
        with pytest.raises(EconloomError, match=words):
            document.read(tmp_path)
    with pytest.raises(EconloomError, match="No such file"):
        document.read(tmp_path / "nothing.yaml")
    with pytest.raises(EconloomError, match="File name too long"):
        document.read("x" * 5000)


def test_other_line_ends_and_marks(folder):
    text = (folder / "study.yaml").read_text(encoding="utf-8")
    original = schema.load(folder)
    for other in (text.replace("\n", "\r\n").encode(), text.encode("utf-8-sig")):
        (folder / "study.yaml").write_bytes(other)
        assert schema.load(folder) == original
    assert small.FOLDER in str(folder)
