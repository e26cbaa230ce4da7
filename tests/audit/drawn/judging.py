"""What the audit says of drawn tables, beside what brute force proves."""

from __future__ import annotations

from dataclasses import dataclass
from types import ModuleType

import numpy as np

from econloom.audit import Finding, Given, audit
from econloom.audit.read.interpret import interpret
from tests.audit.drawn import fast
from tests.audit.drawn.brute import impossible
from tests.audit.drawn.drawing import draw
from tests.audit.drawn.planting import plant
from tests.audit.drawn.sheets import Descriptive, Sheet

# a copied column is possible; a ratio against a column that nothing else points to has no stronger class
SUSPICIOUS = frozenset({"copy", "lr"})
SAME = {"df": {"df", "chi2", "f"}}  # one reason, found by whichever check is the stronger


@dataclass(frozen=True)
class Planted:
    """An error, the checks by which brute force rules it out, and the findings."""

    kind: str
    digits: int
    proven: frozenset[str]
    findings: tuple[Finding, ...]

    @property
    def checks(self) -> frozenset[str]:
        """Checks that say impossible."""
        return frozenset(f.check for f in self.findings if f.level != "suspicious" or f.check in SUSPICIOUS)

    @property
    def missed(self) -> set[str]:
        """What is proven and not found."""
        return {k for k in self.proven if not self.checks & SAME.get(k, {k})}

    @property
    def unproven(self) -> set[str]:
        """What is called certain and not proven."""
        return {f.check for f in self.findings if f.level == "certain"} - self.proven


def drawn(seed: int, number: int, engine: ModuleType = fast) -> tuple[np.random.Generator, Sheet | Descriptive]:
    """The table of a number, and the generator after it."""
    rng = np.random.default_rng([seed, number])
    return rng, draw(rng, engine)


def audited(table: Sheet | Descriptive) -> tuple[Finding, ...]:
    """Findings; a table that cannot be read in full is an error."""
    given = Given(integers=table.integers) if isinstance(table, Descriptive) else Given()
    done = audit([interpret(table.grid(), "t")], given)
    if done.unread:
        raise AssertionError(f"not read: {done.unread[0]}")
    return done.findings


def planted(rng: np.random.Generator, table: Sheet | Descriptive) -> Planted | None:
    """One error in the table; None where the draw changes nothing."""
    made = plant(rng, table)
    if made is None:
        return None
    kind, wrong = made
    given = Given(integers=wrong.integers) if isinstance(wrong, Descriptive) else Given()
    findings = audit([interpret(wrong.grid(), "t")], given).findings
    return Planted(kind, wrong.digits, frozenset(impossible(wrong)), findings)
