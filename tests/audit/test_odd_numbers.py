"""Zeros, ones, huge and negative numbers where they make no sense: every check says something or nothing, and ends."""

from __future__ import annotations

import json

import numpy as np
import pytest

from econloom.audit import Given, audit
from tests.audit.tables import SE, made

STAGES = (" | (1) | (2) | (3) | (4)", " | OLS | Reduced form | First stage | 2SLS",
          "x | {} | | | {}", " | ({}) | | | ({})",
          "z | | {} | {} | ", " | | ({}) | ({}) | ", "N | {} | {} | {} | {}", "First-stage F | | | | {}",
          "Cragg-Donald F | | | | {}", "Anderson LM | | | | {} [{}]", "Sargan | | | | {} [{}]")  # fmt: skip
LIKELIHOOD = (" | (1) | (2)", " | Logit | Logit", "x | {} | {}", " | ({}) | ({})", "z | | {}", " | | ({})",
              "N | {} | {}", "Log likelihood | {} | {}", "Pseudo R2 | {} | {}", "LR chi2 | {} | {} [{}]",
              "AIC | {} | {}", "BIC | {} | {}")  # fmt: skip
EFFECTS = (" | (1) | (2)", " | FE | RE", "x | {} | {}", " | ({}) | ({})", "Constant | | {}", " | | ({})",
           "N | {} | {}", "R2 | {} | {}", "Adj. R2 | {} | {}", "F | {} [{}] | {}", "Hausman | | {} [{}]",
           "Wald chi2 | | {}**")  # fmt: skip
MEDIATION = (" | (1) | (2) | (3)", " | y | m | y", "x | {} | {} | {}", " | ({}) | ({}) | ({})", "m | | | {}",
             " | | | ({})", "N | {} | {} | {}", "Sobel z | | | {}", "Indirect effect | | | {}")  # fmt: skip
MOMENTS = ("Variable | N | Mean | Std. Dev. | Min | p25 | Median | Max", "x | {} | {} | {} | {} | {} | {} | {}",
           "y | {} | {} | {} | {} | {} | {} | {}")  # fmt: skip
RANGES = ("Variable | N | Std. Dev. | Min | Max", "x | {} | {} | {} | {}")
SAMPLES = ("Variable | All | | | East | | | West | | | Difference",
           " | N | Mean | Std. Dev. | N | Mean | Std. Dev. | N | Mean | Std. Dev. | Difference",
           "x | {} | {} | {} | {} | {} | {} | {} | {} | {} | {}*")  # fmt: skip
ODD = ("0", "0.0", "-0.000", "1", "1.000", "2", "-1.5", "0.001", "99999999", "1e300", "1e-30", "3", "0.5", "12.345")


@pytest.mark.parametrize("shape", [STAGES, LIKELIHOOD, EFFECTS, MEDIATION, MOMENTS, RANGES, SAMPLES])
def test_odd_numbers(shape: tuple[str, ...]) -> None:
    rng = np.random.default_rng(9)
    for number in range(60):
        text = "\n".join(shape)
        rows = text.format(*rng.choice(ODD, text.count("{}"))).split("\n")
        note = (SE, "t statistics in parentheses", "")[number % 3]
        tables = [made(*rows, note=note, title="Heterogeneity, with year effects", name=name) for name in "tu"]
        given = Given(units=2, periods=1, integers=["x"] if "Variable" in rows[0] else ())
        assert json.dumps(audit(tables, given).to_dict())


@pytest.mark.parametrize(
    "text", ["1" * 50_000, "1," * 25_000, "从1" * 5_000, "1 of " * 9_000, "0.51 is 2 times " * 3_000]
)
def test_texts_that_go_on(text: str) -> None:
    assert audit([made(" | (1)", "x | 0.51", " | (0.1)")], Given(text=text)).ok
