"""What follows from a call's result, from a decision, from a candidate's reply. Pure: records in, a plan out."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from hr_sync.followup.calendar import interview_entry
from hr_sync.followup.clock import after_quiet, interview_time, spoken
from hr_sync.followup.links import Link, LinkSigner
from hr_sync.followup.settings import MessageRules
from hr_sync.followup.wording import Wording
from hr_sync.records import CallResult, Candidate, Disposition, Interest, Job
from hr_sync.records.assessment import Assessment, Decision, DecisionKind, Recommendation
from hr_sync.records.followups import (
    Channel,
    Invitation,
    Message,
    MessageKind,
    PoolEntry,
    Task,
    TaskKind,
)
from hr_sync.store.followups import Plan

_TASKS = {
    TaskKind.INTERVIEW: "请预留面试时间",
    TaskKind.RESCHEDULE: "候选人提出了其他面试时间",
    TaskKind.DECLINED: "候选人谢绝了面试",
    TaskKind.HESITANT: "候选人还在犹豫，请在24小时内联系",
    TaskKind.ANSWER_QUESTIONS: "有问题等待答复",
    TaskKind.MATERIAL: "请把候选人要的资料发过去",
    TaskKind.CALL_BACK: "候选人约了回电时间",
    TaskKind.HUMAN: "候选人希望和招聘人员直接通话",
    TaskKind.NO_REPLY: "面试邀请没有得到回复",
    TaskKind.NO_ADDRESS: "候选人没有邮箱，消息发不出去",
    TaskKind.NOT_DELIVERED: "消息没有送达",
    TaskKind.SIMILAR_JOB: "人才库里有人适合这个岗位",
    TaskKind.REVIEW: "请听一遍通话再决定",
}
_UNREACHED = {Disposition.NO_ANSWER, Disposition.BUSY, Disposition.SWITCHED_OFF, Disposition.UNREACHABLE, Disposition.REJECTED}
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Case:
    """A call, and all that is known about it."""

    result: CallResult
    candidate: Candidate
    job: Job
    assessment: Assessment | None = None
    wishes: Mapping[str, Any] = field(default_factory=dict)
    """What was asked for: material, human, callback, talent_pool, with details."""
    blocked: bool = False
    """The number is on the do-not-call list."""


class Planner:
    """Plans what follows.

    Args:
        settings: of follow-ups.
        wording: of messages.
        signer: of links.
    """

    def __init__(self, settings: MessageRules, wording: Wording, signer: LinkSigner) -> None:
        self._settings = settings
        self._wording = wording
        self._signer = signer

    # ---- after a call

    def after_call(self, case: Case, now: datetime, taken: Sequence[datetime] = ()) -> Plan:
        """What follows from a result.

        Args:
            case: the call.
            now: messages are due from now on, outside the quiet hours.
            taken: times of other interviews for this job.
        """
        result = case.result
        if case.blocked or result.disposition is Disposition.STOP_CALLING:
            return Plan("left_alone")  # not by mail either
        if result.disposition is Disposition.WRONG_PERSON:
            return Plan("wrong_person", tasks=(self._task(case, TaskKind.REVIEW, now),))
        if result.disposition in _UNREACHED:
            return Plan("not_reached", messages=self._messages(case, MessageKind.NO_ANSWER, now, channel=Channel.SMS))
        if result.answered_at is None:
            return Plan("nothing")
        return self._after_talk(case, now, taken)

    def _after_talk(self, case: Case, now: datetime, taken: Sequence[datetime]) -> Plan:
        result = case.result
        messages = self._material(case, now)
        tasks = self._open_matters(case, now)
        if result.interest is Interest.INTERESTED:
            if self._invites(case):
                invited = self._invite(case, now, taken)
                return Plan("invited", messages + invited.messages, invited.invitations, tasks + invited.tasks)
            return Plan("review", messages, tasks=(*tasks, self._task(case, TaskKind.REVIEW, now)))
        if result.interest is Interest.HESITANT:
            details = () if "material" in case.wishes else self._messages(case, MessageKind.JOB_DETAILS, now)
            return Plan("hesitant", messages + details, tasks=(*tasks, self._task(case, TaskKind.HESITANT, now, due=now + _DAY)))
        if result.interest is Interest.NOT_INTERESTED:
            agreed = case.wishes.get("talent_pool")
            stays = not (isinstance(agreed, dict) and agreed.get("agreed") is False)
            pool = (self._pool_entry(case, now, "not_interested"),) if stays else ()
            thanks = self._messages(case, MessageKind.THANK_YOU, now, {"pool": stays})
            return Plan("talent_pool" if stays else "thanked", messages + thanks, tasks=tasks, pool=pool)
        return Plan("unclear", messages, tasks=tasks)

    def _invites(self, case: Case) -> bool:
        if self._settings.invite == "never":
            return False
        if self._settings.invite == "recommended":
            return case.assessment is not None and case.assessment.recommendation is Recommendation.INVITE
        return True

    def _invite(self, case: Case, now: datetime, taken: Sequence[datetime]) -> Plan:
        place = case.job.facts.place
        defaults = self._settings.interview
        invitation = Invitation(
            id=f"{case.result.call_id}.interview",
            call_id=case.result.call_id,
            candidate_id=case.candidate.id,
            job_id=case.job.id,
            at=interview_time(now, defaults, case.candidate.time_zone, taken),
            minutes=defaults.minutes,
            place=place.address if place else case.job.company.address,
            directions=place.transport if place else None,
            bring=defaults.bring,
            created_at=now,
        )
        messages = self.for_invitation(case, invitation, MessageKind.INVITATION, now)
        when = spoken(invitation.at, case.candidate.time_zone)
        return Plan("", messages, (invitation,), (self._task(case, TaskKind.INTERVIEW, now, detail=when, due=invitation.at),))

    def _material(self, case: Case, now: datetime) -> tuple[Message, ...]:
        """What the candidate asked to be sent."""
        if "material" not in case.wishes:
            return ()
        asked = {doubt.intent for doubt in case.result.doubts}
        messages = self._messages(case, MessageKind.JOB_DETAILS, now)
        if "ask_team" in asked and case.job.facts.team is not None:
            messages += self._messages(case, MessageKind.TEAM_INTRODUCTION, now)
        return messages

    def _open_matters(self, case: Case, now: datetime) -> tuple[Task, ...]:
        tasks = []
        unanswered = [doubt.text for doubt in case.result.doubts if not doubt.answered]
        if unanswered:
            tasks.append(self._task(case, TaskKind.ANSWER_QUESTIONS, now, detail="；".join(unanswered)))
        if "human" in case.wishes:
            tasks.append(self._task(case, TaskKind.HUMAN, now))
        if case.candidate.email is None and ("material" in case.wishes or case.result.interest is Interest.INTERESTED):
            tasks.append(self._task(case, TaskKind.NO_ADDRESS, now))
        return tuple(tasks)

    # ---- after a decision and a reply

    def after_decision(self, case: Case, decision: Decision, now: datetime, accepted: Sequence[Invitation] = ()) -> Plan:
        """A person decided: feedback for those who do not go on, and a place in the talent pool.

        Args:
            case: the call.
            decision: that ends the matter.
            now: messages are due from now on.
            accepted: interviews that stand in the candidate's calendar, and are taken out of it.
        """
        cancelled = [
            interview_entry(one.model_copy(update={"sequence": one.sequence + 1}), case.candidate, case.job, now, cancelled=True)
            for one in accepted[:1]
        ]
        calendar = cancelled[0] if cancelled else None
        if case.blocked:
            return Plan("left_alone")
        pool = (self._pool_entry(case, now, str(decision.decision)),)
        if decision.decision is DecisionKind.TALENT_POOL:
            return Plan("", self._messages(case, MessageKind.THANK_YOU, now, {"pool": True}, calendar=calendar), pool=pool)
        scored = case.assessment.competencies if case.assessment else ()
        good = [one.title for one in scored if one.score is not None and one.score >= 60]
        short = {part for one in scored if one.score is not None for part in one.missing}
        improve = "、".join(text for part, text in _IMPROVE.items() if part in short)
        values = {"strengths": "、".join(good), "improve": improve}
        return Plan("", self._messages(case, MessageKind.FEEDBACK, now, values, calendar=calendar), pool=pool)

    def after_reply(self, case: Case, invitation: Invitation, now: datetime) -> Plan:
        """The candidate answered an invitation; `invitation` as it stands now."""
        kind = {"accepted": None, "declined": TaskKind.DECLINED, "proposed": TaskKind.RESCHEDULE}[str(invitation.state)]
        stamp = f"{int(now.timestamp()):x}"
        if kind is None:
            return Plan("", self.for_invitation(case, invitation, MessageKind.CONFIRMATION, now, mark=stamp))
        proposed = "、".join(spoken(one, case.candidate.time_zone) for one in invitation.proposed)
        detail = "；".join(part for part in (proposed, invitation.note) if part)
        return Plan("", tasks=(self._task(case, kind, now, detail=detail, due=now + _DAY, mark=stamp),))

    def confirmation(self, case: Case, invitation: Invitation, now: datetime) -> Plan:
        """Tells the candidate of the time HR agreed to."""
        return Plan("", self.for_invitation(case, invitation, MessageKind.CONFIRMATION, now, mark=f"{int(now.timestamp()):x}"))

    def for_invitation(
        self, case: Case, invitation: Invitation, kind: MessageKind, now: datetime, *, mark: str = ""
    ) -> tuple[Message, ...]:
        """A message about an invitation, by mail and by SMS."""
        zone = case.candidate.time_zone
        entry = interview_entry(invitation, case.candidate, case.job, now)
        values = {
            "time": spoken(invitation.at, zone),
            "minutes": invitation.minutes,
            "place": invitation.place,
            "directions": invitation.directions or "",
            "bring": "、".join(invitation.bring),
        }
        channels = [Channel.MAIL] if case.candidate.email else []
        channels += [Channel.SMS] if self._settings.sms.url or not case.candidate.email else []
        return tuple(
            message
            for channel in channels
            for message in self._messages(
                case, kind, now, values, channel=channel, invitation=invitation, calendar=entry, mark=mark
            )
        )

    # ---- one message, one task

    def _messages(
        self,
        case: Case,
        kind: MessageKind,
        now: datetime,
        values: dict[str, Any] | None = None,
        *,
        channel: Channel = Channel.MAIL,
        invitation: Invitation | None = None,
        calendar: str | None = None,
        mark: str = "",
    ) -> tuple[Message, ...]:
        """None when the candidate has no address for the channel, or the channel is not set up."""
        candidate, job, result = case.candidate, case.job, case.result
        recipient = candidate.email if channel is Channel.MAIL else candidate.phone
        if recipient is None or (channel is Channel.SMS and self._settings.channel == "real" and not self._settings.sms.url):
            return ()
        name = ".".join(part for part in (result.call_id, str(kind), str(channel), mark) if part)
        told = _job_values(case) | (values or {})
        pixel = None
        if invitation is not None:
            expires = invitation.at + timedelta(days=self._settings.link_days)
            told["link"] = f"{self._settings.public_url}/i/" + self._signer.token(Link("reply", invitation.id, name), expires)
            pixel = f"{self._settings.public_url}/o/" + self._signer.token(Link("open", invitation.id, name), expires) + ".gif"
        words = self._wording.render(kind, channel, job, candidate, told, pixel=pixel)
        return (
            Message(
                id=name,
                candidate_id=candidate.id,
                job_id=job.id,
                call_id=result.call_id,
                invitation_id=invitation.id if invitation else None,
                kind=kind,
                channel=channel,
                recipient=recipient,
                subject=words.subject,
                text=words.text,
                html=words.html,
                calendar=calendar if channel is Channel.MAIL else None,
                due_at=after_quiet(now, self._settings, candidate.time_zone),
            ),
        )

    def _task(
        self, case: Case, kind: TaskKind, now: datetime, *, detail: str = "", due: datetime | None = None, mark: str = ""
    ) -> Task:
        return Task(
            id=".".join(part for part in (case.result.call_id, "task", str(kind), mark) if part),
            candidate_id=case.candidate.id,
            job_id=case.job.id,
            call_id=case.result.call_id,
            kind=kind,
            detail=detail[:1000],
            due_at=due or now + _DAY,
        )

    def task_mail(self, case: Case, task: Task, now: datetime) -> Message:
        """Tells the job's recruiter of a task; recruiters have no quiet hours."""
        values = _job_values(case) | {
            "task": _TASKS[task.kind],
            "detail": task.detail,
            "due": spoken(task.due_at, case.candidate.time_zone),
            "candidate": case.candidate.id,
            "call": case.result.call_id,
        }
        words = self._wording.render(MessageKind.HR_TASK, Channel.MAIL, case.job, case.candidate, values)
        return Message(
            id=f"{task.id}.mail",
            candidate_id=case.candidate.id,
            job_id=case.job.id,
            call_id=case.result.call_id,
            kind=MessageKind.HR_TASK,
            channel=Channel.MAIL,
            recipient=case.job.recruiter.email,
            subject=words.subject,
            text=words.text,
            html=words.html,
            due_at=now,
        )

    def _pool_entry(self, case: Case, now: datetime, reason: str) -> PoolEntry:
        return PoolEntry(candidate_id=case.candidate.id, job_id=case.job.id, since=now, reason=reason)


