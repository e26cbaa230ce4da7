"""How Stata estimates a statement: the command, its covariance, and what it does otherwise than the convention."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from econloom.study.export.stata.words import absorbed, command, listed, vce, weights
from econloom.study.export.statement import Compared, Effect, Statement
from econloom.study.export.tables import MANY

_TIGHT = "tolerance(1e-10)"
Macros = Mapping[str, tuple[str, ...]]
NOT_HERE = {
    "cr2": "CR2 errors: regress has vce(hc2 cluster) from Stata 18 on only, without absorbed effects; reg_sandwich has "
    "other degrees of freedom",
    "cr3": "CR3 errors: no command has them with absorbed effects",
    "newey_west": "errors correlated over time within units: newey takes no absorbed effects and other factors",
    "driscoll_kraay": "Driscoll-Kraay errors: xtscc has other factors",
    "conley": "Conley errors: acreg measures distances otherwise",
    "hc2": "HC2 with absorbed effects: regress has it with dummies only",
    "hc3": "HC3 with absorbed effects: regress has it with dummies only",
}


@dataclass(frozen=True)
class Block:
    """An estimation in Stata.

    Attributes
    ----------
    lines : tuple of str
        Commands before the estimation, and it as the last one.
    program : str
        Whose small-sample convention the command follows, a key of :attr:`Errors.programs`.
    needs : tuple of str
        Commands to be installed.
    cons : bool
        Whether ``_cons`` is the constant of econloom's row.
    compared : {"both", "estimate", "none"}
    why : str
    b_tolerance, se_tolerance : float
    value : str
        Scalar that holds the one estimate, where no coefficient does.
    prefix : str
        Of coefficient names: ``D.`` of first differences.
    stored : bool
        Whether the results can be shown by esttab.
    """

    lines: tuple[str, ...] = ()
    program: str = ""
    needs: tuple[str, ...] = ()
    cons: bool = False
    compared: Compared = "both"
    why: str = ""
    b_tolerance: float = 1e-6
    se_tolerance: float = 1e-5
    value: str = ""
    prefix: str = ""
    stored: bool = True


def block_of(s: Statement, macros: Macros) -> Block:
    """How Stata estimates a statement, with its covariance judged."""
    made = METHODS[s.method](s, macros)
    if made.compared == "none" or not made.lines:
        return made
    if s.errors.kind in NOT_HERE and not (s.errors.kind in {"hc2", "hc3"} and made.lines[-1].startswith("regress ")):
        return replace(made, compared="estimate", why=NOT_HERE[s.errors.kind])
    if made.compared == "both" and scale(s, made) is None:
        return replace(
            made, compared="estimate", why=f"no rule from the factors of the command to those of {s.errors.convention}"
        )
    return made


def scale(s: Statement, block: Block) -> float | None:
    """What the command's covariance is multiplied by; None where that is not known."""
    return 1.0 if block.program == "own" else s.errors.scale(block.program)


def _if(s: Statement, more: str = "") -> str:
    return f"if {s.sample} == 1{more}"


def _ols(s: Statement, macros: Macros) -> Block:
    if not s.effects:
        return _plain(s, macros)
    others = [e for n, e in enumerate(s.effects) if n != s.unit_effect]
    few = sum(e.levels for e in others) <= MANY and not s.sloped
    if s.errors.kind in {"hc2", "hc3"} and sum(e.levels for e in s.effects) <= MANY and not s.sloped:
        return _plain(s, macros)
    by_unit = s.unit_effect is not None and s.effects[s.unit_effect].group == s.unit
    if s.errors.convention == "xtreg" and by_unit and few and _one_way(s):
        return _xtreg(s, macros, others)
    if s.errors.convention == "areg" and few and _one_way(s):
        return _areg(s, macros)
    return _reghdfe(s, macros)


def _one_way(s: Statement) -> bool:
    return len(s.errors.clusters) <= 1


