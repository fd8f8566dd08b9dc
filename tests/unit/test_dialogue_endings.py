"""Whole conversations and how they end: disposition, interest, what was learned. One row a path."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pytest

from agi_app.dialogue.reply import PromptKind
from hr_sync.records import Disposition, Interest
from tests.unit.dialogue_kit import (
    IN_A_MONTH,
    KEEN,
    NO_MORE,
    PAY_12K,
    READY,
    TO_CLOSING,
    TO_PAY,
    TO_PITCH,
    TO_START,
    YES,
    talk,
)

D, I = Disposition, Interest  # noqa: E741
PAY = {"min": 12000, "max": 12000, "period": "month"}
CALL_WEDNESDAY = {"at": "2026-12-02T14:00:00+08:00"}


@dataclass(frozen=True)
class Path:
    lines: tuple[str, ...]
    disposition: Disposition
    interest: Interest = Interest.UNDETERMINED
    slots: dict[str, Any] = field(default_factory=dict)
    requests: dict[str, Any] = field(default_factory=dict)
    consent: bool | None = True
    """None: never learned."""
    do_not_call: bool = False
    says: str = ""
    """Words that occur in the last move."""


PATHS = {
    "all answered": Path(
        (*TO_CLOSING, NO_MORE),
        D.COMPLETED,
        I.INTERESTED,
        {"expected_pay": PAY, "start_date": {"in_days": 30}, "years_experience": {"years": 5.0}},
        says="三个工作日",
    ),
    "goodbye at the end": Path((*TO_CLOSING, "没有了，再见 | bye deny"), D.COMPLETED, I.INTERESTED, says="再见"),
    "thanks at the end": Path((*TO_CLOSING, "谢谢 | thank"), D.COMPLETED, I.INTERESTED),
    "silent at the end": Path((*TO_CLOSING, "-", "-"), D.COMPLETED, I.INTERESTED),
    "not a word": Path(("-", "-", "-"), D.SILENT, consent=None, says="听不到您的声音"),
    "three unintelligible": Path(("", "", ""), D.SILENT, consent=None),
    "line went deaf": Path((*TO_PAY, "", "-", ""), D.PARTIAL, I.INTERESTED, requests={"callback": {}}, says="信号"),
    "not interested, later maybe": Path(
        (*TO_PITCH, "不感兴趣 | not_interested", "可以 | agree"),
        D.COMPLETED,
        I.NOT_INTERESTED,
        requests={"talent_pool": {"agreed": True}},
    ),
    "plain no to the pitch": Path(
        (*TO_PITCH, "不用了 | deny", "不用 | deny"),
        D.COMPLETED,
        I.NOT_INTERESTED,
        requests={"talent_pool": {"agreed": False}},
        says="尊重您的意愿",
    ),
    "not interested after the pay question": Path(
        (*TO_PAY, "算了不考虑了 | not_interested", "行 | agree"),
        D.COMPLETED,
        I.NOT_INTERESTED,
        requests={"talent_pool": {"agreed": True}},
    ),
    "not interested and goodbye": Path(
        (*TO_PITCH, "不考虑，再见 | not_interested bye"), D.COMPLETED, I.NOT_INTERESTED, requests={"talent_pool": {"agreed": None}}
    ),
    "already employed": Path(
        (*TO_PITCH, "我已经找到工作了 | already_employed", "可以 | agree"),
        D.COMPLETED,
        I.NOT_INTERESTED,
        requests={"talent_pool": {"agreed": True}},
    ),
    "stop calling": Path(
        (YES, "别再打电话来了 | stop_calling"),
        D.STOP_CALLING,
        I.NOT_INTERESTED,
        consent=None,
        do_not_call=True,
        says="不会再给您打电话",
    ),
    "stop calling at once": Path(("别打了 | stop_calling",), D.STOP_CALLING, consent=None, do_not_call=True),
    "stop calling in the middle": Path(
        (*TO_START, "以后不要打了 | stop_calling"), D.STOP_CALLING, I.NOT_INTERESTED, {"expected_pay": PAY}, do_not_call=True
    ),
    "busy, names a time": Path(
        (YES, "在开会 | busy", "下周三下午两点 | callback {'callback_time': " + str(CALL_WEDNESDAY) + "}"),
        D.CALLBACK,
        slots={"callback_time": CALL_WEDNESDAY},
        requests={"callback": CALL_WEDNESDAY},
        consent=None,
        says="下周三下午两点",
    ),
    "busy with the time at once": Path(
        (YES, "现在不方便，下周三下午两点吧 | busy callback {'callback_time': " + str(CALL_WEDNESDAY) + "}"),
        D.CALLBACK,
        slots={"callback_time": CALL_WEDNESDAY},
        requests={"callback": CALL_WEDNESDAY},
        consent=None,
    ),
    "busy, unsure time confirmed": Path(
        (YES, "在忙 | busy", "下周三两点 | callback? {'callback_time': " + str(CALL_WEDNESDAY) + "}", "对 | agree"),
        D.CALLBACK,
        slots={"callback_time": CALL_WEDNESDAY},
        requests={"callback": CALL_WEDNESDAY},
        consent=None,
    ),
    "busy, no time": Path(
        (YES, "在忙 | busy", "说不准 | other", "不知道 | other"), D.CALLBACK, requests={"callback": {}}, consent=None
    ),
    "busy by key": Path((YES, "#2", "-", "-"), D.CALLBACK, requests={"callback": {}}, consent=None),
    "a time that is past": Path(
        (YES, "在忙 | busy", "上周 | callback {'callback_time': {'date': '2026-11-16'}}", "不知道 | other"),
        D.CALLBACK,
        requests={"callback": {}},
        consent=None,
    ),
    "wrong number": Path(("打错了 | wrong_person", "不认识 | deny"), D.WRONG_PERSON, consent=None, says="打扰"),
    "no to the name": Path(("不是 | deny", "不认识这个人 | wrong_person"), D.WRONG_PERSON, consent=None),
    "not fetched": Path(("我是他同事 | wrong_person", "稍等，我叫他 | agree", "-"), D.WRONG_PERSON, consent=None),
    "fetched": Path(
        ("我是他同事 | wrong_person", "稍等，我叫他 | agree", "喂 | greet", *TO_CLOSING, NO_MORE),
        D.COMPLETED,
        I.INTERESTED,
    ),
    "fetched, in words": Path(
        ("打错了 | wrong_person", "稍等，我叫他 | other", "喂 | greet", "不在 | wrong_person"), D.WRONG_PERSON, consent=None
    ),
    "unknown, in words": Path(("打错了 | wrong_person", "不认识 | other"), D.WRONG_PERSON, consent=None),
    "fetched, but somebody else again": Path(
        ("我是他同事 | wrong_person", "稍等 | agree", "喂 | greet", "不是 | deny"), D.WRONG_PERSON, consent=None
    ),
    "wrong person noticed late": Path((*TO_PITCH, "你打错了吧 | wrong_person", "不认识 | deny"), D.WRONG_PERSON),
    "no recording, no talk": Path((YES, "我不同意录音 | deny", "不了 | deny"), D.DECLINED_RECORDING, consent=False),
    "no recording, no answer": Path((YES, "别录音 | deny", "-", "-", "-"), D.DECLINED_RECORDING, consent=False),
    "no recording, but goes on": Path(
        (
            YES,
            "别录音 | deny",
            "可以 | agree",
            KEEN,
            PAY_12K,
            IN_A_MONTH,
            "对 | agree",
            "说说客户的事情吧，我每月都去拜访老客户，很有用 | provide",
            NO_MORE,
        ),
        D.COMPLETED,
        I.INTERESTED,
        consent=False,
    ),
    "no, meaning the recording": Path((YES, "不 | deny", "不要录音 | deny", "不了 | deny"), D.DECLINED_RECORDING, consent=False),
    "no, meaning not now": Path((YES, "不 | deny", "没时间 | busy", "-", "-"), D.CALLBACK, requests={"callback": {}}, consent=None),
    "no, meaning neither": Path((YES, "不 | deny", "不 | deny"), D.CALLBACK, requests={"callback": {}}, consent=None),
    "wants a person": Path(
        (*TO_PAY, "我要和真人谈 | ask_human", "不要 | deny"),
        D.COMPLETED,
        I.INTERESTED,
        requests={"human": {"recruiter": "wangmin@example.com"}},
        says="招聘顾问会尽快联系您",
    ),
    "wants a person, twice": Path(
        (*TO_PAY, "转人工 | ask_human", "转人工 | ask_human"),
        D.COMPLETED,
        I.INTERESTED,
        requests={"human": {"recruiter": "wangmin@example.com"}},
    ),
    "complains twice": Path((*TO_PITCH, "烦不烦 | complain", "烦死了 | complain"), D.COMPLETED, says="抱歉"),
    "says goodbye early": Path((*TO_PAY, "先挂了 | bye"), D.PARTIAL, I.INTERESTED),
    "hesitates twice": Path(
        (*TO_PITCH, "我考虑一下 | hesitate", "再说吧 | hesitate", NO_MORE), D.COMPLETED, I.HESITANT, says="资料"
    ),
    "hesitates, then agrees": Path((*TO_PITCH, "我考虑一下 | hesitate", KEEN, PAY_12K, "先挂了 | bye"), D.PARTIAL, I.INTERESTED),
    "hesitates late": Path((*TO_START, "我再想想吧 | hesitate", IN_A_MONTH, "先挂了 | bye"), D.PARTIAL, I.HESITANT),
    "in a car at the end": Path((*TO_CLOSING, "在开车 | busy"), D.COMPLETED, I.INTERESTED),
    "no longer interested at the end": Path(
        (*TO_CLOSING, "我还是不考虑了 | not_interested"), D.COMPLETED, I.NOT_INTERESTED, requests={"talent_pool": {"agreed": None}}
    ),
    "keys all along": Path(
        (YES, "#1", "#1", "#2", "#3", "对 | agree", "每个月都会去拜访老客户，听他们的意见和需求 | provide", NO_MORE),
        D.COMPLETED,
        I.INTERESTED,
        {
            "expected_pay": {"min": 10000, "max": 13000, "period": "month"},
            "start_date": {"in_days": 30},
            "years_experience": {"years": 5.0},
        },
    ),
    "answers everything, says neither yes nor no": Path(
        (*TO_PITCH, "嗯 | backchannel", PAY_12K, IN_A_MONTH, "对 | agree", "不记得了 | deny", NO_MORE), D.COMPLETED, I.INTERESTED
    ),
    "says neither yes nor no, gives nothing": Path(
        (*TO_PITCH, "嗯 | backchannel", "不方便说 | deny", "不好说 | deny", "对 | agree", "没有 | deny", NO_MORE),
        D.COMPLETED,
        I.UNDETERMINED,
    ),
}


@pytest.mark.parametrize("name", PATHS)
def test_path(name: str) -> None:
    path = PATHS[name]
    played = talk().play(*path.lines)
    outcome = played.dialogue.outcome()
    assert played.last.expects is None, f"still asking {played.question}"
    assert played.last.disposition is outcome.disposition is path.disposition
    assert played.dialogue.over
    assert outcome.interest is path.interest
    if path.interest is not I.UNDETERMINED:
        assert played.learned("interest") == {"interest": str(path.interest)}
    if path.slots:
        assert outcome.slots == path.slots == played.learned("slot")
    if path.requests or outcome.requests:
        assert outcome.requests == path.requests == played.learned("request")
    assert played.learned("consent") == ({} if path.consent is None else {"recording": path.consent})
    assert outcome.recording_consent is bool(path.consent)
    assert played.learned("do_not_call") == ({"candidate": True} if path.do_not_call else {})
    assert path.says in played.said
    assert played.last.prompts[-1].kind is PromptKind.CLOSING
    assert "再见" in played.last.prompts[-1].text


@pytest.mark.parametrize(
    ("lines", "disposition"),
    [
        ((), D.PARTIAL),
        ((YES,), D.PARTIAL),
        (TO_PAY, D.PARTIAL),
        (TO_CLOSING, D.COMPLETED),
        ((YES, "在忙 | busy"), D.CALLBACK),
        ((*TO_PITCH, "不感兴趣 | not_interested"), D.COMPLETED),
        (("打错了 | wrong_person",), D.WRONG_PERSON),
        ((YES, "别录音 | deny"), D.DECLINED_RECORDING),
        ((*TO_PAY, "转人工 | ask_human"), D.COMPLETED),
        ((*TO_PAY, "转人工 | ask_human", "可以 | agree"), D.PARTIAL),
    ],
)
def test_hanging_up_leaves_what_is_known(lines: tuple[str, ...], disposition: Disposition) -> None:
    played = talk().play(*lines)
    assert played.dialogue.outcome().disposition is disposition
    assert played.dialogue.hang_up().disposition is disposition


def test_slots_survive_a_line_that_ends_early() -> None:
    outcome = talk().play(*TO_START).dialogue.hang_up()
    assert outcome.slots == {"expected_pay": PAY}
    assert outcome.questions_asked == ("greeting", "consent", "pitch", "expected_pay", "start_date")
    assert outcome.recording_consent


def test_nothing_is_said_after_the_end() -> None:
    played = talk().play("别打了 | stop_calling", "喂 | greet", "-")
    assert played.last.prompts == ()
    assert played.last.expects is None
    assert played.last.disposition is D.STOP_CALLING


def test_wrap_up_ends_politely() -> None:
    played = talk().play(*TO_PAY)
    reply = played.dialogue.wrap_up()
    assert reply.disposition is D.PARTIAL
    assert reply.expects is None
    assert "感谢" in reply.prompts[0].text


def test_somebody_else_hears_nothing_of_the_job() -> None:
    played = talk().play(
        "喂 | greet",
        "什么岗位，工资多少 | ask_duties ask_pay",
        "你是谁 | ask_who",
        "我不是张伟 | wrong_person",
        "什么事 | ask_duties",
    )
    words = "".join(prompt.text for reply in played.replies for prompt in reply.prompts)
    assert "人工智能招聘助手" in words
    for told in ("大客户", "一万", "薪资", "智联"):
        assert told not in words


def test_ready_after_only_a_hello() -> None:
    """喂，你好 answers the greeting; the consent then asks for the name once more, and tells the job only afterwards."""
    played = talk().play("喂，你好 | greet")
    assert played.question == "consent"
    assert "张伟本人" in played.said
    assert "大客户" not in played.said
    played.play(READY)
    assert played.question == "pitch"
