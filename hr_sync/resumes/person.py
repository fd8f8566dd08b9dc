"""Who a resume is of, and how the person is reached."""

from __future__ import annotations

import re

from hr_sync.phone import PhoneError, parse
from hr_sync.records.resumes import ResumeField
from hr_sync.resumes.sections import Line

_SURNAMES = (
    "赵钱孙李周吴郑王冯陈褚卫蒋沈韩杨朱秦尤许何吕施张孔曹严华金魏陶姜戚谢邹喻柏水窦章云苏潘葛奚范彭郎鲁韦昌马苗凤花方俞任袁柳鲍史唐费廉岑薛雷贺倪汤"
    "滕殷罗毕郝邬安常乐于时傅皮卞齐康伍余元卜顾孟平黄和穆萧尹姚邵湛汪祁毛禹狄米贝明臧计伏成戴谈宋庞熊纪舒屈项祝董梁杜阮蓝闵席季麻强贾路娄危江童颜"
    "郭梅盛林刁钟徐邱骆高夏蔡田樊胡凌霍虞万支柯管卢莫房裘缪解应宗丁宣邓郁单杭洪包诸左石崔吉钮龚程邢裴陆荣翁荀羊甄曲封储靳段富焦巴牧隗山谷车侯全班"
    "仰秋仲伊宫宁仇栾甘厉祖武符刘景詹束龙叶幸司韶黎薄印宿白怀蒲台从鄂索咸籍赖卓蔺屠蒙池乔阴胥能苍双闻莘党翟谭贡劳逄姬申扶堵冉宰郦雍桑桂牛寿通边"
    "扈燕冀浦尚农温别庄晏柴瞿阎充慕连茹习艾鱼容向古易慎戈廖庾终衡步都耿满弘匡国文寇广阙东欧利师巩聂关荆肖付邸覃代闫佟"
)
_COMPOUND = "欧阳|上官|司马|诸葛|东方|皇甫|尉迟|公孙|慕容|司徒|令狐|夏侯|端木|南宫"
_NAME = (
    rf"(?:(?:{_COMPOUND})[\u4e00-\u9fff]{{1,2}}?|[{_SURNAMES}][\u4e00-\u9fff]{{1,2}}?|"
    r"[\u4e00-\u9fff]{2,5}·[\u4e00-\u9fff]{2,6})"
)
_LABELLED = re.compile(
    rf"(?:姓名|应聘人|求职者|应聘者)(?:\s*[:：]\s*|\s+)([\u4e00-\u9fff](?: ?[\u4e00-\u9fff]){{1,3}}|{_NAME})(?![\u4e00-\u9fff])"
)
_ENGLISH = re.compile(r"(?i:name)\s*[:：]\s*([A-Z][A-Za-z]+(?: [A-Z][A-Za-z]+){1,2})")
_ALONE = re.compile(rf"({_NAME}|[{_SURNAMES}] [\u4e00-\u9fff](?: [\u4e00-\u9fff])?)(?=$|\s|[|｜/,，(（]|的?(?:个人)?简历)")
_OF = re.compile(rf"(?:个人简历|简历|resume)\s*[-—_:：|｜]\s*({_NAME})(?![\u4e00-\u9fff])", re.IGNORECASE)
_NOT_NAMES = re.compile(
    r"简历|求职|应聘|教育|工作|经历|技能|证书|信息|意向|评价|有限|公司|大学|学院|工程|管理|销售|会计|应届|高级|资深"
)
_FILE = re.compile(rf"(?:^|[-_—\s\]】)）+])({_NAME})(?=$|[-_—\s.\[【(（+\d]|的?简历)")
_NUMBER = re.compile(r"(?<![\d.])(?:\+?86[- ]?)?1[3-9]\d[- ]?\d{4}[- ]?\d{4}(?!\d)|(?<!\d)\(?0\d{2,3}\)?[- ]?\d{7,8}(?!\d)")
_MAIL = re.compile(r"[A-Za-z0-9][A-Za-z0-9._%+-]{0,63}@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*\.[A-Za-z]{2,10}")
_CITY = re.compile(
    r"(?:现居住地|现居住城市|现居城市|现居地|现居|居住地址|居住地|所在城市|所在地|目前城市|常住地|常驻|"
    r"联系地址|家庭住址|现住址|通讯地址|住址|地址|城市|location)"
    r"(?:\s*[:：]\s*|\s+|(?<=现居)|(?<=现居住地)|(?<=常住地)|(?<=常驻))"
    r"((?:[\u4e00-\u9fff]{2,3}省|内蒙古自治区|广西壮族自治区|宁夏回族自治区|新疆维吾尔自治区|西藏自治区)?\s?[\u4e00-\u9fff]{2,8})",
    re.IGNORECASE,
)
_PROVINCES = (
    "河北|山西|辽宁|吉林|黑龙江|江苏|浙江|安徽|福建|江西|山东|河南|湖北|湖南|广东|海南|四川|贵州|云南|陕西|甘肃|青海|台湾|"
    "内蒙古|广西|西藏|宁夏|新疆"
)
_HEAD_LINES = 8


