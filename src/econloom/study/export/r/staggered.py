"""Estimators robust to staggered timing in R: did, fixest::sunab, didimputation, did2s; by name where there is none."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from econloom.study.export.r.blocks import Block, names, quoted
from econloom.study.export.statement import Statement

_ERRORS = "errors of another program's formula"


def _controls(s: Statement) -> str:
    term = s.options["term"]
    return " + ".join(v.column for v in s.regressors if v.term != term)


def _treatment(s: Statement) -> str:
    return next((v.column for v in s.regressors if v.term == s.options["term"]), "treatment")


def _named(s: Statement, value: str) -> str:
    """An estimate under the treatment's name, as the check finds it."""
    return f"one_effect({quoted(_treatment(s))}, {value})"


def _base(s: Statement, function: str) -> str:
    """The definition in base R; empty where effects of more than two kinds leave open what untreated rows say."""
    inner = [e for e in s.effects if not any(set(e.columns) < set(o.columns) for o in s.effects)]
    if function == "imputed_effect" and len(inner) > 2:
        return ""
    absorb = f"c({', '.join(quoted(e.group) for e in inner)})"
    controls = names([v for v in s.regressors if v.term != s.options["term"]])
    weights = f", weights = {quoted(s.weights)}" if s.weights else ""
    return (
        f"{function}({quoted(_treatment(s))}, {quoted(s.outcome.column)}, {controls}, d, {absorb}, "
        f"{quoted(s.options['cohort'])}, {quoted(str(s.time))}{weights})"
    )


def _mean(s: Statement, package: str, value: str, base: str) -> Block:
    """The mean effect of the treated by a package, or by its definition."""
    return Block(
        _named(s, value), package, base, variance="matrix(1)", compared="estimate", why=_ERRORS,
        b_tolerance=1e-6 if not base else 1e-8,
    )  # fmt: skip


def _cohorts(s: Statement) -> str:
    """The rows with 0 for cohorts that never adopt."""
    cohort = s.options["cohort"]
    return f"transform(d, .g = ifelse(is.na({cohort}) | {cohort} > {s.options['last']}, 0, {cohort}))"


def _effects(s: Statement) -> str:
    return " + ".join(e.group for e in s.effects)


def _sun_abraham(s: Statement) -> Block:
    others, cohort = _controls(s), s.options["cohort"]
    first = f"sunab(ifelse(is.na({cohort}) | {cohort} > {s.options['last']}, 10000, {cohort}), {s.time}, ref.p = -1)"
    weights = f", weights = ~{s.weights}" if s.weights else ""
    right = f"{first}{' + ' + others if others else ''}"
    call = f"fixest::feols({s.outcome.column} ~ {right} | {_effects(s)}, d{weights})"
    return _mean(s, "fixest", f'summary({call}, agg = "att")$coeftable["ATT", 1]', _base(s, "interacted_effect"))


def _group_time(control: str) -> Callable[[Statement], Block]:
    def made(s: Statement) -> Block:
        others, cohort = _controls(s), s.options["cohort"]
        weights = f', weightsname = "{s.weights}"' if s.weights else ""
        call = (
            f'did::att_gt("{s.outcome.column}", "{s.time}", "{s.unit}", ".g", ~{others or 1}, data = {_cohorts(s)}, '
            f'control_group = "{control}", est_method = "dr", base_period = "universal", '
            f"bstrap = FALSE, cband = FALSE, allow_unbalanced_panel = TRUE{weights})"
        )
        value = f'did::aggte({call}, type = "simple", bstrap = FALSE, cband = FALSE)$overall.att'
        base = ""
        if control == "nevertreated" and not others and not s.weights and s.balanced:
            base = (
                f"group_time_effect({quoted(_treatment(s))}, {quoted(s.outcome.column)}, d, {quoted(str(s.unit))}, "
                f"{quoted(str(s.time))}, {quoted(cohort)})"
            )
        return _mean(s, "did", value, base)

    return made


def _imputation(s: Statement) -> Block:
    weights = f', wname = "{s.weights}"' if s.weights else ""
    call = (
        f'didimputation::did_imputation({_cohorts(s)}, yname = "{s.outcome.column}", gname = ".g", '
        f'tname = "{s.time}", idname = "{s.unit}", first_stage = ~{_controls(s) or 0} | {_effects(s)}{weights})'
    )
    return _mean(s, "didimputation", f"{call}$estimate[1]", _base(s, "imputed_effect"))


def _two_stage(s: Statement) -> Block:
    cohort = s.options["cohort"]
    rows = f"transform(d, .treated = !is.na({cohort}) & {s.time} >= {cohort})"
    cluster = s.errors.clusters[0] if s.errors.clusters else s.unit
    weights = f', weights = "{s.weights}"' if s.weights else ""
    call = (
        f'did2s::did2s({rows}, yname = "{s.outcome.column}", first_stage = ~{_controls(s) or 0} | {_effects(s)}, '
        f'second_stage = ~i(.treated, ref = FALSE), treatment = ".treated", cluster_var = "{cluster}"{weights})'
    )
    return _mean(s, "did2s", f"coef({call})[[1]]", _base(s, "imputed_effect"))


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