_IMPROVE = {
    "situation": "先讲清楚当时的情况",
    "task": "说明要解决的问题或目标",
    "action": "多讲自己具体做了什么",
    "result": "讲清最后的结果，最好有数字",
}


def _job_values(case: Case) -> dict[str, Any]:
    """What every template may use: plain texts, numbers and lists of texts."""
    job, facts, candidate = case.job, case.job.facts, case.candidate
    asked = {doubt.intent for doubt in case.result.doubts}
    hours = f"{facts.hours.start}-{facts.hours.end}，{facts.hours.weekend}" if facts.hours else ""
    return {
        "name": candidate.honorific or candidate.name,
        "company": job.company.short_name,
        "job": job.title,
        "department": job.department or "",
        "recruiter": job.recruiter.name,
        "extension": job.recruiter.extension or "",
        "pay": f"{job.pay.range.min:,}-{job.pay.range.max:,}",
        "address": facts.place.address if facts.place else "",
        "hours": hours,
        "duties": list(facts.duties),
        "benefits": "、".join(facts.benefits),
        "highlights": list(facts.highlights),
        "highlight": _highlight(case, asked),
        "team": facts.team.introduction if facts.team else "",
        "leader": (facts.team.leader or "") if facts.team else "",
        "promotion": "→".join(facts.promotion.path) if facts.promotion else "",
    }


def _highlight(case: Case, asked: Collection[str]) -> str:
    """The advantage that speaks to what this candidate asked about, or to the resume; empty when none does."""
    facts = case.job.facts
    if "ask_promotion" in asked and facts.promotion and facts.promotion.note:
        return facts.promotion.note
    if "ask_probation" in asked and facts.probation and facts.probation.note:
        return facts.probation.note
    if "ask_team" in asked and facts.team:
        return facts.team.introduction
    words = (*case.candidate.skills, *case.candidate.tags)
    return next((line for line in facts.highlights if any(word in line for word in words)), "")