def name(lines: list[Line], file: str) -> ResumeField | None:
    """The name: labelled, or alone in one of the first lines, or in the file's name."""
    for line in lines:
        found = _LABELLED.search(line.text) or _ENGLISH.search(line.text)
        if found is not None:
            value = found[1] if found[1].isascii() else found[1].replace(" ", "")
            return _field("name", value, found[0], line, 0.98)
    for line in lines[:_HEAD_LINES]:
        found = _OF.search(line.text) or _ALONE.match(line.text.lstrip("★●■◆ "))
        if found is not None and _NOT_NAMES.search(found[1]) is None:
            return _field("name", found[1].replace(" ", ""), found[0], line, 0.88)
    in_file = [found[1] for found in _FILE.finditer(file.rpartition(".")[0]) if _NOT_NAMES.search(found[1]) is None]
    return _field("name", in_file[0], file, lines[0], 0.6) if in_file and lines else None


def phone(lines: list[Line]) -> ResumeField | None:
    """The first number that can be dialled, mobiles before land lines."""
    found: list[tuple[bool, ResumeField]] = []
    for line in lines:
        for match in _NUMBER.finditer(line.text):
            try:
                number = parse(match[0])
            except PhoneError:
                continue
            mobile = number.kind.value == "mobile"
            found.append((not mobile, _field("phone", number.e164, match[0], line, 0.97 if mobile else 0.85)))
    return min(found, key=lambda pair: pair[0])[1] if found else None


def email(lines: list[Line]) -> ResumeField | None:
    """The first mail address."""
    for line in lines:
        if (found := _MAIL.search(line.text)) is not None:
            return _field("email", found[0], found[0], line, 0.98)
    return None


def city(lines: list[Line]) -> ResumeField | None:
    """The city the person lives in; a birth place is not one."""
    for line in lines:
        for found in _CITY.finditer(line.text):
            before = line.text[: found.start()]
            if before.endswith(("期望", "意向", "工作", "目标", "求职", "公司")):
                continue
            value = city_name(found[1])
            if value is not None:
                return _field("city", value, found[0], line, 0.9)
    return None


def city_name(text: str) -> str | None:
    """The city of an address: 浙江省杭州市西湖区 is 杭州."""
    place = re.sub(rf"^(?:{_PROVINCES})(?:省|壮族自治区|回族自治区|维吾尔自治区|自治区)?\s?(?=[\u4e00-\u9fff]{{2}})", "", text)
    found = re.match(r"([\u4e00-\u9fff]{2,5}?)(?:市|地区|自治州|$)", place) or re.match(r"([\u4e00-\u9fff]{2})", place)
    return found[1] if found is not None else None


def _field(name: str, value: object, text: str, line: Line, confidence: float) -> ResumeField:
    return ResumeField(name=name, value=value, text=text.strip(), line=line.number, confidence=confidence)
