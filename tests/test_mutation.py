"""Corrupted studies and data: an error in words, or the same results, or visibly another study."""

import random
import re

import pytest

import econloom as el
from econloom.core.errors import EconloomError
from tests.study import small

WIDE = "：，（）“”\u3000【】；＝～｜"
ODD = [
    "\t",
    "\x00",
    "\ufeff",
    "\u2028",
    *"{}[]()'\"`$|~:,#&*!%@?",
    "- ",
    "---\n",
    "null",
    "~ ",
    "no",
    ".nan",
    "1e999",
    "²",
    "\n",
]


def _characters(text, rng):
    at, length = rng.randrange(len(text)), rng.randint(1, 4)
    return rng.choice(
        [
            text[:at] + text[at + length :],
            text[:at] + text[at : at + length] + text[at:],
            text[:at] + text[at + 1 : at + 2] + text[at : at + 1] + text[at + 2 :],
            text[:at] + chr(rng.randrange(32, 127)) + text[at + 1 :],
            text[:at] + rng.choice(WIDE) + text[at + rng.randint(0, 1) :],
            text[:at] + rng.choice(ODD) + text[at:],
            text[:at],
        ]
    )


def _lines(text, rng):
    lines = text.split("\n")
    a, b = rng.randrange(len(lines)), rng.randrange(len(lines))
    kind = rng.randrange(4)
    if kind == 0:
        del lines[a]
    elif kind == 1:
        lines.insert(b, lines[a])
    elif kind == 2:
        lines[a], lines[b] = lines[b], lines[a]
    else:
        lines[a] = rng.choice([" ", "\t", "\u3000"]) + lines[a]
    return "\n".join(lines)


def _words(text, rng):
    a, b = sorted(rng.sample(list(re.finditer(r"[\w.]+", text)), 2), key=lambda m: m.start())
    if rng.random() < 0.5:
        return text[: a.start()] + rng.choice(["1", "-5", "code", "and", "''", "[]", *ODD]) + text[a.end() :]
    return text[: a.start()] + b.group() + text[a.end() : b.start()] + a.group() + text[b.end() :]


def _brackets(text, rng):
    at = rng.choice([n for n, c in enumerate(text) if c in "{}[]()'\":,|~$"])
    return text[:at] + rng.choice(["", *"{}[]()'\":,|~$"]) + text[at + 1 :]


def corrupted(text, rng):
    for _ in range(rng.choice([1, 1, 2])):
        if len(text) > 200:
            text = rng.choice([_characters, _lines, _words, _brackets])(text, rng)
    return text


def damaged(content, rng):
    at, length = rng.randrange(len(content)), rng.randint(1, 30)
    made = rng.choice(
        [
            content[:at] + bytes([content[at] ^ 1 << rng.randrange(8)]) + content[at + 1 :],
            content[:at],
            content[:at] + bytes(length) + content[at + length :],
            content[:at] + content[at + length :],
            content[:at] + rng.randbytes(length) + content[at:],
        ]
    )
    return made if made != content else content[:-1]


@pytest.fixture(scope="module")
def original(tmp_path_factory):
    folder = small.write(tmp_path_factory.mktemp("mutation"))
    return folder, (folder / "study.yaml").read_text(encoding="utf-8"), el.study(folder).run(out=folder / "out")


@pytest.mark.parametrize("seed", range(60))
def test_a_corrupted_study_file(original, seed):
    folder, text, whole = original
    changed = corrupted(text, random.Random(seed))
    (folder / "study.yaml").write_bytes(changed.encode("utf-8", "surrogatepass"))
    try:
        study = el.study(folder)
        done = study.run(out=folder / "again")
    except EconloomError as error:
        assert str(error)
        return
    if study.spec.model_dump() == whole.plan.spec.model_dump():
        assert done.results.equals(whole.results) and done.values.equals(whole.values)
    else:
        assert changed != text


@pytest.mark.parametrize("name", ["regions.csv", "more.parquet"])
@pytest.mark.parametrize("seed", range(20))
def test_damaged_data_whose_digest_is_named(original, name, seed):
    folder, text, _ = original
    (folder / "study.yaml").write_text(text, encoding="utf-8")
    source = folder / "data" / name
    content = source.read_bytes()
    try:
        source.write_bytes(damaged(content, random.Random(seed)))
        with pytest.raises(EconloomError) as caught:
            el.study(folder).run(out=folder / "out")
        assert caught.value.exit_code == 3
    finally:
        source.write_bytes(content)
