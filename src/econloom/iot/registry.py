"""The one list of indicators of a table: name, function, keys, columns with labels and units."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

import polars as pl

from econloom.core.errors import UsageError, did_you_mean
from econloom.core.labels import Label
from econloom.iot.accounts import Accounts, accounts
from econloom.iot.chains import participation, vertical_specialisation
from econloom.iot.decompose import borin_mancini, kww, wwz
from econloom.iot.decompose.terms import BORIN_MANCINI, KWW, WWZ
from econloom.iot.flows import absorption, exports_content, trade_benefit, vax
from econloom.iot.measures import EXPORTS, KEYS, UNITS, Measure, measure
from econloom.iot.stages import upstreamness
from econloom.iot.table import IOTable


@dataclass(frozen=True, slots=True)
class Indicator:
    """What can be asked of one table.

    Attributes
    ----------
    name : str
        Such as ``wwz``.
    label : Label
        Chinese and English.
    compute : callable
        Accounts (or an IOTable) to a tidy frame: the key columns, then the measures.
    keys : tuple of str
        Key columns; their labels are ``measures.KEYS``.
    measures : tuple of Measure
        Columns of numbers, with labels, units and formulas.
    """

    name: str
    label: Label
    compute: Callable[[IOTable | Accounts], pl.DataFrame]
    keys: tuple[str, ...]
    measures: tuple[Measure, ...]


_VALUE_ADDED = measure("value_added", "被最终吸收的增加值", "Value added finally absorbed", "V B Y")
_TBI = measure("tbi", "贸易利益指数", "Trade benefit index", "(out - in) / (out + in) of value added absorbed", "index")
_VAX = (
    EXPORTS,
    measure("vax", "增加值出口", "Value added exports", "v_s sum_t B_st Y_tr"),
    measure("vax_ratio", "增加值出口比率", "Ratio of value added exports to gross exports", "VAX / E", "share"),
)
_CONTENT = (
    EXPORTS,
    measure("dva", "出口中的国内增加值", "Domestic value added in exports", "v_s L_ss e_sr"),
    measure("ddc", "国内重复计算", "Domestic double counting", "v_s (B_ss - L_ss) e_sr"),
    measure("fva", "出口中的国外成分", "Foreign content of exports", "sum_{t!=s} v_t B_ts e_sr"),
    measure("dva_share", "国内增加值率", "Share of domestic value added", "dva / E", "share"),
    measure("fva_share", "国外成分占比", "Share of foreign content", "fva / E", "share"),
)
_VERTICAL = (
    EXPORTS,
    measure("vs_hiy", "垂直专业化（HIY）", "Imported content of exports (HIY)", "u A_M (I - A_ss)^-1 E_s"),
    measure("vs", "垂直专业化（国外增加值）", "Foreign value added in exports", "sum_{t!=s} v_t B_ts E_s"),
    measure("vs1", "他国出口中的本国增加值", "Own value added in others' exports", "v_s sum_{r!=s} B_sr E_r"),
    measure("vs1_returned", "经他国出口返回的本国增加值", "Part of VS1 exported back", "v_s sum_{r!=s} B_sr E_rs"),
    measure("vs_share", "VS占出口比重", "VS share of exports", "vs / E", "share"),
    measure("vs1_share", "VS1占出口比重", "VS1 share of exports", "vs1 / E", "share"),
)
_PARTICIPATION = (
    EXPORTS,
    measure("gvc_backward", "后向参与额", "Backward participation, amount", "sum_{t!=s} v_t B_ts E_s"),
    measure("gvc_forward", "前向参与额", "Forward participation, amount", "v_s sum_{r!=s} B_sr E_r"),
    measure("backward", "后向参与度", "Backward participation", "gvc_backward / E", "share"),
    measure("forward", "前向参与度", "Forward participation", "gvc_forward / E", "share"),
    measure("participation", "全球价值链参与度", "GVC participation", "backward + forward", "share"),
    measure("position", "全球价值链位置指数", "GVC position", "ln(1 + forward) - ln(1 + backward)", "index"),
)
_BM_PARTICIPATION = (
    EXPORTS,
    measure("gvc_backward", "后向参与额", "Backward participation, amount", "GVCB = FC + DDC"),
    measure("gvc_forward", "前向参与额", "Forward participation, amount", "GVCF = DVA - DAVAX"),
    *_PARTICIPATION[3:],
)
_STAGES = (
    measure("output", "总产出", "Output", "x"),
    measure("upstreamness", "上游度", "Upstreamness", "(B x) / x", "stages"),
    measure("downstreamness", "下游度", "Downstreamness", "u' B", "stages"),
    measure("final_use_share", "最终使用占产出比重", "Final use over output", "Y u / x", "share"),
    measure("value_added_share", "增加值率", "Value added over output", "v", "share"),
)

_ALL_KEYS = ("exporter", "sector", "importer")


def _entry(
    name: str,
    zh: str,
    en: str,
    compute: Callable[[IOTable | Accounts], pl.DataFrame],
    keys: tuple[str, ...],
    measures: tuple[Measure, ...],
) -> tuple[str, Indicator]:
    return name, Indicator(name, Label(zh=zh, en=en), compute, keys, measures)


INDICATORS: Mapping[str, Indicator] = dict(
    (
        _entry(
            "value_added_absorbed",
            "最终吸收的增加值",
            "Value added absorbed",
            absorption,
            ("origin", "destination"),
            (_VALUE_ADDED,),
        ),
        _entry(
            "value_added_absorbed_by_sector",
            "分部门最终吸收的增加值",
            "Value added absorbed, by sector of origin",
            lambda t: absorption(t, by="sector"),
            ("origin", "sector", "destination"),
            (_VALUE_ADDED,),
        ),
        _entry("trade_benefit", "贸易利益指数", "Trade benefit index", trade_benefit, ("country",), (_TBI,)),
        _entry("vax", "增加值出口", "Value added exports", vax, ("exporter", "importer"), _VAX),
        _entry(
            "exports_content",
            "出口的国内与国外成分",
            "Domestic and foreign content of exports",
            exports_content,
            _ALL_KEYS,
            _CONTENT,
        ),
        _entry(
            "vertical_specialisation",
            "垂直专业化",
            "Vertical specialisation",
            vertical_specialisation,
            ("exporter",),
            _VERTICAL,
        ),
        _entry("kww", "KWW出口九项分解", "Koopman-Wang-Wei, 9 terms", kww, ("exporter",), (EXPORTS, *KWW)),
        _entry("wwz", "WWZ出口十六项分解", "Wang-Wei-Zhu, 16 terms", wwz, _ALL_KEYS, (EXPORTS, *WWZ)),
        _entry(
            "borin_mancini",
            "Borin-Mancini分解（源头法）",
            "Borin-Mancini, source",
            borin_mancini,
            _ALL_KEYS,
            (EXPORTS, *BORIN_MANCINI),
        ),
        _entry(
            "borin_mancini_sink",
            "Borin-Mancini分解（终点法）",
            "Borin-Mancini, sink",
            lambda t: borin_mancini(t, "sink"),
            _ALL_KEYS,
            (EXPORTS, *BORIN_MANCINI),
        ),
        _entry(
            "participation",
            "全球价值链参与度与位置",
            "GVC participation and position",
            participation,
            ("exporter",),
            _PARTICIPATION,
        ),
        _entry(
            "participation_by_sector",
            "分部门全球价值链参与度与位置",
            "GVC participation and position, by sector",
            lambda t: participation(t, by="sector"),
            ("exporter", "sector"),
            _PARTICIPATION,
        ),
        _entry(
            "participation_borin_mancini",
            "全球价值链参与度（Borin-Mancini）",
            "GVC participation, Borin-Mancini",
            lambda t: participation(t, method="borin_mancini"),
            ("exporter",),
            _BM_PARTICIPATION,
        ),
        _entry(
            "upstreamness",
            "上游度与下游度",
            "Upstreamness and downstreamness",
            upstreamness,
            ("country", "sector"),
            _STAGES,
        ),
        _entry(
            "upstreamness_by_country",
            "经济体上游度与下游度",
            "Upstreamness and downstreamness, by economy",
            lambda t: upstreamness(t, by="country"),
            ("country",),
            _STAGES,
        ),
    )
)
"""Name to :class:`Indicator`."""


def checked_names(names: Iterable[str]) -> tuple[str, ...]:
    """Names of indicators without repetitions.

    Raises
    ------
    UsageError
        An unknown name, or none.
    """
    asked = (names,) if isinstance(names, str) else tuple(names)
    for name in asked:
        if name not in INDICATORS:
            raise UsageError(
                f"indicator {name!r} is unknown{did_you_mean(str(name), INDICATORS)}",
                hint=f"some of {', '.join(INDICATORS)}",
            )
    if not asked:
        raise UsageError("no indicator named", hint=f"some of {', '.join(INDICATORS)}")
    return tuple(dict.fromkeys(asked))


def indicators(t: IOTable | Accounts, names: Iterable[str]) -> dict[str, pl.DataFrame]:
    """Several indicators of one table; what they share is solved once.

    Parameters
    ----------
    t : IOTable or Accounts
    names : str or iterable of str
        Of ``INDICATORS``.

    Returns
    -------
    dict of str to polars.DataFrame
        In the order of the names.

    Raises
    ------
    UsageError
        Not a table, an unknown name, or none; before anything is solved.
    EstimationError
        ``I - A`` or a domestic block is singular or ill-conditioned.

    Examples
    --------
    >>> t = IOTable([[0, 2], [1, 0]], [[6, 2], [1, 8]], ["A", "B"], ["all"])
    >>> found = indicators(t, ["kww", "upstreamness"])
    >>> {name: frame.height for name, frame in found.items()}
    {'kww': 2, 'upstreamness': 2}
    """
    asked, a = checked_names(names), accounts(t)
    return {name: INDICATORS[name].compute(a) for name in asked}


def described() -> pl.DataFrame:
    """Every indicator and column with its names, unit and formula.

    Returns
    -------
    polars.DataFrame
        ``indicator``, ``column``, ``zh``, ``en``, ``unit_zh``, ``unit_en``, ``formula``; keys have no unit.

    Examples
    --------
    >>> described().filter(indicator="trade_benefit")["column"].to_list()
    ['country', 'tbi']
    """
    rows = [row for indicator in INDICATORS.values() for row in _rows(indicator)]
    return pl.DataFrame(rows, orient="row", schema=["indicator", "column", "zh", "en", "unit_zh", "unit_en", "formula"])


def _rows(indicator: Indicator) -> list[tuple[str | None, ...]]:
    keys = [(indicator.name, key, KEYS[key].zh, KEYS[key].en, None, None, None) for key in indicator.keys]
    columns = [
        (indicator.name, m.name, m.label.zh, m.label.en, UNITS[m.unit].zh, UNITS[m.unit].en, m.formula)
        for m in indicator.measures
    ]
    return [*keys, *columns]
