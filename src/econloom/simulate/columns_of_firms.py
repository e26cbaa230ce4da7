"""The columns of the simulated books of firms and of their cities."""

from __future__ import annotations

from econloom.core.labels import Label
from econloom.simulate.columns import Column
from econloom.simulate.columns import columns as _columns

__all__ = ["ACCOUNTS", "CALENDAR", "CITIES", "HISTORY", "INTERNET", "PARTNERS", "PATENTS", "PLACES"]
_COUNCIL = Label(
    zh="国务院关于同意设立跨境电子商务综合试验区的批复", en="State Council, replies on pilot zones for e-commerce"
)
_MAPS = Label(zh="天地图", en="Tianditu, National Platform for Common Geospatial Information Services")
_CSMAR = Label(zh="国泰安（CSMAR）上市公司财务报表", en="CSMAR, financial statements of listed companies")
_CNRDS = Label(zh="中国研究数据服务平台（CNRDS）专利数据库", en="CNRDS, patents of listed companies")
_CITY = Label(zh="中国城市统计年鉴", en="China City Statistical Yearbook")
_1984 = Label(zh="中国城市统计年鉴1985", en="China City Statistical Yearbook 1985")
_CNNIC = Label(zh="中国互联网络发展状况统计报告（CNNIC）", en="CNNIC, statistical reports on internet development")
_WORLD = Label(zh="联合国商品贸易数据库、世界银行", en="UN Comtrade; World Bank")

CALENDAR: tuple[Column, ...] = _columns(
    _COUNCIL,
    ("zone", "试验区", "Zone", ""),
    ("batch", "批次", "Batch", ""),
    ("approval_date", "批复日期", "Date of approval", ""),
    ("printed_date", "论文所用日期", "Date in the paper", ""),
    ("document", "文号", "Document", ""),
    ("city", "城市", "City", ""),
    ("province", "省份", "Province", ""),
    ("below_prefecture", "是否县级", "Below prefecture level", ""),
)
PLACES: tuple[Column, ...] = _columns(
    _MAPS,
    ("city", "城市", "City", ""),
    ("province", "省份", "Province", ""),
    ("longitude", "经度", "Longitude", "度"),
    ("latitude", "纬度", "Latitude", "度"),
)
ACCOUNTS: tuple[Column, ...] = _columns(
    _CSMAR,
    ("firm", "企业编号", "Firm", ""),
    ("year", "会计年度", "Year", ""),
    ("city", "所在城市", "City", ""),
    ("founded", "成立年份", "Year of foundation", ""),
    ("assets", "资产总计", "Total assets", "元"),
    ("fixed_assets", "固定资产净额", "Fixed assets, net", "元"),
    ("liabilities", "负债合计", "Total liabilities", "元"),
    ("book_value", "所有者权益合计", "Equity", "元"),
    ("market_value", "总市值", "Market value", "元"),
    ("revenue", "营业收入", "Revenue", "元"),
    ("operating_profit", "营业利润", "Operating profit", "元"),
    ("net_profit", "净利润", "Net profit", "元"),
    ("cash_flow", "经营活动产生的现金流量净额", "Cash flow from operations, net", "元"),
    ("employees", "员工人数", "Employees", "人"),
    ("payroll", "应付职工薪酬", "Payroll payable", "元"),
    ("rd_input", "研发投入金额", "R&D input", "元"),
)
PATENTS: tuple[Column, ...] = _columns(
    _CNRDS,
    ("patent", "专利序号", "Patent", ""),
    ("year", "申请年份", "Year of application", ""),
    ("date", "申请日", "Date of application", ""),
    ("firm", "企业编号", "Firm", ""),
    ("is_invention", "是否发明专利", "Invention", ""),
    ("ipc", "IPC分类号", "IPC codes", ""),
)
CITIES: tuple[Column, ...] = _columns(
    _CITY,
    ("city", "城市", "City", ""),
    ("year", "年份", "Year", ""),
    ("province", "省份", "Province", ""),
    ("gdp", "地区生产总值", "Gross regional product", "万元"),
    ("population", "年末人口", "Population at year-end", "万人"),
    ("tertiary", "第三产业增加值", "Value added of tertiary industry", "万元"),
    ("science_expenditure", "科学技术支出", "Budget expenditure on science", "万元"),
    ("fiscal_expenditure", "地方一般公共预算支出", "General public budget expenditure", "万元"),
    ("internet_users", "互联网宽带接入用户数", "Subscribers of broadband internet", "万户"),
    ("staff", "年末单位从业人员数", "Year-end staff of units", "人"),
    ("emp_transport", "交通运输、仓储和邮政业从业人员数", "Staff: transport, storage and post", "人"),
    (
        "emp_information",
        "信息传输、软件和信息技术服务业从业人员数",
        "Staff: information transmission and software",
        "人",
    ),
    ("emp_leasing", "租赁和商务服务业从业人员数", "Staff: leasing and business services", "人"),
    ("emp_finance", "金融业从业人员数", "Staff: finance", "人"),
    ("emp_science", "科学研究和技术服务业从业人员数", "Staff: research and technical services", "人"),
    ("imports", "货物进口额", "Imports of goods", "万元"),
    ("exports", "货物出口额", "Exports of goods", "万元"),
)
HISTORY: tuple[Column, ...] = _columns(
    _1984,
    ("city", "城市", "City", ""),
    ("telephones84", "1984年固定电话数", "Fixed telephones in 1984", "部"),
    ("post_offices84", "1984年邮局数", "Post offices in 1984", "处"),
    ("population84", "1984年年末人口", "Population in 1984", "万人"),
)
INTERNET: tuple[Column, ...] = _columns(
    _CNNIC,
    ("year", "年份", "Year", ""),
    ("penetration", "全国互联网普及率", "Internet users among the population", "比例"),
)
PARTNERS: tuple[Column, ...] = _columns(
    _WORLD,
    ("partner", "贸易伙伴", "Partner", ""),
    ("year", "年份", "Year", ""),
    ("imports", "自该国进口", "Imports from the partner", "亿美元"),
    ("exports", "对该国出口", "Exports to the partner", "亿美元"),
    ("gdp", "该国生产总值", "Product of the partner", "亿美元"),
    ("rd", "该国研发支出", "Research spending of the partner", "亿美元"),
)
