"""What people call degrees, statuses and the like; foreign words belong into the mapping file."""

from __future__ import annotations

from collections.abc import Mapping

from hr_sync.records import Degree, DoNotCallReason, EmploymentStatus, Sector


def _words(table: Mapping[str, str]) -> dict[str, str]:
    """Each word by itself; a line holds several, and every code is a word for itself."""
    return {word: str(code) for code, line in table.items() for word in (str(code), *line.split())}


DEGREES = _words(
    {
        Degree.JUNIOR_HIGH: "初中 小学 初中及以下",
        Degree.HIGH_SCHOOL: "高中",
        Degree.VOCATIONAL: "中专 中技 技校 职高 中专/中技 中职 技工",
        Degree.COLLEGE: "大专 专科 高职 大学专科 专科生 大专生 高职高专 全日制大专 统招大专 associate",
        Degree.BACHELOR: "本科 大学本科 学士 大本 本科生 全日制本科 统招本科 专升本 大学 本科学历 bachelor's undergraduate",
        Degree.MASTER: "硕士 研究生 硕士研究生 mba emba 在职研究生 master's",
        Degree.DOCTOR: "博士 博士研究生 博士后 phd ph.d.",
    }
)
"""A word in brackets behind them (本科（学士）) is left out before looking."""

STATUSES = _words(
    {
        EmploymentStatus.EMPLOYED: "在职 在职看机会 在职考虑机会 在岗 在职-考虑机会 在职暂不考虑 在职-暂不考虑 在职-月内到岗",
        EmploymentStatus.LEFT: "离职 已离职 待业 离职随时到岗 离职-随时到岗 求职中 失业",
        EmploymentStatus.STUDENT: "学生 在校 在读 应届生 应届毕业生 应届 在校生",
    }
)

SECTORS = _words({Sector.PRIVATE: "企业 民企 私企 公司 国企", Sector.PUBLIC: "事业单位 机关 公务员 公共部门"})

REASONS = _words(
    {
        DoNotCallReason.CANDIDATE_ASKED: "本人要求 候选人要求 本人拒绝 投诉 拒绝来电",
        DoNotCallReason.HR_DECIDED: "公司决定 人事决定 黑名单",
        DoNotCallReason.REGULATION: "法规 监管 监管要求",
    }
)

AMOUNTS = _words({"none": "不加班 无", "rare": "很少 极少", "sometimes": "偶尔 有时", "often": "经常 频繁"})
"""Of overtime."""

CHANNELS = _words({"phone": "电话 通话", "sms": "短信", "mail": "邮件 邮箱 email", "meeting": "面谈 面试 见面", "web": "网站 线上"})

TRUE = frozenset(["是", "有", "y", "yes", "true", "1", "√", "✓", "对", "开放", "招聘中"])
FALSE = frozenset(["否", "无", "n", "no", "false", "0", "×", "不", "关闭", "已关闭"])
