"""What may not be kept of a person, wherever it was volunteered: marriage, children, pregnancy, health, ethnicity, religion, birth
place, sex, party membership.

Free text of resumes and of other systems goes through `without_protected` before it is stored: clauses that tell of these are
taken out. The words are those of resumes and of HR's remarks, specific enough not to catch work: 儿童教育, 健康管理师 and
民族大学 stay.
"""

from __future__ import annotations

import re

_LABELS = (
    r"(?:婚姻|婚育|生育|子女|健康|身体|家庭)(?:状况|情况)?|婚否|民族|宗教(?:信仰)?|籍贯|出生地|户籍(?:所在地|地址)?|户口(?:所在地)?|性别|"
    r"政治面貌|身份证号?码?|出生(?:日期|年月|年月日)|生日|年龄|身高|体重|血型|照片|"
    r"marital status|ethnicity|nationality|religion|gender|sex|date of birth|place of birth|health|height|weight|age"
)
_LABELLED = re.compile(rf"(?<![A-Za-z\u4e00-\u9fff])(?:{_LABELS})\s*[:：]\s*[^\s,，;；。|｜/]*", re.IGNORECASE)
_WORDS = re.compile(
    r"已婚|未婚|离异|离婚|丧偶|单身(?!公寓)|已育|未育|结婚|怀孕|孕期|哺乳期|备孕|产假|二胎|三胎|"
    r"(?:有|没有|无|育有|带)(?:一个|两个|一|两|三|[0-9])?(?:孩子|小孩|子女|儿子|女儿|宝宝)|"
    r"(?<!无)(?:残疾|病史|乙肝|糖尿病|高血压|心脏病|抑郁症|癫痫)|身体(?:健康|良好|不好)|"
    r"(?:(?:汉|满|回|藏|壮|苗|彝|侗|瑶|白|土家|维吾尔|蒙古|朝鲜|哈萨克|傣)族)++(?![自乡镇县州])|少数民族(?!地区)|"
    r"(?:信仰?|信奉)(?:佛|基督|伊斯兰|天主|道)教?|佛教徒|基督徒|穆斯林|"
    r"中共(?:预备)?党员|共青团员|无党派|\bunmarried\b|\bmarried\b|\bdivorced\b|\bpregnant\b",
    re.IGNORECASE,
)
_CLAUSE = re.compile(r"[^\s，,。；;、|｜\n（）()]+")
_JOINTS = re.compile(r"(?:\s*[，,；;、|｜]\s*){2,}")
_EDGES = " ，,；;、|｜\t"


def without_protected(text: str) -> tuple[str, int]:
    """The text without clauses on protected attributes, and how many were taken out."""
    text, labelled = _LABELLED.subn("", text)
    taken = 0

    def keep(clause: re.Match[str]) -> str:
        nonlocal taken
        if _WORDS.search(clause[0]) is None:
            return clause[0]
        taken += 1
        return ""

    text = _CLAUSE.sub(keep, text)
    if not labelled + taken:
        return text, 0
    lines = (_JOINTS.sub("，", line).strip(_EDGES).replace("（）", "").replace("()", "") for line in text.split("\n"))
    return "\n".join(line for line in lines if line), labelled + taken
