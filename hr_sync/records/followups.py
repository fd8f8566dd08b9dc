"""What happens after a call: messages, invitations, tasks for HR, the talent pool."""

from __future__ import annotations

from enum import StrEnum

from pydantic import AwareDatetime, Field

from hr_sync.records.base import Identifier, Record


class MessageKind(StrEnum):
    """What a message is for; also the name of its template."""

    INVITATION = "invitation"
    INVITATION_REMINDER = "invitation_reminder"
    """After a day without a reply."""
    DAY_BEFORE = "day_before"
    """With directions."""
    CONFIRMATION = "confirmation"
    """The candidate accepted, or HR confirmed another time."""
    JOB_DETAILS = "job_details"
    TEAM_INTRODUCTION = "team_introduction"
    THANK_YOU = "thank_you"
    FEEDBACK = "feedback"
    NO_ANSWER = "no_answer"
    HR_TASK = "hr_task"


class Channel(StrEnum):
    """How a message travels."""

    MAIL = "mail"
    SMS = "sms"


class MessageState(StrEnum):
    """Where a message stands."""

    WAITING = "waiting"
    SENDING = "sending"
    SENT = "sent"
    FAILED = "failed"
    """Given up; `error` says why."""
    DROPPED = "dropped"
    """Not needed any more."""


class Message(Record):
    """A message on its way. Its id is the idempotency key: whatever plans it again finds it here."""

    id: Identifier
    candidate_id: Identifier
    job_id: Identifier
    call_id: Identifier | None = None
    invitation_id: Identifier | None = None
    kind: MessageKind
    channel: Channel
    recipient: str = Field(min_length=3, max_length=254)
    subject: str = Field(default="", max_length=300)
    text: str = Field(min_length=1, max_length=20_000)
    html: str | None = None
    calendar: str | None = None
    """An iCalendar file that goes with it."""
    due_at: AwareDatetime
    state: MessageState = MessageState.WAITING
    attempts: int = 0
    sent_at: AwareDatetime | None = None
    error: str | None = None


class MessageEventKind(StrEnum):
    """What became of a message."""

    SENT = "sent"
    OPENED = "opened"
    CLICKED = "clicked"
    REPLIED = "replied"
    FAILED = "failed"


class InvitationState(StrEnum):
    """What a candidate made of an invitation."""

    OPEN = "open"
    ACCEPTED = "accepted"
    DECLINED = "declined"
    PROPOSED = "proposed"
    """Wishes another time; HR answers."""
    CANCELLED = "cancelled"


class Invitation(Record):
    """To an interview in person."""

    id: Identifier
    call_id: Identifier
    candidate_id: Identifier
    job_id: Identifier
    at: AwareDatetime
    minutes: int = Field(ge=10, le=480)
    place: str
    directions: str | None = None
    bring: tuple[str, ...] = ()
    state: InvitationState = InvitationState.OPEN
    proposed: tuple[AwareDatetime, ...] = ()
    """Times the candidate proposed."""
    note: str = Field(default="", max_length=500)
    """What the candidate wrote."""
    created_at: AwareDatetime
    answered_at: AwareDatetime | None = None
    sequence: int = 0
    """Counts the changes of time, for calendars."""


class TaskKind(StrEnum):
    """Why HR should act."""

    INTERVIEW = "interview"
    """An interview was offered: keep the time free."""
    RESCHEDULE = "reschedule"
    DECLINED = "declined"
    HESITANT = "hesitant"
    """Within 24 hours."""
    ANSWER_QUESTIONS = "answer_questions"
    MATERIAL = "material"
    CALL_BACK = "call_back"
    HUMAN = "human"
    NO_REPLY = "no_reply"
    NO_ADDRESS = "no_address"
    """The candidate has no address a message could go to."""
    NOT_DELIVERED = "not_delivered"
    SIMILAR_JOB = "similar_job"
    REVIEW = "review"


class Task(Record):
    """Something for a person to do."""

    id: Identifier
    candidate_id: Identifier
    job_id: Identifier
    call_id: Identifier | None = None
    kind: TaskKind
    detail: str = Field(default="", max_length=1000)
    due_at: AwareDatetime
    done_at: AwareDatetime | None = None
    done_by: str | None = None


class PoolEntry(Record):
    """A candidate who may be called again when a similar job opens."""

    candidate_id: Identifier
    job_id: Identifier
    """The job they were called about."""
    since: AwareDatetime
    reason: str