def _plain(s: Statement, macros: Macros) -> Block:
    """Least squares without effects, or with a few as dummies."""
    y, x = s.outcome, " ".join(w for w in (listed(s.regressors, macros), _dummies(s.effects)) if w)
    constant = "" if s.intercept else "noconstant"
    if not _one_way(s):
        line = command("reghdfe", y.column, x, _if(s), weights(s), options=["noabsorb", vce(s.errors)])
        return Block((line,), "reghdfe", ("reghdfe", "ftools"), s.intercept) if s.intercept else Block(
            compared="none", why="several ways of clustering without a constant: no command has both")  # fmt: skip
    own = vce(s.errors, {"hc2": "vce(hc2)", "hc3": "vce(hc3)"})
    line = command("regress", y.column, x, _if(s), weights(s), options=[own, constant])
    return Block((line,), "none" if s.errors.kind in {"hc2", "hc3"} else "fixest", (), s.intercept and not s.effects)


def _dummies(effects: Sequence[Effect]) -> str:
    return " ".join(f"i.{e.group}" for e in effects)


def _xtreg(s: Statement, macros: Macros, others: list[Effect]) -> Block:
    line = command(
        "xtreg", s.outcome.column, listed(s.regressors, macros), _dummies(others), _if(s), weights(s),
        options=["fe", vce(s.errors)],
    )  # fmt: skip
    return Block((line,), "xtreg", (), s.constant == "xtreg")


def _areg(s: Statement, macros: Macros) -> Block:
    first, *others = sorted(s.effects, key=lambda e: -e.levels)
    line = command(
        "areg", s.outcome.column, listed(s.regressors, macros), _dummies(others), _if(s), weights(s),
        options=[f"absorb({first.group})", vce(s.errors)],
    )  # fmt: skip
    return Block((line,), "areg", (), s.constant == "centred" and not others)


def _reghdfe(s: Statement, macros: Macros) -> Block:
    line = command(
        "reghdfe", s.outcome.column, listed(s.regressors, macros), _if(s), weights(s),
        options=[f"absorb({absorbed(s.effects)})", vce(s.errors, {"iid": "vce(unadjusted)"}), _singletons(s), _TIGHT],
    )  # fmt: skip
    return Block((line,), "reghdfe", ("reghdfe", "ftools"), s.constant == "centred")


def _singletons(s: Statement) -> str:
    return "keepsingletons" if s.singletons else ""


def _iv(s: Statement, macros: Macros) -> Block:
    ends = f"({listed(s.endogenous)} = {listed(s.instruments)})"
    way = {"iv": "", "liml": "liml", "gmm": "gmm2s"}[s.method]
    clusters = f"cluster({' '.join(s.errors.clusters)})" if s.errors.clusters else ""
    robust = "robust" if s.errors.kind not in {"iid"} and not clusters else ""
    y, x = s.outcome.column, listed(s.regressors, macros)
    if s.effects:
        keep = ", keepsingletons" if s.singletons else ""
        options = [f"absorb({absorbed(s.effects)}{keep})", way, robust, clusters]
        line = command("ivreghdfe", y, x, ends, _if(s), weights(s), options=options)
        return Block((line,), "reghdfe", ("ivreghdfe", "ivreg2", "ranktest", "reghdfe", "ftools"))
    options = [way, robust, clusters, "small", "" if s.intercept else "noconstant"]
    line = command("ivreg2", y, x, ends, _if(s), weights(s), options=options)
    return Block((line,), "ivreg2_small", ("ivreg2", "ranktest"), s.intercept)


def _random_effects(s: Statement, macros: Macros) -> Block:
    form = "sa" if s.options.get("components") == "baltagi_chang" else ""
    line = command("xtreg", s.outcome.column, listed(s.regressors, macros), _if(s), options=["re", form, vce(s.errors)])
    return Block((line,), "fixest", (), s.intercept)


def _between(s: Statement, macros: Macros) -> Block:
    form = "wls" if s.options.get("wls") else ""
    line = command("xtreg", s.outcome.column, listed(s.regressors, macros), _if(s), options=["be", form])
    if s.errors.kind != "iid":
        return Block((line,), "fixest", (), s.intercept, "estimate", "xtreg, be has errors of the iid kind only")
    return Block((line,), "fixest", (), s.intercept)


def _first_difference(s: Statement, macros: Macros) -> Block:
    x = " ".join(f"D.{v.column}" for v in s.regressors)
    constant = "" if s.intercept else "noconstant"
    inside = _if(s, f" & L.{s.sample} == 1")
    own = vce(s.errors, {"hc2": "vce(hc2)", "hc3": "vce(hc3)"})
    line = command("regress", f"D.{s.outcome.column}", x, inside, options=[own, constant])
    return Block((line,), "none" if s.errors.kind in {"hc2", "hc3"} else "fixest", (), s.intercept, prefix="D.")


