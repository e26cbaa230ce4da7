"""The 270 cities of the simulators with province and administrative rank: names are real, numbers never are.

28 provinces (without Qinghai, Ningxia and Tibet), prefecture level and above. Which 270 of some 280 such cities are in
is the simulators' choice.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np

_CITIES = """
北京|北京
天津|天津
上海|上海
重庆|重庆
河北|石家庄 唐山 秦皇岛 邯郸 邢台 保定 张家口 承德 沧州 廊坊 衡水
山西|太原 大同 阳泉 长治 晋城 朔州 晋中 运城 忻州 临汾 吕梁
内蒙古|呼和浩特 包头 乌海 赤峰 通辽 鄂尔多斯 呼伦贝尔 巴彦淖尔
辽宁|沈阳 大连 鞍山 抚顺 本溪 丹东 锦州 营口 阜新 辽阳 盘锦 铁岭 朝阳 葫芦岛
吉林|长春 吉林 四平 辽源 通化 白山 松原 白城
黑龙江|哈尔滨 齐齐哈尔 鸡西 鹤岗 双鸭山 大庆 佳木斯 七台河 牡丹江 绥化
江苏|南京 无锡 徐州 常州 苏州 南通 连云港 淮安 盐城 扬州 镇江 泰州 宿迁
浙江|杭州 宁波 温州 嘉兴 湖州 绍兴 金华 衢州 舟山 台州 丽水
安徽|合肥 芜湖 蚌埠 淮南 马鞍山 淮北 铜陵 安庆 黄山 滁州 阜阳 宿州 六安 亳州 池州 宣城
福建|福州 厦门 莆田 三明 泉州 漳州 南平 龙岩 宁德
江西|南昌 景德镇 萍乡 九江 新余 鹰潭 赣州 吉安 宜春 抚州 上饶
山东|济南 青岛 淄博 枣庄 东营 烟台 潍坊 济宁 泰安 威海 日照 临沂 德州 聊城 滨州 菏泽
河南|郑州 开封 洛阳 平顶山 安阳 鹤壁 新乡 焦作 濮阳 许昌 漯河 三门峡 南阳 商丘 信阳 周口 驻马店
湖北|武汉 黄石 十堰 宜昌 襄阳 鄂州 荆门 孝感 荆州 黄冈 咸宁 随州
湖南|长沙 株洲 湘潭 衡阳 邵阳 岳阳 常德 张家界 益阳 郴州 永州 怀化 娄底
广东|广州 韶关 深圳 珠海 汕头 佛山 江门 湛江 茂名 肇庆 惠州 梅州 汕尾 河源 阳江 清远 东莞 中山 潮州 揭阳 云浮
广西|南宁 柳州 桂林 梧州 北海 防城港 钦州 贵港 玉林 百色 贺州 河池 来宾 崇左
海南|海口 三亚
四川|成都 自贡 攀枝花 泸州 德阳 绵阳 广元 遂宁 内江 乐山 南充 眉山 宜宾 广安 达州 雅安 巴中 资阳
贵州|贵阳 六盘水 遵义 安顺
云南|昆明 曲靖 玉溪 保山 昭通
陕西|西安 铜川 宝鸡 咸阳 渭南 延安 汉中 榆林 安康 商洛
甘肃|兰州 嘉峪关 金昌 白银 天水 武威 张掖 平凉 酒泉 庆阳
新疆|乌鲁木齐 克拉玛依
"""
_EAST = "北京 天津 河北 上海 江苏 浙江 福建 山东 广东 海南"
_CENTRAL = "山西 辽宁 吉林 黑龙江 安徽 江西 河南 湖北 湖南"
_MUNICIPALITIES = "北京 天津 上海 重庆"
_VICE_PROVINCIAL = "沈阳 大连 长春 哈尔滨 南京 杭州 宁波 厦门 济南 青岛 武汉 广州 深圳 成都 西安"
_DELTA = """
上海 南京 无锡 常州 苏州 南通 盐城 扬州 镇江 泰州 杭州 宁波 嘉兴 湖州 绍兴 金华 舟山 台州
合肥 芜湖 马鞍山 铜陵 安庆 滁州 池州 宣城
"""
DELTA = tuple(f"{c}市" for c in _DELTA.split())


@dataclass(frozen=True, slots=True)
class Register:
    """The cities in one order.

    Attributes
    ----------
    city, province, rank : (n,) str
        Rank: 直辖市, 副省级 or 地级.
    province_code : (n,) int
    region : (n,) str
        ``east``, ``central`` or ``west``: where the true effect may differ; studies make their own grouping.
    """

    city: np.ndarray
    province: np.ndarray
    rank: np.ndarray
    province_code: np.ndarray
    region: np.ndarray

    @property
    def n(self) -> int:
        """Number of cities."""
        return len(self.city)

    def only(self, cities: tuple[str, ...]) -> Register:
        """Some of the cities, in the order asked for; provinces are counted anew."""
        place = {c: i for i, c in enumerate(self.city)}
        at = np.array([place[c] for c in cities])
        codes = np.unique(self.province[at], return_inverse=True)[1]
        return Register(self.city[at], self.province[at], self.rank[at], codes, self.region[at])


@cache
def register() -> Register:
    """All 270 cities.

    Examples
    --------
    >>> register().n, str(register().only(("苏州市",)).province[0])
    (270, '江苏')
    """
    lines = [line.split("|") for line in _CITIES.strip().splitlines()]
    pairs = [(f"{city}市", province) for province, cities in lines for city in cities.split()]
    city, province = (np.array(x) for x in zip(*pairs, strict=True))
    municipalities, vice = ({f"{c}市" for c in names.split()} for names in (_MUNICIPALITIES, _VICE_PROVINCIAL))
    rank = ["直辖市" if c in municipalities else "副省级" if c in vice else "地级" for c in city.tolist()]
    east, central = _EAST.split(), _CENTRAL.split()
    region = ["east" if p in east else "central" if p in central else "west" for p in province.tolist()]
    codes = np.unique(province, return_inverse=True)[1]
    return Register(city, province, np.array(rank), codes, np.array(region))
