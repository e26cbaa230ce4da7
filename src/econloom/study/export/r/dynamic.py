"""Difference and system GMM in base R: the formulas, with the instruments of the model spelt out."""

from __future__ import annotations

from econloom.panel.dynamics.asked import GmmIV, Options, StdIV
from econloom.study.export.r.blocks import Block, names, quoted
from econloom.study.export.statement import Native, Statement


def dynamic(s: Statement) -> Block:
    """``gmm_panel`` of the script; what it has not is named (plm::pgmm has other instruments)."""
    options: Options = s.options["fitted"]
    groups = s.options["instruments"]
    if s.options["dummies"] or options.small or options.transform != "differences":
        return _not("time effects, small-sample factors or deviations")
    if options.steps == 1 and not options.corrected:
        return _not("errors of the iid kind")
    if any(n.kind != "column" for _, natives in groups for n in natives):
        return _not("instruments that are lags by name")
    gmm = [_lags(one, n, options) for one, natives in groups if isinstance(one, GmmIV) for n in natives]
    std = [_plain(one, n) for one, natives in groups if isinstance(one, StdIV) for n in natives]
    flags = f"system = {_truth(options.system)}, steps = {options.steps}, h = {options.h}"
    constant = options.system and s.intercept
    unit, time = quoted(str(s.unit)), quoted(str(s.time))
    call = (
        f"gmm_panel({quoted(s.outcome.column)}, {names(s.regressors)}, {s.data}, {s.data}[[{quoted(s.sample)}]], "
        f"{unit}, {time},\n    gmm = list({', '.join(gmm)}),\n    std = list({', '.join(std)}),"
        f"\n    {flags}, corrected = {_truth(options.corrected)}, constant = {_truth(constant)})"
    )
    return Block(base=call, variance="m$V", b_tolerance=1e-7)


def _not(what: str) -> Block:
    return Block(compared="none", why=f"GMM with {what}: not built in R here, and plm::pgmm has other instruments")


def _lags(one: GmmIV, native: Native, options: Options) -> str:
    near, far = one.lags
    collapse = options.collapse if one.collapse is None else one.collapse
    equation = one.equation if options.system else "difference"
    return (
        f"list(name = {quoted(native.column)}, lags = c({near}, {'Inf' if far is None else far}), "
        f"equation = {quoted(equation)}, collapse = {_truth(collapse)})"
    )


def _plain(one: StdIV, native: Native) -> str:
    plain = _truth(one.untransformed)
    return f"list(name = {quoted(native.column)}, equation = {quoted(one.equation)}, plain = {plain})"


def _truth(value: bool) -> str:
    return "TRUE" if value else "FALSE"
