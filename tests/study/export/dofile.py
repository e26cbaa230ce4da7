"""A light reader of do-files: what can be known to be wrong without Stata.

Checked: quotes, brackets and braces close; every macro is defined before it is used; every variable is in the data or
was generated; every stored estimate exists before a table shows it; every command is known and has only options of a
list that was typed from its help; every model that is checked has rows in expected.csv.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import polars as pl
import pyreadstat

ML = {"vce", "tolerance", "noconstant"}
OPTIONS: dict[str, set[str]] = {
    "regress": {"vce", "noconstant"},
    "areg": {"absorb", "vce"},
    "xtreg": {"fe", "re", "be", "sa", "wls", "vce"},
    "reghdfe": {"absorb", "noabsorb", "vce", "keepsingletons", "tolerance"},
    "ppmlhdfe": {"absorb", "vce", "keepsingletons", "tolerance"},
    "ivreg2": {"cluster", "robust", "small", "liml", "gmm2s", "noconstant"},
    "ivreghdfe": {"absorb", "cluster", "robust", "liml", "gmm2s"},
    "poisson": ML,
    "logit": ML,
    "clogit": {*ML, "group"},
    "fracreg": ML,
    "tobit": {*ML, "ll", "ul"},
    "xttobit": {*ML, "ll", "ul", "intpoints"},
    "xtabond2": {"gmm", "iv", "noleveleq", "orthogonal", "twostep", "robust", "small", "noconstant", "h"},
    "csdid": {"ivar", "time", "gvar", "method", "notyet", "cluster"},
    "did_imputation": {"fe", "controls", "cluster", "autosample", "minn"},
    "did2s": {"first_stage", "second_stage", "treatment", "cluster"},
    "eventstudyinteract": {"cohort", "control_cohort", "absorb", "covariates", "vce"},
    "esttab": {"replace", "b", "se", "t", "p", "star", "title", "label", "nogaps", "booktabs"},
}
PLAIN = {
    "version", "clear", "set", "local", "foreach", "forvalues", "if", "else", "capture", "display", "exit", "program",
    "gettoken", "syntax", "tempname", "scalar", "continue", "args", "matrix", "ereturn", "frame", "import", "use",
    "xtset", "summarize", "el_describe",
    "el_check", "el_value", "el_scale", "el_skip", "estimates", "generate", "levelsof", "count", "tabulate",
    "drop", "mkdir", "estat", "which", "end",
}  # fmt: skip
WORD = re.compile(r"(?<![\w.`'\"/])([^\W\d]\w*)(?![\w(])")


@dataclass
class Read:
    """What was found."""

    faults: list[str] = field(default_factory=list)
    stored: set[str] = field(default_factory=set)
    checked: set[str] = field(default_factory=set)
    commands: set[str] = field(default_factory=set)


def read(script: Path) -> Read:
    """Read a do-file beside its data."""
    found = Read()
    text = script.read_text(encoding="utf-8")
    expected = set(pl.read_csv(script.parent / "expected.csv")["model"].unique())
    variables: set[str] = set()
    macros: set[str] = set()
    depth = 0
    for line in logical(text):
        depth += line.count("{") - line.count("}") if not line.startswith("display") else 0
        if depth < 0:
            found.faults.append(f"a brace too many: {line}")
        _balance(line, found)
        variables |= _loaded(line, script)
        macros |= defined(line)
        found.faults += [f"macro {m} is not defined: {line}" for m in used(line) if m not in macros]
        _command(line, found, variables, expected)
    if depth:
        found.faults.append(f"{depth} braces stay open")
    return found


def logical(text: str) -> Iterator[str]:
    """Lines without comments, continued ones joined."""
    held = ""
    for line in text.splitlines():
        stripped = line.strip()
        if not held and (not stripped or stripped.startswith("*")):
            continue
        if stripped.endswith("///"):
            held += stripped.removesuffix("///").rstrip() + " "
            continue
        yield held + stripped
        held = ""
    assert not held, "the last line is continued"


def _balance(line: str, found: Read) -> None:
    text = line.replace('`"', '"').replace("\"'", '"')
    if re.sub(r"`[^']*'", "", text).count('"') % 2:
        found.faults.append(f"an open quote: {line}")
    outside = re.sub(r'"[^"]*"', "", text)
    for a, b in ("()", "[]"):
        if outside.count(a) != outside.count(b):
            found.faults.append(f"an open {a}: {line}")
    if outside.count("`") != len(re.findall("'", outside)):
        found.faults.append(f"an open macro: {line}")


def defined(line: str) -> set[str]:
    """Macros that a line defines."""
    names = set(re.findall(r"^(?:capture )?local (?:\+\+)?(\w+)", line))
    names |= set(re.findall(r"^foreach (\w+) ", line)) | set(re.findall(r"^forvalues (\w+) ", line))
    names |= set(re.findall(r"local\((\w+)\)", line)) | set(re.findall(r"^gettoken (\w+) ", line))
    if line.startswith("gettoken"):
        names |= set(line.split()[1:3])
    if line.startswith(("tempname", "args")):
        names |= set(line.split()[1:])
    if line.startswith("syntax"):
        names |= {n.lower() for n in re.findall(r"(\w+)\(\w+[ )]", line)}
    return names


def used(line: str) -> list[str]:
    """Macros that a line uses; expressions and system values aside."""
    return [m for m in re.findall(r"`(\w+)'", line) if not m.isdigit()]


def _loaded(line: str, script: Path) -> set[str]:
    if line.startswith("use "):
        name = re.findall(r'"([^"]+)"', line)[0]
        _, meta = pyreadstat.read_dta(str(script.parent / name), metadataonly=True)
        assert all(len(n) <= 32 for n in meta.column_names)
        return set(meta.column_names)
    made = re.match(r"generate (?:byte|double) (\S+) =", line)
    if made and "`" not in made[1]:
        return {made[1]}
    stub = re.search(r"generate\((\w+)\)", line)
    return {f"{stub[1]}*"} if stub else set()


def _command(line: str, found: Read, variables: set[str], expected: set[str]) -> None:
    words = line.replace("{", "{ ").split()
    while words and words[0] in {"capture", "noisily", "quietly", "{"}:
        words = words[1:]
    if not words or words[0] in {"}"}:
        return
    name = words[0].rstrip(",")
    found.commands.add(name)
    if line.startswith("capture estimates store"):
        found.stored.add(words[-1])
    if name in {"el_check", "el_value", "el_describe"} and "syntax" not in line:
        model = words[1].rstrip(",")
        found.checked.add(model)
        if model not in expected:
            found.faults.append(f"{model} has no row in expected.csv")
    if name not in OPTIONS:
        if name not in PLAIN:
            found.faults.append(f"no such command: {name}: {line}")
        return
    body, _, options = _cut(line)
    for option in re.findall(r"(?:^|[\s)])([a-z_0-9]+)(?=\(|\s|$)", _outside(options)):
        if option not in OPTIONS[name]:
            found.faults.append(f"{name} has no option {option}: {line}")
    if name == "esttab":
        shown = re.findall(r"\w+", body.partition(" using ")[0].split("esttab ")[1])
        found.faults += [f"{s} is shown before it is stored" for s in shown if s not in found.stored]
        return
    _variables(name, line, found, variables)


def _cut(line: str) -> tuple[str, str, str]:
    """A command before and after the comma that begins its options."""
    depth, quoted = 0, False
    for place, letter in enumerate(line):
        quoted ^= letter == '"'
        depth += (letter in "([") - (letter in ")]")
        if letter == "," and not depth and not quoted:
            return line[:place], ",", line[place + 1 :]
    return line, "", ""


def _outside(options: str) -> str:
    """Options without what stands between their brackets."""
    made, depth = "", 0
    for letter in re.sub(r'"[^"]*"', "", options):
        depth -= letter == ")"
        made += letter if depth == 0 else ""
        depth += letter == "("
    return made.replace("()", "( ) ")


_KNOWN = {
    "if", "capture", "noisily", "quietly", "aw", "pw", "iw", "c", "i", "L", "F", "D", "cL", "cF", "lag", "collapse",
    "eq", "diff", "level", "passthru", "robust", "cluster", "keepsingletons", "unadjusted", "hc2", "hc3", "dripw",
    "logit", "probit", "missing", "notyet",
}  # fmt: skip


def _variables(name: str, line: str, found: Read, variables: set[str]) -> None:
    """Names in a command that are neither variables nor words of it."""
    text = re.sub(r"`[^']*'", " ", line)
    text = re.sub(r"\b(?:c?[LF]\d*|D|c|i|\d+)\.", " ", text)
    for word in WORD.findall(text):
        stub = any(v.endswith("*") and word.startswith(v[:-1]) for v in variables)
        if word not in variables | _KNOWN | OPTIONS[name] | {name} and not stub:
            found.faults.append(f"no variable {word}: {line}")
