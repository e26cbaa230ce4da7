"""The columns of the books of provinces: names, units, where to find them."""

from __future__ import annotations

from econloom.core.labels import Label
from econloom.simulate.columns import columns

_PROVINCE = Label(zh="各省统计年鉴", en="provincial statistical yearbooks")
_LABOUR = Label(zh="中国劳动统计年鉴", en="China Labour Statistical Yearbook")
_NATION = Label(zh="中国统计年鉴", en="China Statistical Yearbook")
_PRICES = Label(zh="中国价格统计年鉴", en="China Price Statistical Yearbook")
_MARKET = Label(
    zh="王小鲁、樊纲、余静文《中国分省份市场化指数报告（2016）》", en="Wang, Fan and Yu, marketisation index, 2016"
)
_NOAA = Label(zh="NOAA DMSP-OLS 稳定夜间灯光", en="NOAA, DMSP-OLS stable lights, version 4")
_MAP = Label(zh="国家基础地理信息中心", en="National Geomatics Center of China")
_REGION, _YEAR = ("province", "省份", "Province", ""), ("year", "年份", "Year", "")

EMPLOYMENT = columns(
    _LABOUR,
    _REGION,
    _YEAR,
    ("sector", "行业代码（GB/T 4754-2011 大类）", "Division of GB/T 4754-2011", ""),
    ("employment", "就业人员数", "Employed persons", "人"),
)
PREFECTURES = columns(
    _PROVINCE,
    ("prefecture", "地级单位", "Prefecture", ""),
    _YEAR,
    _REGION,
    ("gdp", "地区生产总值", "Gross regional product", "亿元"),
    ("population", "年末常住人口", "Resident population at year-end", "万人"),
)
PROVINCES = columns(
    _NATION,
    _REGION,
    _YEAR,
    ("gdp", "地区生产总值", "Gross regional product", "亿元"),
    ("trade_value", "进出口总额", "Exports and imports of goods", "亿元"),
    ("fdi_value", "实际利用外资", "Foreign capital actually used", "亿元"),
    ("investment", "固定资产投资", "Investment in fixed assets", "亿元"),
    ("expenditure", "地方财政一般预算支出", "General budget expenditure", "亿元"),
    ("primary", "6岁及以上小学文化程度人口", "Persons of 6 and over: primary school", "万人"),
    ("junior", "6岁及以上初中文化程度人口", "Persons of 6 and over: junior secondary school", "万人"),
    ("senior", "6岁及以上高中文化程度人口", "Persons of 6 and over: senior secondary school", "万人"),
    ("college", "6岁及以上大专及以上文化程度人口", "Persons of 6 and over: college and above", "万人"),
    ("population6", "6岁及以上人口", "Persons of 6 and over", "万人"),
    ("road_km", "公路里程", "Length of roads", "公里"),
    ("rail_km", "铁路营业里程", "Length of railways", "公里"),
    ("area", "土地面积", "Land area", "平方公里"),
    ("deposits", "金融机构存款余额", "Deposits of financial institutions", "亿元"),
    ("loans", "金融机构贷款余额", "Loans of financial institutions", "亿元"),
)
PRICES = columns(
    _PRICES,
    _REGION,
    _YEAR,
    ("good", "商品类别", "Good", ""),
    ("price", "商品零售价格分类指数", "Retail price index by good", "上年=100"),
)
SCORES = columns(
    _MARKET,
    _REGION,
    _YEAR,
    ("product", "产品市场发育程度", "Development of the product market", "分"),
    ("factor", "要素市场发育程度", "Development of the factor market", "分"),
)
LIGHTS = columns(
    _NOAA,
    ("satellite", "卫星", "Satellite", ""),
    _YEAR,
    ("longitude", "像元中心经度", "Longitude of the cell's centre", "度"),
    ("latitude", "像元中心纬度", "Latitude of the cell's centre", "度"),
    ("dn", "灯光灰度值", "Digital number", "灰度值"),
)
MAP = columns(
    _MAP,
    ("prefecture", "地级单位", "Prefecture", ""),
    ("part", "环", "Ring", ""),
    ("hole", "是否内环", "Whether the ring is a hole", ""),
    ("longitude", "经度", "Longitude", "度"),
    ("latitude", "纬度", "Latitude", "度"),
)
