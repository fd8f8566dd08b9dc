"""The words of reports, Chinese and English."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from hr_sync.records.assessment import Reason, Recommendation

Language = Literal["zh", "en"]

LABELS: Mapping[str, tuple[str, str]] = {
    "report": ("电话面试报告", "Telephone interview report"),
    "summary": ("概要", "Summary"),
    "fields": ("回答", "Answers"),
    "competencies": ("能力评分", "Competencies"),
    "evidence": ("依据", "Evidence"),
    "pay": ("级别与薪资", "Level and pay"),
    "strengths": ("亮点", "Strengths"),
    "gaps": ("待了解", "Gaps"),
    "doubts": ("候选人的问题", "What the candidate asked"),
    "cloud": ("关键词", "Keywords"),
    "mood": ("情绪曲线", "Mood"),
    "mood_note": ("只用来调整通话方式，不参与任何评分", "Adapted the conversation only; enters no score"),
    "patience": ("耐心", "patience"),
    "hesitation": ("犹豫", "hesitation"),
    "transcript": ("通话记录", "Transcript"),
    "decisions": ("决定", "Decisions"),
    "no_decision": ("尚未决定", "Nobody has decided yet"),
    "recommendation": ("系统建议", "The system recommends"),
    "person_decides": ("最终由招聘人员决定", "A person decides"),
    "overall": ("综合得分", "Overall"),
    "confidence": ("置信度", "confidence"),
    "content": ("内容", "Content"),
    "structure": ("结构", "Structure"),
    "specificity": ("具体程度", "Specificity"),
    "not_enough": ("说得太少，不评分", "Not enough evidence, no score"),
    "not_assessed": ("尚未评估", "Not assessed yet"),
    "candidate": ("候选人", "Candidate"),
    "job": ("岗位", "Job"),
    "called": ("通话时间", "Called"),
    "lasted": ("通话时长", "Lasted"),
    "outcome": ("通话结果", "Outcome"),
    "interest": ("意向", "Interest"),
    "expected_pay": ("期望薪资", "Expected pay"),
    "start_date": ("到岗时间", "Start date"),
    "years_experience": ("工作年限", "Experience"),
    "degree": ("学历", "Degree"),
    "major": ("专业", "Major"),
    "certificate": ("证书", "Certificate"),
    "city": ("城市", "City"),
    "last_role": ("上一岗位", "Last role"),
    "employer": ("单位", "Employer"),
    "employment": ("在职状态", "Employment"),
    "interview_time": ("面试时间", "Interview time"),
    "callback_time": ("回电时间", "Call back"),
    "pay_fit": ("薪资匹配", "Pay fit"),
    "level": ("建议级别", "Level"),
    "level_range": ("级别区间", "Range of the level"),
    "offer": ("建议薪资", "Offer"),
    "performance_share": ("绩效占比", "Performance share"),
    "answered": ("已答复", "answered"),
    "unanswered": ("待HR答复", "HR to answer"),
    "system": ("AI助手", "Assistant"),
    "interrupted": ("被打断", "interrupted"),
    "play": ("播放", "Play"),
    "no_recording": ("没有录音", "No recording"),
    "month": ("每月", "a month"),
    "year": ("每年", "a year"),
    "day": ("每天", "a day"),
    "hour": ("每小时", "an hour"),
    "yuan": ("元", "yuan"),
    "net": ("税后", "after tax"),
    "made": ("生成于", "Made"),
    "method": ("评估方法", "Method"),
    "situation": ("情况", "situation"),
    "task": ("任务", "task"),
    "action": ("做法", "action"),
    "result": ("结果", "result"),
    "missing": ("没有听到", "Not heard"),
    "confidential": ("内含个人信息，请勿外传", "Holds personal data: do not pass on"),
    "by": ("由", "by"),
    "none": ("无", "none"),
}

VALUES: Mapping[str, tuple[str, str]] = {
    "interested": ("感兴趣", "interested"),
    "hesitant": ("犹豫", "hesitant"),
    "not_interested": ("不感兴趣", "not interested"),
    "undetermined": ("不明确", "undetermined"),
    "completed": ("完成", "completed"),
    "partial": ("中途结束", "ended early"),
    "callback": ("约定回电", "to be called back"),
    "stop_calling": ("要求不再致电", "asked not to be called"),
    "wrong_person": ("不是本人", "wrong person"),
    "declined_recording": ("拒绝录音", "declined recording"),
    "no_answer": ("无人接听", "no answer"),
    "employed": ("在职", "employed"),
    "left": ("离职", "left"),
    "student": ("学生", "student"),
    "junior_high": ("初中", "junior high school"),
    "high_school": ("高中", "high school"),
    "vocational": ("中专", "vocational school"),
    "college": ("大专", "college"),
    "bachelor": ("本科", "bachelor"),
    "master": ("硕士", "master"),
    "doctor": ("博士", "doctor"),
    "junior": ("初级", "junior"),
    "mid": ("中级", "mid"),
    "senior": ("高级", "senior"),
    "advance": ("进入下一步", "advance"),
    "offer": ("录用", "offer"),
    "hold": ("暂缓", "hold"),
    "talent_pool": ("进入人才库", "talent pool"),
    "reject": ("不通过", "reject"),
    "morning": ("上午", "morning"),
    "noon": ("中午", "noon"),
    "afternoon": ("下午", "afternoon"),
    "evening": ("晚上", "evening"),
}

RECOMMENDATIONS: Mapping[Recommendation, tuple[str, str]] = {
    Recommendation.INVITE: ("邀请面试", "Invite to an interview"),
    Recommendation.FOLLOW_UP: ("由HR跟进", "HR follows up"),
    Recommendation.TALENT_POOL: ("放入人才库", "Keep in the talent pool"),
    Recommendation.CALL_AGAIN: ("再次致电", "Call again"),
    Recommendation.REVIEW: ("人工复核", "A person listens"),
}

REASONS: Mapping[str, tuple[str, str]] = {
    "interested_and_good": ("感兴趣，综合得分 {score:.0f}", "Interested, overall score {score:.0f}"),
    "interested_and_middling": (
        "感兴趣，得分中等（{score:.0f}），有些地方要再问",
        "Interested, a middling score ({score:.0f}): ask further",
    ),
    "interested_but_weak": (
        "感兴趣，但得分偏低（{score:.0f}），请人工听一遍",
        "Interested, a weak score ({score:.0f}): a person should listen",
    ),
    "interested_little_evidence": ("感兴趣，但说得太少，无法判断", "Interested, but too little was said to judge"),
    "interested_but_pay": (
        "感兴趣，但期望薪资明显高于范围（匹配 {score}）",
        "Interested, but expects far more than the range (fit {score})",
    ),
    "hesitant": ("还在犹豫，请在24小时内跟进", "Hesitant: follow up within 24 hours"),
    "not_interested": ("这次不感兴趣", "Not interested this time"),
    "asked_not_to_be_called": ("要求不再致电，号码已停用", "Asked not to be called again; the number is blocked"),
    "asked_for_another_time": ("约了其他时间", "Asked for another time"),
    "wrong_person": ("接电话的不是本人，请核对号码", "Not the candidate: check the number"),
    "ended_early": ("通话中途结束", "The call ended early"),
    "unclear": ("意向不明确", "Whether they want the job is unclear"),
    "pay_far": ("期望薪资与范围差距大（匹配 {score}）", "Expectation far from the range (fit {score})"),
    "pay_fits": ("期望薪资在可谈范围内（匹配 {score}）", "Expectation within reach (fit {score})"),
    "strengths": ("表现突出：{names}", "Strong: {names}"),
    "gaps": ("表现较弱：{names}", "Weak: {names}"),
    "not_enough_evidence": ("没有聊到或说得太少：{names}", "Not touched, or too little said: {names}"),
    "open_questions": ("有 {count} 个问题待HR答复", "{count} questions for HR to answer"),
    "level_by_years": ("按 {years:g} 年经验，对应{level}", "{years:g} years of experience: {level}"),
    "level_lowered": ("得分偏低（{score:.0f}），下调为{level}", "A weak score ({score:.0f}) lowers it to {level}"),
    "years_unknown": ("工作年限不明，暂按{level}", "Years unknown, taken as {level}"),
    "no_levels": ("薪资结构没有分级", "The pay structure has no levels"),
    "no_score": ("没有评分，给出整个区间", "No score: the whole range"),
    "position": ("得分 {score:.0f}，位于区间的 {percent} 处", "Score {score:.0f}: at {percent} of the range"),
}


def label(key: str, language: Language) -> str:
    """A heading or field's name; the key itself where there is none."""
    return _of(LABELS.get(key), key, language)


