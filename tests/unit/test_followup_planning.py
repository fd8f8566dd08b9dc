"""What follows from a call, a decision, a reply: to whom, when, in which words."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

import pytest
from icalendar import Calendar

from hr_sync.errors import InvalidDataError
from hr_sync.followup.clock import after_quiet, interview_time, spoken
from hr_sync.followup.settings import InterviewDefaults
from hr_sync.followup.wording import Wording, candidate_types
from hr_sync.records.assessment import Assessment, CompetencyAssessment, Decision, Offer
from hr_sync.records.followups import Channel, InvitationState, MessageKind, TaskKind
from hr_sync.records.pay import MoneyRange
from hr_sync.store import SqliteStore
from hr_sync.store.followups import Plan
from tests.unit.followup_kit import NOW, case, finish, planner, rules, sample

SHANGHAI = "Asia/Shanghai"


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqliteStore]:
    with sample(tmp_path) as store:
        yield store


def plan(store: SqliteStore, **fields: object) -> Plan:
    finish(store, **fields)
    return planner().after_call(case(store), NOW)


def kinds(plan: Plan) -> list[str]:
    return [str(message.kind) for message in plan.messages]


def test_the_interested_are_invited_with_time_place_what_to_bring_and_a_calendar_entry(store: SqliteStore) -> None:
    found = plan(store)
    (invitation,), (message,) = found.invitations, found.messages
    assert found.outcome == "invited"
    assert message.kind is MessageKind.INVITATION
    assert message.recipient == "zhangwei@mail.example"
    assert invitation.at == datetime(2026, 11, 26, 2, 0, tzinfo=UTC)  # three working days on, at ten
    for words in (
        "张先生",
        "大客户销售",
        "11月26日（周四）上午10:00",
        "潮语路八十八号",
        "地铁六号线",
        "身份证原件",
        "https://jobs.example/i/",
    ):
        assert words in message.text, words
    assert "text-decoration:none" in message.html
    (event,) = Calendar.from_ical(message.calendar).walk("VEVENT")
    assert event.decoded("dtstart") == invitation.at
    assert event.decoded("dtend") - event.decoded("dtstart") == timedelta(minutes=45)
    assert {task.kind for task in found.tasks} == {TaskKind.INTERVIEW}


@pytest.mark.parametrize(
    ("fields", "outcome", "messages", "tasks"),
    [
        ({"interest": "hesitant"}, "hesitant", ["job_details"], {TaskKind.HESITANT}),
        ({"interest": "not_interested"}, "talent_pool", ["thank_you"], set()),
        ({"interest": "not_interested", "wishes": {"talent_pool": {"agreed": False}}}, "thanked", ["thank_you"], set()),
        ({"interest": "undetermined"}, "unclear", [], set()),
        ({"interest": "undetermined", "wishes": {"material": {}}}, "unclear", ["job_details"], set()),
        ({"interest": "undetermined", "wishes": {"human": {}}}, "unclear", [], {TaskKind.HUMAN}),
        ({"disposition": "no_answer", "answered_at": None}, "not_reached", ["no_answer"], set()),
        ({"disposition": "stop_calling"}, "left_alone", [], set()),
        ({"disposition": "wrong_person"}, "wrong_person", [], {TaskKind.REVIEW}),
    ],
)
def test_what_follows_from_each_outcome(
    store: SqliteStore, fields: dict[str, object], outcome: str, messages: list[str], tasks: set[TaskKind]
) -> None:
    found = plan(store, **fields)
    assert (found.outcome, kinds(found), {task.kind for task in found.tasks}) == (outcome, messages, tasks)
    assert bool(found.pool) == (outcome == "talent_pool")


def test_material_that_was_asked_for_is_mailed(store: SqliteStore) -> None:
    doubts = [
        {"intent": "ask_team", "text": "团队多少人", "answered": True},
        {"intent": "ask_pay", "text": "奖金", "answered": False},
    ]
    found = plan(store, interest="undetermined", wishes={"material": {}}, doubts=doubts)
    assert kinds(found) == ["job_details", "team_introduction"]
    assert "五名资深客户经理" in found.messages[1].text
    assert [(task.kind, task.detail) for task in found.tasks] == [(TaskKind.ANSWER_QUESTIONS, "奖金")]


def test_what_they_asked_about_stands_in_the_invitation(store: SqliteStore) -> None:
    found = plan(store, doubts=[{"intent": "ask_promotion", "text": "怎么晋升", "answered": True}])
    assert "管理岗优先从内部提拔" in found.messages[0].text


def test_nobody_is_written_to_who_asked_to_be_left_alone(store: SqliteStore) -> None:
    finish(store)
    finish(store, "call-2", disposition="stop_calling")
    assert planner().after_call(case(store), NOW).outcome == "left_alone"


def test_at_night_messages_wait_until_the_morning(store: SqliteStore) -> None:
    finish(store)
    late = datetime(2026, 11, 23, 14, 30, tzinfo=UTC)  # 22:30
    (message,) = planner().after_call(case(store), late).messages
    assert message.due_at == datetime(2026, 11, 24, 0, 30, tzinfo=UTC)  # 8:30


@pytest.mark.parametrize(
    ("hour", "minute", "until"),
    [(20, 59, None), (21, 0, (24, 8, 30)), (23, 59, (24, 8, 30)), (0, 0, (23, 8, 30)), (8, 29, (23, 8, 30)), (8, 30, None)],
)
def test_quiet_hours(hour: int, minute: int, until: tuple[int, int, int] | None) -> None:
    at = datetime(2026, 11, 23, hour, minute, tzinfo=UTC)
    wanted = at if until is None else datetime(2026, 11, *until, tzinfo=UTC)
    assert after_quiet(at, rules(), "UTC") == wanted


def test_quiet_hours_at_noon() -> None:
    settings = rules(quiet_from=time(12), quiet_until=time(14))
    assert after_quiet(datetime(2026, 11, 23, 13, tzinfo=UTC), settings, "UTC") == datetime(2026, 11, 23, 14, tzinfo=UTC)
    assert after_quiet(datetime(2026, 11, 23, 23, tzinfo=UTC), settings, "UTC") == datetime(2026, 11, 23, 23, tzinfo=UTC)


def test_interviews_are_on_working_days_and_one_at_a_time() -> None:
    defaults = InterviewDefaults(days_ahead=1, starts=(time(10), time(14)))
    friday = datetime(2026, 11, 27, 2, tzinfo=UTC)
    first = interview_time(friday, defaults, SHANGHAI, [])
    assert first == datetime(2026, 11, 30, 2, tzinfo=UTC)  # Monday
    second = interview_time(friday, defaults, SHANGHAI, [first])
    third = interview_time(friday, defaults, SHANGHAI, [first, second])
    assert (second, third) == (first + timedelta(hours=4), first + timedelta(days=1))
    before_new_year = datetime(2026, 12, 31, 2, tzinfo=UTC)
    assert interview_time(before_new_year, defaults, SHANGHAI, []).date() > date(2027, 1, 1)


def test_times_as_people_say_them() -> None:
    assert spoken(datetime(2026, 11, 26, 6, 30, tzinfo=UTC), SHANGHAI) == "11月26日（周四）下午2:30"


# ---- decisions and replies


def decided(store: SqliteStore, decision: str) -> Plan:
    finish(store)
    scored = (
        CompetencyAssessment(id="a", title="客户关系维护", score=71, confidence=0.8, asked=True),
        CompetencyAssessment(id="b", title="谈判能力", score=30, confidence=0.8, asked=True, missing=("result",)),
    )
    bounds = MoneyRange(min=1, max=2)
    found = case(store)
    store.put_assessment(
        Assessment(
            call_id="call-1",
            candidate_id="zhang-wei",
            job_id=found.job.id,
            method="1",
            assessed_at=NOW,
            competencies=scored,
            offer=Offer(level_range=bounds, range=bounds),
            recommendation="review",
        )
    )
    made = Decision(id="d", call_id="call-1", decision=decision, by="林晓", reason="经验不符", at=NOW)
    return planner().after_decision(case(store), made, NOW)


def test_who_does_not_go_on_hears_what_was_good_and_what_to_improve(store: SqliteStore) -> None:
    found = decided(store, "reject")
    (message,) = found.messages
    assert message.kind is MessageKind.FEEDBACK
    assert "客户关系维护" in message.text
    assert "讲清最后的结果" in message.text
    assert "经验不符" not in message.text  # what HR wrote for itself
    assert len(found.pool) == 1


def test_the_talent_pool_says_thanks(store: SqliteStore) -> None:
    assert kinds(decided(store, "talent_pool")) == ["thank_you"]


@pytest.mark.parametrize(
    ("state", "messages", "tasks"),
    [
        (InvitationState.ACCEPTED, ["confirmation"], []),
        (InvitationState.DECLINED, [], [TaskKind.DECLINED]),
        (InvitationState.PROPOSED, [], [TaskKind.RESCHEDULE]),
    ],
)
def test_replies(store: SqliteStore, state: InvitationState, messages: list[str], tasks: list[TaskKind]) -> None:
    (invitation,) = plan(store).invitations
    proposed = (NOW + timedelta(days=5),)
    answered = invitation.model_copy(update={"state": state, "proposed": proposed, "note": "上午有课"})
    found = planner().after_reply(case(store), answered, NOW)
    assert kinds(found) == messages
    assert [task.kind for task in found.tasks] == tasks
    if tasks == [TaskKind.RESCHEDULE]:
        assert found.tasks[0].detail == "11月28日（周六）上午10:00；上午有课"


# ---- words


def test_the_most_particular_template_is_used(store: SqliteStore, tmp_path: Path) -> None:
    own = tmp_path / "templates"
    finish(store)
    known = case(store)
    settings = rules(templates=own)

    def words() -> str:
        return planner(settings).after_call(known, NOW).messages[0].text

    assert "当面聊聊" in words()
    for place, said in (("general", "一般的"), ("types/employed", "在职的"), ("jobs/key-account-sales", "这个岗位的")):
        (own / place).mkdir(parents=True)
        (own / place / "invitation.mail.j2").write_text(f"Subject: 邀请\n{said} {{{{ name }}}}", "utf-8")
        assert words() == f"{said} 张先生"


@pytest.mark.parametrize(
    ("template", "fault"),
    [
        ("Subject: x\n{{ nobody_knows }}", "undefined"),
        ("Subject: x\n{% if %}", "Expected an expression"),
        ("no subject", "subject"),
        ("Subject: x\n{{ name.__class__.__mro__ }}", "unsafe|undefined"),
        ("Subject: x\n{{ highlights.append('x') }}", "not safely callable|unsafe"),
    ],
)
def test_a_wrong_template_is_named_and_harms_nothing(store: SqliteStore, tmp_path: Path, template: str, fault: str) -> None:
    (tmp_path / "general").mkdir()
    (tmp_path / "general" / "invitation.mail.j2").write_text(template, "utf-8")
    finish(store)
    with pytest.raises(InvalidDataError, match=fault) as caught:
        planner(rules(templates=tmp_path)).after_call(case(store), NOW)
    assert "invitation.mail.j2" in caught.value.where


def test_names_are_text_in_html_and_cannot_break_a_header(store: SqliteStore) -> None:
    finish(store)
    known = case(store)
    job = known.job.model_copy(update={"title": "销售<b>\r\nBcc: all@x.example"})
    wording = Wording(rules())
    values = {"name": "<i>x", "company": "c", "job": job.title, "recruiter": "r", "pool": True}
    words = wording.render(MessageKind.THANK_YOU, Channel.MAIL, job, known.candidate, values)
    assert "<i>x" not in words.html
    assert "\n" not in words.subject


def test_candidate_types(store: SqliteStore) -> None:
    assert candidate_types(store.candidate("zhang-wei")) == ("employed",)
    student = next(one for one in store.candidates(limit=100) if one.status == "student")
    assert candidate_types(student)[0] == "student"