def _poisson(s: Statement, macros: Macros) -> Block:
    y, x = s.outcome.column, listed(s.regressors, macros)
    constant = "" if s.intercept else "noconstant"
    levels = sum(e.levels for e in s.effects)
    if not s.effects or (s.errors.kind == "iid" and levels <= MANY):
        kind = "iw" if s.errors.kind == "iid" else "pw"
        dummies = _dummies(s.effects)
        line = command("poisson", y, x, dummies, _if(s), weights(s, kind), options=[vce(s.errors), constant, _TIGHT])
        return Block((line,), "likelihood", (), s.intercept and not s.effects)
    options = [
        f"absorb({absorbed(s.effects)})",
        vce(s.errors, {"iid": "vce(robust)"}),
        _singletons(s),
        _TIGHT,
    ]
    line = command("ppmlhdfe", y, x, _if(s), weights(s, "pw"), options=options)
    needs = ("ppmlhdfe", "reghdfe", "ftools")
    if s.errors.kind == "iid":
        return Block((line,), "likelihood", needs, False, "estimate", "ppmlhdfe has robust and clustered errors only")
    return Block((line,), "likelihood", needs)


def _logit(s: Statement, macros: Macros) -> Block:
    constant = "" if s.intercept else "noconstant"
    if sum(e.levels for e in s.effects) > 2_000:
        return Block(compared="none", why="logit with more than 2,000 dummies: Stata's logit takes fewer")
    kind = "iw" if s.errors.kind == "iid" else "pw"
    line = command(
        "logit", s.outcome.column, listed(s.regressors, macros), _dummies(s.effects), _if(s), weights(s, kind),
        options=[vce(s.errors), constant, _TIGHT],
    )  # fmt: skip
    return Block((line,), "likelihood", (), s.intercept and not s.effects)


def _conditional(s: Statement, macros: Macros) -> Block:
    options = [f"group({s.effects[0].group})", vce(s.errors), _TIGHT]
    line = command("clogit", s.outcome.column, listed(s.regressors, macros), _if(s), options=options)
    return Block((line,), "likelihood")


def _limits(s: Statement) -> list[str]:
    lower, upper = s.options.get("lower", 0), s.options.get("upper")
    return [f"{o}({v})" for o, v in (("ll", lower), ("ul", upper)) if v is not None]


def _tobit(s: Statement, macros: Macros) -> Block:
    options = [*_limits(s), vce(s.errors), _TIGHT]
    line = command("tobit", s.outcome.column, listed(s.regressors, macros), _if(s), options=options)
    return Block((line,), "likelihood", (), s.intercept, b_tolerance=1e-5, se_tolerance=1e-4)


def _tobit_re(s: Statement, macros: Macros) -> Block:
    points = max(int(s.options.get("points", 24) or 24), 24)
    line = command(
        "xttobit", s.outcome.column, listed(s.regressors, macros), _if(s),
        options=[*_limits(s), f"intpoints({points})", _TIGHT],
    )  # fmt: skip
    made = Block((line,), "likelihood", (), s.intercept, b_tolerance=1e-4, se_tolerance=1e-3)
    if s.errors.kind == "iid":
        return made
    return replace(made, compared="estimate", why="xttobit has errors of the observed information only")


def _fractional(s: Statement, macros: Macros) -> Block:
    link = str(s.options.get("link", "logit"))
    options = [vce(s.errors, {"iid": "vce(robust)"}), _TIGHT]
    line = command("fracreg", link, s.outcome.column, listed(s.regressors, macros), _if(s), options=options)
    made = Block((line,), "likelihood", (), s.intercept, b_tolerance=1e-5, se_tolerance=1e-4)
    if s.errors.kind == "iid":
        return replace(made, compared="estimate", why="fracreg has robust and clustered errors only")
    return made


METHODS: Mapping[str, Callable[[Statement, Macros], Block]] = {
    "ols": _ols,
    "iv": _iv,
    "liml": _iv,
    "gmm": _iv,
    "random_effects": _random_effects,
    "between": _between,
    "first_difference": _first_difference,
    "poisson": _poisson,
    "logit": _logit,
    "conditional_logit": _conditional,
    "tobit": _tobit,
    "tobit_re": _tobit_re,
    "fractional": _fractional,
}