def value_text(value: object, language: Language) -> str:
    """A code in words; other values as they are."""
    return _of(VALUES.get(str(value)), str(value), language)


def recommendation_text(recommendation: Recommendation, language: Language | None = None) -> str:
    """In one language, or in both."""
    both = RECOMMENDATIONS[recommendation]
    return " ".join(both) if language is None else _of(both, "", language)


def reason_text(reason: Reason, language: Language | None = None) -> str:
    """A reason as a sentence in one language, or in both."""
    if language is None:
        return f"{reason_text(reason, 'zh')}  {reason_text(reason, 'en')}"
    pattern = REASONS.get(reason.code)
    if pattern is None:
        return reason.code
    return _of(pattern, "", language).format_map(_filled(reason.values, language))


def slot_text(slot: str, value: object, language: Language) -> str:
    """An answer in words."""
    if not isinstance(value, Mapping):
        return value_text(value, language)
    if slot == "expected_pay":
        return _pay(value, language)
    if "in_days" in value:
        days = value["in_days"]
        return (("随时", "at once") if not days else (f"{days}天后", f"in {days} days"))[language == "en"]
    if "years" in value:
        return f"{value['years']:g} 年" if language == "zh" else f"{value['years']:g} years"
    return " ".join(value_text(part, language) for part in value.values())


def _pay(value: Mapping[str, Any], language: Language) -> str:
    low, high = value.get("min"), value.get("max")
    if low is None and high is None:
        return "–"
    yuan, chinese = label("yuan", language), language == "zh"
    if low is not None and high is not None:
        amount = f"{low:,} {yuan}" if low == high else f"{low:,}–{high:,} {yuan}"
    elif low is not None:
        amount = f"{low:,} {yuan}以上" if chinese else f"from {low:,} {yuan}"
    else:
        amount = f"{high:,} {yuan}以内" if chinese else f"up to {high:,} {yuan}"
    period = label(str(value.get("period", "month")), language)
    net = ("，" if chinese else ", ") + label("net", language) if value.get("net") else ""
    return f"{period} {amount}{net}" if chinese else f"{amount} {period}{net}"


def _filled(values: Mapping[str, Any], language: Language) -> dict[str, Any]:
    filled = dict(values)
    if isinstance(filled.get("names"), list):
        filled["names"] = ("、" if language == "zh" else ", ").join(filled["names"])
    if "level" in filled:
        filled["level"] = value_text(filled["level"], language)
    if "position" in filled:
        filled["percent"] = f"{100 * filled['position']:.0f} %"
    return filled


def _of(both: tuple[str, str] | None, otherwise: str, language: Language) -> str:
    return otherwise if both is None else both[language == "en"]
