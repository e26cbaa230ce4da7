"""Dynamic panels as xtabond2 has them."""

from __future__ import annotations

from econloom.panel.dynamics.asked import GmmIV, Options, StdIV
from econloom.study.export.stata.commands import Block, Macros
from econloom.study.export.stata.words import command, listed, term
from econloom.study.export.statement import Native, Statement

_EQUATIONS = {"difference": "eq(diff)", "level": "eq(level)", "both": ""}


def dynamic(s: Statement, macros: Macros) -> Block:
    """``xtabond2`` with the instruments of the model, spelt out."""
    options: Options = s.options["fitted"]
    years = f"el_{s.time}*" if s.options["dummies"] else ""
    setting = (f"capture drop el_{s.time}*", f"quietly tabulate {s.time} if {s.sample} == 1, generate(el_{s.time})")
    groups = [instruments(one, natives, options) for one, natives in s.options["instruments"]]
    if years:
        groups.append(f"iv({years}{'' if not options.system else ', eq(level)'})")
    line = command(
        "xtabond2", s.outcome.column, listed(s.regressors, macros), years, f"if {s.sample} == 1",
        options=[*groups, *_settings(s, options)],
    )  # fmt: skip
    cons = s.constant == "intercept" and not years
    return Block(
        (*(setting if years else ()), line), "own", ("xtabond2",), cons, b_tolerance=1e-5, se_tolerance=1e-4
    )  # fmt: skip


def _settings(s: Statement, options: Options) -> list[str]:
    return [
        "" if options.system else "noleveleq",
        "orthogonal" if options.transform == "deviations" else "",
        "twostep" if options.steps == 2 else "",
        "robust" if options.corrected else "",
        "small" if options.small else "",
        "" if s.intercept else "noconstant",
        f"h({options.h})",
    ]


def instruments(one: GmmIV | StdIV, natives: tuple[Native, ...], options: Options) -> str:
    """A group of instruments: ``gmm(gini, lag(2 .) collapse)``, ``iv(fw bw, eq(diff))``."""
    names = " ".join(map(term, natives))
    equation = _EQUATIONS[one.equation] if options.system else ""
    if isinstance(one, StdIV):
        own = [equation, "passthru" if one.untransformed else ""]
    else:
        near, far = one.lags
        collapse = options.collapse if one.collapse is None else one.collapse
        own = [f"lag({near} {'.' if far is None else far})", equation, "collapse" if collapse else ""]
    said = " ".join(o for o in own if o)
    return f"{'iv' if isinstance(one, StdIV) else 'gmm'}({names}{', ' + said if said else ''})"
