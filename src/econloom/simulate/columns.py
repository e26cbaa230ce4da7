"""The columns of the simulated books, as the statistical yearbooks print them: names, units, where to find them."""

from __future__ import annotations

from dataclasses import dataclass

from econloom.core.labels import Label

__all__ = ["CITY", "DELTA", "INCOMES", "INDUSTRIES", "RATES", "REGISTER", "Column", "columns"]
_CITY_BOOK = Label(zh="中国城市统计年鉴", en="China City Statistical Yearbook")
_PROVINCE_BOOK = Label(zh="各省统计年鉴", en="provincial statistical yearbooks")
_NATION_BOOK = Label(zh="中国统计年鉴", en="China Statistical Yearbook")


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a book.

    Attributes
    ----------
    name : str
        As in study files.
    label : Label
        As printed.
    unit : Label
    book : Label
        Where a researcher finds it.
    """

    name: str
    label: Label
    unit: Label
    book: Label


_UNITS = {
    "": "",
    "万元": "10,000 yuan",
    "亿元": "100 million yuan",
    "元": "yuan",
    "万美元": "10,000 US dollars",
    "人": "persons",
    "万人": "10,000 persons",
    "件": "patents",
    "上年=100": "preceding year = 100",
    "平方公里": "square kilometres",
    "元/100美元": "yuan per 100 US dollars",
    "指数": "index",
    "公里": "kilometres",
    "度": "degrees",
    "灰度值": "digital number",
    "分": "points",
    "亿美元": "100 million US dollars",
    "部": "sets",
    "处": "offices",
    "万户": "10,000 households",
    "比例": "share",
}


def columns(book: Label, *rows: tuple[str, str, str, str]) -> tuple[Column, ...]:
    """Columns of a book from name, Chinese and English label, and Chinese unit."""
    return tuple(
        Column(name, Label(zh=zh, en=en), Label(zh=unit, en=_UNITS[unit]), book) for name, zh, en, unit in rows
    )


_KEYS = columns(_CITY_BOOK, ("city", "城市", "City", ""), ("year", "年份", "Year", ""))
INDUSTRIES: dict[str, tuple[str, str]] = {
    "agriculture": ("农、林、牧、渔业", "Agriculture, forestry, animal husbandry, fishery"),
    "mining": ("采矿业", "Mining"),
    "manufacturing": ("制造业", "Manufacturing"),
    "utilities": ("电力、热力、燃气及水生产和供应业", "Electricity, heat, gas and water"),
    "construction": ("建筑业", "Construction"),
    "wholesale": ("批发和零售业", "Wholesale and retail trade"),
    "transport": ("交通运输、仓储和邮政业", "Transport, storage and post"),
    "lodging": ("住宿和餐饮业", "Hotels and catering"),
    "information": ("信息传输、软件和信息技术服务业", "Information transmission and software"),
    "finance": ("金融业", "Finance"),
    "real_estate": ("房地产业", "Real estate"),
    "leasing": ("租赁和商务服务业", "Leasing and business services"),
    "science": ("科学研究和技术服务业", "Scientific research and technical services"),
    "water": ("水利、环境和公共设施管理业", "Water conservancy, environment and public facilities"),
    "resident_services": ("居民服务、修理和其他服务业", "Services to households and repair"),
    "education": ("教育", "Education"),
    "health": ("卫生和社会工作", "Health and social work"),
    "culture": ("文化、体育和娱乐业", "Culture, sports and entertainment"),
    "public": ("公共管理、社会保障和社会组织", "Public management and social organisations"),
}
"""The 19 industries of GB/T 4754 by which year-end staff is printed: name in study files (``emp_…``), zh, en."""

CITY: tuple[Column, ...] = (
    *_KEYS,
    *columns(
        _CITY_BOOK,
        ("gdp", "地区生产总值", "Gross regional product", "万元"),
        ("gdp_primary", "第一产业增加值", "Value added of primary industry", "万元"),
        ("gdp_secondary", "第二产业增加值", "Value added of secondary industry", "万元"),
        ("gdp_tertiary", "第三产业增加值", "Value added of tertiary industry", "万元"),
        ("total_wages", "在岗职工工资总额", "Total wages of on-post staff", "万元"),
        ("staff", "年末单位从业人员数", "Year-end staff of units", "人"),
    ),
    *columns(
        _CITY_BOOK,
        *((f"emp_{n}", f"{zh}从业人员数", f"Staff: {en}", "人") for n, (zh, en) in INDUSTRIES.items()),
    ),
    *columns(
        _CITY_BOOK,
        ("fdi_usd", "当年实际使用外资金额", "Foreign capital actually used", "万美元"),
        ("budget_revenue", "地方一般公共预算收入", "General public budget revenue", "万元"),
        ("education_expenditure", "教育支出", "Budget expenditure on education", "万元"),
        ("fixed_investment", "固定资产投资总额", "Total investment in fixed assets", "万元"),
        ("unemployed", "城镇登记失业人员数", "Registered urban unemployed", "人"),
        ("private_employed", "城镇私营和个体从业人员", "Urban private and self-employed persons", "人"),
        ("design_patents", "外观设计专利授权数", "Design patents granted", "件"),
        ("registered_population", "年末户籍人口", "Registered population at year-end", "万人"),
    ),
    *columns(
        _PROVINCE_BOOK,
        ("exports_usd", "货物出口额", "Exports of goods", "万美元"),
        ("imports_usd", "货物进口额", "Imports of goods", "万美元"),
        ("employed_primary", "第一产业从业人员", "Employed persons in primary industry", "万人"),
        ("employed_secondary", "第二产业从业人员", "Employed persons in secondary industry", "万人"),
        ("employed_tertiary", "第三产业从业人员", "Employed persons in tertiary industry", "万人"),
        ("resident_population", "年末常住人口", "Resident population at year-end", "万人"),
        ("cpi", "居民消费价格指数", "Consumer price index", "上年=100"),
    ),
)
RATES: tuple[Column, ...] = (
    *columns(_NATION_BOOK, ("year", "年份", "Year", "")),
    *columns(
        _NATION_BOOK, ("usd_rate", "人民币对美元年平均汇价", "Annual average rate of the US dollar", "元/100美元")
    ),
)
REGISTER: tuple[Column, ...] = columns(
    _CITY_BOOK,
    ("city", "城市", "City", ""),
    ("province", "省份", "Province", ""),
    ("rank", "行政级别", "Administrative rank", ""),
)
INCOMES: tuple[Column, ...] = columns(
    Label(zh="家庭收入调查（微观数据）", en="household income survey (microdata)"),
    ("person", "个人编号", "Person", ""),
    ("year", "年份", "Year", ""),
    ("city", "城市", "City", ""),
    ("income", "工资性收入", "Wage income", "元"),
)
_CENSUS = Label(zh="人口普查与抽样调查、各省统计年鉴", en="census and sample surveys, provincial yearbooks")
_INNOVATION = Label(
    zh="寇宗来、刘学悦《中国城市和产业创新力报告2017》", en="Kou and Liu, report on innovation of cities, 2017"
)
DELTA: tuple[Column, ...] = (
    *_KEYS,
    *columns(
        _PROVINCE_BOOK,
        ("gdp", "地区生产总值", "Gross regional product", "亿元"),
        ("gdp_index", "地区生产总值指数", "Index of gross regional product at constant prices", "上年=100"),
        ("resident_population", "年末常住人口", "Resident population at year-end", "万人"),
        ("registered_population", "年末户籍人口", "Registered population at year-end", "万人"),
        ("urban_population", "城镇常住人口", "Urban resident population", "万人"),
        ("urban_residents", "城区常住人口", "Residents of the urban district", "万人"),
        ("staff_secondary", "第二产业从业人员", "Employed persons in secondary industry", "万人"),
        ("staff_tertiary", "第三产业从业人员", "Employed persons in tertiary industry", "万人"),
        ("urban_consumption", "城镇居民人均消费支出", "Consumption of urban residents per head", "元"),
        ("disposable_income", "城镇居民人均可支配收入", "Disposable income of urban residents per head", "元"),
        ("exports_usd", "货物出口额", "Exports of goods", "万美元"),
        ("imports_usd", "货物进口额", "Imports of goods", "万美元"),
    ),
    *columns(
        _CITY_BOOK,
        ("fixed_investment", "固定资产投资总额", "Total investment in fixed assets", "亿元"),
        ("fiscal_expenditure", "地方一般公共预算支出", "General public budget expenditure", "亿元"),
        ("fdi_usd", "当年实际使用外资金额", "Foreign capital actually used", "万美元"),
        ("area", "行政区域土地面积", "Land area", "平方公里"),
    ),
    *columns(
        _CENSUS,
        ("primary", "6岁及以上小学文化程度人口", "Persons of 6 and over: primary school", "万人"),
        ("junior", "6岁及以上初中文化程度人口", "Persons of 6 and over: junior secondary school", "万人"),
        ("senior", "6岁及以上高中文化程度人口", "Persons of 6 and over: senior secondary school", "万人"),
        ("college", "6岁及以上大专及以上文化程度人口", "Persons of 6 and over: college and above", "万人"),
    ),
    *columns(_INNOVATION, ("innovation_index", "城市创新指数", "City innovation index", "指数")),
)
