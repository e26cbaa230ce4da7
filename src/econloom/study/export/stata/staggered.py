"""Estimators robust to staggered timing: eventstudyinteract, csdid, did_imputation, did2s."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from econloom.study.export.stata.commands import Block, Macros
from econloom.study.export.stata.words import command, term
from econloom.study.export.statement import Statement

_ERRORS = "errors of another program's formula"


def _controls(s: Statement) -> str:
    return " ".join(term(v.native) for v in s.regressors if v.term != s.options["term"])


def _effects(s: Statement) -> str:
    return " ".join("#".join(e.columns) for e in s.effects)


def _cluster(s: Statement) -> str:
    return s.errors.clusters[0] if s.errors.clusters else str(s.unit)


def _made(name: str, kind: str, formula: str) -> tuple[str, ...]:
    return f"capture drop {name}", f"generate {kind} {name} = {formula}"


def _sun_abraham(s: Statement, macros: Macros) -> Block:
    """Interaction-weighted effects by event time, and their mean over treated rows."""
    cohort, time, options = s.options["cohort"], s.time, s.options
    others = _controls(s)
    control = f"missing({cohort}) | {cohort} > {options['last']}"
    rows = f"{s.sample} == 1 & (el_control == 1 | {cohort} > {options['first']})"
    if not options["never"]:
        control = f"{cohort} == {options['last_cohort']}"
        rows += f" & {time} < {options['last_cohort']}"
    lines = (
        *_made("el_control", "byte", control),
        *_made("el_since", "double", f"{time} - {cohort} if el_control == 0"),
        "capture drop el_m_*",
        "capture drop el_p_*",
        'local events ""',
        f"quietly levelsof el_since if {rows}, local(times)",
        "foreach k of local times {",
        "    if `k' == -1 {",
        "        continue",
        "    }",
        '    local name = cond(`k\' < 0, "el_m_" + string(-`k\'), "el_p_" + string(`k\'))',
        "    generate byte `name' = el_since == `k'",
        "    local events `events' `name'",
        "}",
        command(
            "eventstudyinteract", s.outcome.column, "`events'", f"if {rows}", f"[aw={s.weights}]" if s.weights else "",
            options=[f"cohort({cohort})", "control_cohort(el_control)", f"absorb({_effects(s)})",
                     f"covariates({others})" if others else "", f"vce(cluster {_cluster(s)})"],
        ),
        "matrix el_b = e(b_iw)",
        "scalar el_sum = 0",
        "scalar el_n = 0",
        "foreach name of local events {",
        '    if substr("`name\'", 1, 5) == "el_p_" {',
        f"        quietly summarize {s.weights or s.sample} if `name' == 1 & {rows}",
        '        scalar el_sum = el_sum + r(sum) * el_b[1, colnumb(el_b, "`name\'")]',
        "        scalar el_n = el_n + r(sum)",
        "    }",
        "}",
        "scalar el_mean = el_sum / el_n",
    )  # fmt: skip
    needs = ("eventstudyinteract", "avar", "reghdfe", "ftools")
    return Block(lines, needs=needs, compared="estimate", why=_ERRORS, value="el_mean", stored=False)


def _group_time(notyet: str) -> Callable[[Statement, Macros], Block]:
    def made(s: Statement, macros: Macros) -> Block:
        cohort = s.options["cohort"]
        cluster = _cluster(s)
        line = command(
            "csdid", s.outcome.column, _controls(s), f"if {s.sample} == 1", f"[iw={s.weights}]" if s.weights else "",
            options=[f"ivar({s.unit})", f"time({s.time})", "gvar(el_first)", "method(dripw)", notyet,
                     f"cluster({cluster})" if cluster != s.unit else ""],
        )  # fmt: skip
        lines = (
            *_made("el_first", "double", f"cond(missing({cohort}) | {cohort} > {s.options['last']}, 0, {cohort})"),
            line,
            "estat simple, estore(el_simple)",
            "estimates restore el_simple",
            "scalar el_mean = _b[ATT]",
        )
        return Block(lines, needs=("csdid", "drdid"), compared="estimate", why=_ERRORS, value="el_mean", stored=False)

    return made


def _imputation(s: Statement, macros: Macros) -> Block:
    others = _controls(s)
    line = command(
        "did_imputation", s.outcome.column, str(s.unit), str(s.time), s.options["cohort"], f"if {s.sample} == 1",
        f"[aw={s.weights}]" if s.weights else "",
        options=[f"fe({_effects(s)})", f"controls({others})" if others else "", f"cluster({_cluster(s)})",
                 "autosample", "minn(0)"],
    )  # fmt: skip
    lines = (line, "scalar el_mean = _b[tau]")
    return Block(
        lines,
        needs=("did_imputation", "reghdfe", "ftools"),
        compared="estimate",
        why=_ERRORS,
        value="el_mean",
        stored=False,
    )


def _two_stage(s: Statement, macros: Macros) -> Block:
    cohort = s.options["cohort"]
    first = " ".join([*(f"i.{'#i.'.join(e.columns)}" for e in s.effects), _controls(s)]).strip()
    line = command(
        "did2s", s.outcome.column, f"if {s.sample} == 1", f"[aw={s.weights}]" if s.weights else "",
        options=[f"first_stage({first})", "second_stage(el_treated)", "treatment(el_treated)",
                 f"cluster({_cluster(s)})"],
    )  # fmt: skip
    lines = (
        *_made("el_treated", "byte", f"!missing({cohort}) & {s.time} >= {cohort}"),
        line,
        "scalar el_mean = _b[el_treated]",
    )
    return Block(lines, needs=("did2s",), compared="estimate", why=_ERRORS, value="el_mean", stored=False)


def _none(why: str) -> Callable[[Statement, Macros], Block]:
    return lambda s, macros: Block(compared="none", why=why)


STAGGERED: Mapping[str, Callable[[Statement, Macros], Block]] = {
    "sun_abraham": _sun_abraham,
    "group_time": _group_time(""),
    "group_time_later": _group_time("notyet"),
    "imputation": _imputation,
    "two_stage": _two_stage,
    "stacked": _none("the stack of experiments is made by econloom; no command makes the same one"),
    "multiple_periods": _none(
        "the mean of effects by switchers is econloom's (compare did_multiplegt_dyn by event time)"
    ),
}
