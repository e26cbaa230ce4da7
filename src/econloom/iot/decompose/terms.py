"""The terms of every decomposition: names, labels, formulas, sources."""

from __future__ import annotations

from collections.abc import Mapping

from econloom.iot.measures import Measure, measure

KWW: tuple[Measure, ...] = (
    measure(
        "DVA_FIN",
        "最终品出口中的国内增加值",
        "Domestic value added in final exports",
        "v_s sum_{r!=s} B_ss Y_sr",
    ),
    measure(
        "DVA_INT",
        "被直接进口国吸收的中间品出口中的国内增加值",
        "Domestic value added in intermediates, absorbed where the last importer makes them final",
        "v_s sum_{r!=s} B_sr Y_rr",
    ),
    measure(
        "DVA_INTrex",
        "进口国再出口至第三国的国内增加值",
        "Domestic value added in intermediates, re-exported to third economies",
        "v_s sum_{r!=s} sum_{t!=s,r} B_sr Y_rt",
    ),
    measure(
        "RDV_FIN",
        "以最终品返回本国的国内增加值",
        "Domestic value added that returns in final imports",
        "v_s sum_{r!=s} B_sr Y_rs",
    ),
    measure(
        "RDV_INT",
        "以中间品返回本国的国内增加值",
        "Domestic value added that returns in intermediate imports",
        "v_s sum_{r!=s} B_sr A_rs L_ss Y_ss",
    ),
    measure(
        "DDC",
        "来自国内账户的纯重复计算",
        "Pure double counting of domestic origin",
        "v_s sum_{r!=s} B_sr A_rs L_ss E_s",
    ),
    measure(
        "FVA_FIN",
        "最终品出口中的国外增加值",
        "Foreign value added in final exports",
        "sum_{t!=s} v_t B_ts sum_{r!=s} Y_sr",
    ),
    measure(
        "FVA_INT",
        "中间品出口中的国外增加值",
        "Foreign value added in intermediate exports",
        "sum_{t!=s} v_t B_ts sum_{r!=s} A_sr L_rr Y_rr",
    ),
    measure(
        "FDC",
        "来自国外账户的纯重复计算",
        "Pure double counting of foreign origin",
        "sum_{t!=s} v_t B_ts sum_{r!=s} A_sr L_rr E_r",
    ),
)

WWZ: tuple[Measure, ...] = (
    measure("DVA_FIN", "最终品出口的国内增加值", "Domestic value added in final exports", "(v_s B_ss)' # Y_sr"),
    measure(
        "DVA_INT",
        "被直接进口国生产国内最终需求吸收的中间品国内增加值",
        "Domestic value added in intermediates, absorbed by the direct importer",
        "(v_s L_ss)' # (A_sr B_rr Y_rr)",
    ),
    measure(
        "DVA_INTrexI1",
        "直接进口国以中间品出口至第三国、供其国内最终使用的国内增加值",
        "Domestic value added re-exported as intermediates for the home final use of third economies",
        "(v_s L_ss)' # (A_sr sum_{t!=s,r} B_rt Y_tt)",
    ),
    measure(
        "DVA_INTrexF",
        "直接进口国以最终品出口至第三国的国内增加值",
        "Domestic value added re-exported in final products to third economies",
        "(v_s L_ss)' # (A_sr B_rr sum_{t!=s,r} Y_rt)",
    ),
    measure(
        "DVA_INTrexI2",
        "直接进口国以中间品出口至第三国、供其最终品出口的国内增加值",
        "Domestic value added re-exported as intermediates for final exports of third economies",
        "(v_s L_ss)' # (A_sr sum_{t!=s,r} B_rt sum_{u!=s,t} Y_tu)",
    ),
    measure(
        "RDV_INT",
        "以中间品返回、供国内最终使用的国内增加值",
        "Domestic value added that returns in intermediates",
        "(v_s L_ss)' # (A_sr B_rs Y_ss)",
    ),
    measure(
        "RDV_FIN",
        "以最终品从直接进口国返回的国内增加值",
        "Domestic value added that returns in final products from the direct importer",
        "(v_s L_ss)' # (A_sr B_rr Y_rs)",
    ),
    measure(
        "RDV_FIN2",
        "以最终品经第三国返回的国内增加值",
        "Domestic value added that returns in final products by way of third economies",
        "(v_s L_ss)' # (A_sr sum_{t!=s,r} B_rt Y_ts)",
    ),
    measure(
        "OVA_FIN",
        "最终品出口中的第三国增加值",
        "Value added of third economies in final exports",
        "(sum_{t!=s,r} v_t B_ts)' # Y_sr",
    ),
    measure(
        "MVA_FIN", "最终品出口中的进口国增加值", "Value added of the importer in final exports", "(v_r B_rs)' # Y_sr"
    ),
    measure(
        "OVA_INT",
        "中间品出口中的第三国增加值",
        "Value added of third economies in intermediate exports",
        "(sum_{t!=s,r} v_t B_ts)' # (A_sr L_rr Y_rr)",
    ),
    measure(
        "MVA_INT",
        "中间品出口中的进口国增加值",
        "Value added of the importer in intermediate exports",
        "(v_r B_rs)' # (A_sr L_rr Y_rr)",
    ),
    measure(
        "DDC_FIN",
        "来自国内账户的重复计算：最终品出口",
        "Double counting of domestic origin, for final exports",
        "(v_s L_ss)' # (A_sr B_rs sum_{t!=s} Y_st)",
    ),
    measure(
        "DDC_INT",
        "来自国内账户的重复计算：中间品出口",
        "Double counting of domestic origin, for intermediate exports",
        "(v_s B_ss - v_s L_ss)' # (A_sr X_r)",
    ),
    measure(
        "ODC",
        "来自第三国账户的重复计算",
        "Double counting of third economies' origin",
        "(sum_{t!=s,r} v_t B_ts)' # (A_sr L_rr E_r)",
    ),
    measure(
        "MDC",
        "来自进口国账户的重复计算",
        "Double counting of the importer's origin",
        "(v_r B_rs)' # (A_sr L_rr E_r)",
    ),
)

