"""Estimators robust to staggered timing in R: did, fixest::sunab, didimputation, did2s; by name where there is none."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from econloom.study.export.r.rules import Block
from econloom.study.export.statement import Statement

_ERRORS = "errors of another program's formula"


def _controls(s: Statement) -> str:
    term = s.options["term"]
    return " + ".join(v.column for v in s.regressors if v.term != term)


def _named(s: Statement, value: str) -> str:
    """An estimate under the treatment's name, as the check finds it."""
    treatment = next((v.column for v in s.regressors if v.term == s.options["term"]), "treatment")
    return f'structure(list(coefficients = c("{treatment}" = {value})), class = "own")'


def _sun_abraham(s: Statement) -> Block:
    others = _controls(s)
    cohort = s.options["cohort"]
    first = f"sunab(ifelse(is.na({cohort}), 10000, {cohort}), {s.time}, ref.p = -1)"
    effects = " + ".join(e.group for e in s.effects)
    call = f"fixest::feols({s.outcome.column} ~ {first}{' + ' + others if others else ''} | {effects}, d)"
    value = f'summary({call}, agg = "att")$coeftable["ATT", 1]'
    return Block(_named(s, value), "fixest", variance="matrix(1)", compared="estimate", why=_ERRORS, b_tolerance=1e-6)


def _group_time(control: str) -> Callable[[Statement], Block]:
    def made(s: Statement) -> Block:
        others = _controls(s) or "1"
        cohort = s.options["cohort"]
        rows = f"transform(d, .g = ifelse(is.na({cohort}), 0, {cohort}))"
        call = (
            f'did::att_gt("{s.outcome.column}", "{s.time}", "{s.unit}", ".g", ~{others}, data = {rows}, '
            f'control_group = "{control}", est_method = "dr", base_period = "universal", '
            "bstrap = FALSE, cband = FALSE, allow_unbalanced_panel = TRUE)"
        )
        value = f'did::aggte({call}, type = "simple", bstrap = FALSE, cband = FALSE)$overall.att'
        return Block(_named(s, value), "did", variance="matrix(1)", compared="estimate", why=_ERRORS, b_tolerance=1e-6)

    return made


def _imputation(s: Statement) -> Block:
    effects = " + ".join(e.group for e in s.effects)
    others = _controls(s) or "0"
    cohort = s.options["cohort"]
    rows = f"transform(d, .g = ifelse(is.na({cohort}), 0, {cohort}))"
    call = (
        f'didimputation::did_imputation({rows}, yname = "{s.outcome.column}", gname = ".g", tname = "{s.time}", '
        f'idname = "{s.unit}", first_stage = ~{others} | {effects})'
    )
    value = f"{call}$estimate[1]"
    return Block(
        _named(s, value), "didimputation", variance="matrix(1)", compared="estimate", why=_ERRORS, b_tolerance=1e-6
    )


def _two_stage(s: Statement) -> Block:
    effects = " + ".join(e.group for e in s.effects)
    others = _controls(s) or "0"
    cohort = s.options["cohort"]
    rows = f"transform(d, .treated = !is.na({cohort}) & {s.time} >= {cohort})"
    cluster = s.errors.clusters[0] if s.errors.clusters else s.unit
    call = (
        f'did2s::did2s({rows}, yname = "{s.outcome.column}", first_stage = ~{others} | {effects}, '
        f'second_stage = ~i(.treated, ref = FALSE), treatment = ".treated", cluster_var = "{cluster}")'
    )
    return Block(
        _named(s, f"coef({call})[[1]]"),
        "did2s",
        variance="matrix(1)",
        compared="estimate",
        why=_ERRORS,
        b_tolerance=1e-6,
    )


def _none(why: str) -> Callable[[Statement], Block]:
    return lambda s: Block(compared="none", why=why)


STAGGERED: Mapping[str, Callable[[Statement], Block]] = {
    "sun_abraham": _sun_abraham,
    "group_time": _group_time("nevertreated"),
    "group_time_later": _group_time("notyettreated"),
    "imputation": _imputation,
    "two_stage": _two_stage,
    "stacked": _none("the stack of experiments is made by econloom; no package makes the same one"),
    "multiple_periods": _none(
        "the mean of effects by switchers is econloom's (compare DIDmultiplegtDYN by event time)"
    ),
}
