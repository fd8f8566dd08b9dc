"""The columns each kind of import knows, how their cells are read, and the headers they are recognised by.

A field is named by its path in the record (`requirements.degree_at_least`); every path is a header of its own. `PROTECTED` headers
are recognised in order to be left out.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

from hr_sync.imports import values
from hr_sync.imports.kinds import Kind
from hr_sync.imports.values import Reader


@dataclass(frozen=True, slots=True)
class Column:
    """A field that a column can fill."""

    path: str
    read: Reader
    headers: tuple[str, ...] = ()


def _columns(prefix: str, *columns: tuple[str, Reader, str]) -> tuple[Column, ...]:
    return tuple(Column(f"{prefix}{path}", read, tuple(headers.split())) for path, read, headers in columns)


_V = values

CANDIDATE = _columns(
    "",
    ("id", _V.text, "编号 候选人编号 简历编号 人才编号 候选人id candidate_id candidateid"),
    ("name", _V.text, "姓名 名字 候选人 候选人姓名 应聘者 应聘者姓名 求职者 fullname candidate"),
    ("honorific", _V.text, "称呼 尊称"),
    ("phone", _V.phone, "手机号 手机 手机号码 电话 联系电话 电话号码 联系方式 移动电话 mobile tel telephone phonenumber cell"),
    ("email", _V.email, "邮箱 电子邮箱 邮件 电子邮件 e-mail mail"),
    ("city", _V.text, "城市 所在城市 现居城市 现居住地 居住地 所在地 现居地 location"),
    ("time_zone", _V.text, "时区"),
    ("language", _V.text, "语言"),
    ("status", _V.status, "状态 求职状态 在职状态 工作状态 目前状态 employment_status"),
    ("degree", _V.degree, "学历 最高学历 文化程度 学位 education"),
    ("major", _V.text, "专业 所学专业 专业名称"),
    ("school", _V.text, "学校 毕业院校 毕业学校 院校 university college"),
    ("graduated", _V.day, "毕业时间 毕业日期 毕业年月 graduation graduation_date"),
    ("years_experience", _V.years, "工作年限 工作经验 年限 工龄 经验 experience years years_of_experience"),
    ("last_pay", _V.yuan, "目前薪资 当前薪资 现薪资 目前月薪 上份薪资 current_salary"),
    ("employments", _V.document, "工作经历明细"),
    ("skills", _V.words, "技能 专业技能 技能标签 擅长 skill"),
    ("certificates", _V.words, "证书 资格证书 职业资格 资质证书 certifications certificate"),
    ("tags", _V.words, "标签 人才标签"),
    ("wishes", _V.words, "求职意向 期望 要求 求职要求"),
    ("source", _V.text, "来源 简历来源 渠道 招聘渠道"),
    ("notes", _V.text, "备注 说明 remark remarks comment comments"),
    ("birth_date", _V.birth_day, "出生日期 出生年月日 出生年月 生日 birthday date_of_birth dob"),
    ("last.employer", _V.text, "公司 现公司 最近公司 工作单位 现单位 目前公司 最近工作单位 company employer current_company"),
    ("last.role", _V.text, "职位 现职位 最近职位 职务 目前职位 岗位名称 role position title"),
    ("last.industry", _V.text, "行业 所属行业 industry"),
    ("last.start", _V.day, "入职时间 入职日期 开始时间"),
    ("last.end", _V.day, "离职时间 离职日期 结束时间"),
)
"""`last.…` is the latest employment; `birth_date` goes to a table of its own, when it is wanted at all."""

COMPANY = _columns(
    "",
    ("id", _V.text, "公司编号 单位编号 company_id"),
    ("name", _V.text, "公司 公司名称 单位 单位名称 用人单位 company"),
    ("short_name", _V.text, "简称 公司简称 单位简称"),
    ("city", _V.text, "城市 所在城市"),
    ("address", _V.text, "地址 公司地址 单位地址"),
    ("industry", _V.text, "行业 所属行业"),
    ("introduction", _V.text, "简介 公司简介 单位简介"),
    ("founded", _V.number, "成立年份 成立时间"),
    ("headcount", _V.number, "人数 公司规模 规模"),
)

_REQUIREMENTS = _columns(
    "requirements.",
    ("degree_at_least", _V.degree, "学历要求 最低学历 学历"),
    ("majors", _V.words, "专业要求 专业"),
    ("certificates", _V.words, "证书要求 资格要求 证书"),
    ("years_at_least", _V.years, "工作年限要求 经验要求 工作年限 最低年限 年限要求"),
    ("field", _V.text, "经验领域 工作领域 年限领域"),
    ("skills_all", _V.words, "必备技能 技能要求"),
    ("skills_any", _V.words, "加分技能 任一技能 技能之一"),
    ("cities", _V.words, "工作城市 城市要求"),
    ("status", _V.statuses, "求职状态要求"),
    ("age.max_age", _V.number, "年龄上限 最大年龄"),
    ("age.notice", _V.text, "年龄依据 年龄要求依据"),
    ("age.as_of", _V.day, "年龄计算日期 年龄截止日期"),
)
_NOTICE = _columns(
    "notice.",
    ("title", _V.text, "公告标题 公告"),
    ("number", _V.text, "公告文号 文号"),
    ("published", _V.day, "公告日期 发布日期"),
    ("registration_start", _V.day, "报名开始"),
    ("registration_end", _V.day, "报名截止"),
    ("link", _V.text, "公告链接"),
)
JOB = (
    _columns(
        "",
        ("id", _V.text, "岗位编号 职位编号 编号 job_id"),
        ("title", _V.text, "岗位 岗位名称 职位 职位名称 job position"),
        ("company", _V.text, "公司编号 单位编号 company_id"),
        ("sector", _V.sector, "单位性质 性质"),
        ("department", _V.text, "部门 所属部门 用人部门"),
        ("headcount", _V.number, "招聘人数 人数 名额"),
        ("urgent", _V.truth, "紧急 是否紧急 急招"),
        ("open", _V.truth, "招聘中 是否开放 开放"),
        ("script", _V.text, "话术 面试脚本"),
        ("competencies", _V.words, "能力 胜任力 考察能力"),
        ("pay", _V.text, "薪资编号 薪资结构 薪资结构编号 pay_id"),
        ("pitch", _V.text, "岗位亮点 一句话介绍 卖点"),
        ("recruiter.name", _V.text, "招聘负责人 联系人 负责人 hr"),
        ("recruiter.email", _V.email, "负责人邮箱 联系邮箱 hr邮箱"),
        ("recruiter.extension", _V.text, "分机 负责人分机"),
    )
    + _REQUIREMENTS
    + _NOTICE
)

PAY = _columns(
    "",
    ("id", _V.text, "薪资编号 薪资结构编号 编号 pay_id"),
    ("base", _V.money_range, "基础薪资 基本工资 底薪 基础薪资范围"),
    ("base.min", _V.yuan, "基础薪资下限 底薪下限"),
    ("base.max", _V.yuan, "基础薪资上限 底薪上限"),
    ("performance", _V.yuan, "绩效 绩效工资 月绩效"),
    ("performance_cycle", _V.text, "绩效周期 考核周期"),
    ("bonus_months_min", _V.number, "年终奖月数下限 年终奖下限"),
    ("bonus_months_max", _V.number, "年终奖月数上限 年终奖上限"),
    ("allowances", _V.amounts, "补贴 津贴 津贴补贴"),
    ("range", _V.money_range, "薪资范围 综合薪资 综合薪资范围 月薪范围 月薪"),
    ("range.min", _V.yuan, "薪资下限 月薪下限"),
    ("range.max", _V.yuan, "薪资上限 月薪上限"),
    ("levels", _V.document, "职级 薪级"),
    ("salary_months", _V.number, "发薪月数 薪资月数"),
    ("pay_day", _V.number, "发薪日"),
)

FACTS = _columns(
    "",
    ("job_id", _V.text, "岗位编号 职位编号 岗位 job"),
    ("duties", _V.words, "工作内容 岗位职责 职责"),
    ("benefits", _V.words, "福利 福利待遇"),
    ("highlights", _V.words, "亮点 优势"),
    ("overtime.amount", _V.overtime, "加班 加班情况"),
    ("overtime.project_based", _V.truth, "项目制加班"),
    ("overtime.peak_seasons", _V.words, "忙季 旺季"),
    ("overtime.paid", _V.truth, "有加班费 加班付费"),
    ("overtime.pay_rule", _V.text, "加班费规定 加班费"),
    ("overtime.time_off_in_lieu", _V.truth, "可调休 调休"),
    ("insurance.base_rule", _V.text, "社保基数 缴费基数"),
    ("insurance.base_percent_of_pay", _V.number, "社保基数比例"),
    ("insurance.employer_percent", _V.number, "单位缴纳比例 社保单位比例"),
    ("insurance.employee_percent", _V.number, "个人缴纳比例 社保个人比例"),
    ("insurance.housing_fund_percent", _V.number, "公积金比例"),
    ("insurance.from_when", _V.text, "社保起缴 起缴时间"),
    ("insurance.note", _V.text, "社保说明"),
    ("promotion.reviews_a_year", _V.number, "每年评审次数 晋升次数"),
    ("promotion.path", _V.words, "晋升路径 职业发展"),
    ("promotion.note", _V.text, "晋升说明"),
    ("team.size", _V.number, "团队人数"),
    ("team.introduction", _V.text, "团队介绍"),
    ("team.leader", _V.text, "团队负责人"),
    ("team.mail_material", _V.text, "团队资料"),
    ("place.city", _V.text, "工作城市 城市"),
    ("place.address", _V.text, "工作地址 工作地点 地址"),
    ("place.transport", _V.text, "交通"),
    ("place.remote", _V.truth, "可远程 远程办公"),
    ("place.travel", _V.text, "出差"),
    ("hours.start", _V.text, "上班时间"),
    ("hours.end", _V.text, "下班时间"),
    ("hours.days_a_week", _V.number, "每周工作天数"),
    ("hours.weekend", _V.text, "休息制度 周末"),
    ("hours.shifts", _V.text, "班次 倒班"),
    ("hours.lunch_break_minutes", _V.number, "午休分钟"),
    ("probation.months", _V.number, "试用期 试用期月数"),
    ("probation.pay_percent", _V.number, "试用期薪资比例"),
    ("probation.note", _V.text, "试用期说明"),
    ("process.steps", _V.words, "流程 招聘流程"),
    ("process.schedule", _V.document, "流程安排"),
    ("process.days_to_answer", _V.number, "答复天数"),
    ("process.note", _V.text, "流程说明"),
    ("process.written_test_place", _V.text, "笔试地点"),
)

CONTACT = _columns(
    "",
    ("id", _V.text, "联系编号 编号 contact_id"),
    ("candidate_id", _V.text, "候选人编号 简历编号 人才编号 candidate"),
    ("phone", _V.phone, "手机号 手机 手机号码 电话 联系电话 mobile tel"),
    ("name", _V.text, "姓名 候选人 候选人姓名"),
    ("job_id", _V.text, "岗位编号 职位编号 岗位 job"),
    ("at", _V.moment, "时间 联系时间 日期 联系日期 date time datetime"),
    ("channel", _V.channel, "方式 联系方式 渠道"),
    ("outcome", _V.text, "结果 联系结果 沟通结果 result"),
    ("note", _V.text, "备注 沟通记录 说明 notes remark"),
)

DO_NOT_CALL = _columns(
    "",
    ("number", _V.phone, "号码 手机号 手机 手机号码 电话 电话号码 phone mobile tel"),
    ("reason", _V.reason, "原因 事由"),
    ("at", _V.moment, "时间 日期 登记时间 date time"),
    ("note", _V.text, "备注 说明 notes remark"),
)

COLUMNS: dict[Kind, tuple[Column, ...]] = {
    Kind.CANDIDATES: CANDIDATE,
    Kind.COMPANIES: COMPANY,
    Kind.JOBS: JOB,
    Kind.PAY: PAY,
    Kind.FACTS: FACTS,
    Kind.CONTACTS: CONTACT,
    Kind.DO_NOT_CALL: DO_NOT_CALL,
}

_PROTECTED = (
    "婚姻 婚姻状况 婚否 婚育 婚育状况 生育 生育状况 子女 子女情况 孩子 怀孕 健康 健康状况 身体状况 病史 残疾 民族 宗教 宗教信仰 "
    "性别 照片 头像 籍贯 出生地 户籍 户口 户口所在地 户籍所在地 年龄 身份证 身份证号 身份证号码 政治面貌 血型 星座 身高 体重 "
    "marriage maritalstatus married children pregnancy health disability ethnicity race religion gender sex photo "
    "birthplace placeofbirth age idnumber idcard bloodtype height weight"
)
PROTECTED = frozenset(_PROTECTED.split())
"""Headers, as `normal_header` gives them, whose cells are never taken: nobody may be chosen or refused by them."""

_REMARK = re.compile(r"[（(\[【].*?[）)\]】]")
_JOINT = re.compile(r"[\s*＊_:：/\-]+")


def normal_header(header: str) -> str:
    """A header without case, remarks in brackets, stars and joints: `手机号码*（必填）` and `手机号码` are the same."""
    plain = unicodedata.normalize("NFKC", header).casefold()
    return _JOINT.sub("", _REMARK.sub("", plain)) or _JOINT.sub("", plain)