WWZ_IN_KWW: Mapping[str, tuple[str, ...]] = {
    "DVA_FIN": ("DVA_FIN",),
    "DVA_INT": ("DVA_INT", "DVA_INTrexI1"),
    "DVA_INTrex": ("DVA_INTrexF", "DVA_INTrexI2"),
    "RDV_FIN": ("RDV_FIN", "RDV_FIN2"),
    "RDV_INT": ("RDV_INT",),
    "DDC": ("DDC_FIN", "DDC_INT"),
    "FVA_FIN": ("MVA_FIN", "OVA_FIN"),
    "FVA_INT": ("MVA_INT", "OVA_INT"),
    "FDC": ("MDC", "ODC"),
}
"""Which terms of Wang, Wei and Zhu add up, over importers, to each term of Koopman, Wang and Wei."""

BORIN_MANCINI: tuple[Measure, ...] = (
    measure("DC", "国内成分", "Domestic content", "DVA + DDC = (v_s B_ss)' # E_sr"),
    measure(
        "DVA", "国内增加值", "Domestic value added", "source: (v_s L_ss)' # E_sr; sink: (v_s B_ss)' # (Y_sr + A_sr H)"
    ),
    measure("VAX", "被国外最终吸收的国内增加值", "Domestic value added absorbed abroad", "DVA - REF"),
    measure(
        "VAXIM",
        "被进口国最终吸收的国内增加值",
        "Domestic value added absorbed by the importer",
        "part of VAX whose final use is in r",
    ),
    measure(
        "DAVAX",
        "被直接进口国直接吸收的国内增加值",
        "Domestic value added absorbed by the importer without crossing a further border",
        "(v_s L_ss)' # (Y_sr + A_sr L_rr Y_rr)",
    ),
    measure(
        "REF",
        "返回并被本国吸收的国内增加值",
        "Reflection: domestic value added absorbed at home",
        "part whose final use is in s",
    ),
    measure("DDC", "国内重复计算", "Domestic double counting", "DC - DVA"),
    measure("FC", "国外成分", "Foreign content", "FVA + FDC = (sum_{t!=s} v_t B_ts)' # E_sr"),
    measure(
        "FVA",
        "国外增加值",
        "Foreign value added",
        "source: (sum_{t!=s} v_t B_ts B_ss^-1 L_ss)' # E_sr; sink: (sum_{t!=s} v_t B_ts)' # (Y_sr + A_sr H); "
        "kww: (sum_{t!=s} v_t B_ts)' # (Y_sr + A_sr L_rr Y_rr)",
    ),
    measure("FDC", "国外重复计算", "Foreign double counting", "FC - FVA"),
    measure("GVC", "全球价值链贸易", "Trade in global value chains", "GVCB + GVCF = E_sr - DAVAX"),
    measure("GVCB", "后向价值链贸易", "Backward: inputs that crossed a border before", "FC + DDC"),
    measure("GVCF", "前向价值链贸易", "Forward: re-exported by the importer", "DVA - DAVAX"),
)

SOURCES: Mapping[str, str] = {
    "kww": "Koopman, Wang and Wei (2014), American Economic Review 104: 459-494",
    "wwz": "Wang, Wei and Zhu (2013, revised 2018), NBER Working Paper 19677",
    "borin_mancini": "Borin and Mancini (2019), World Bank Policy Research Working Paper 8804",
}
