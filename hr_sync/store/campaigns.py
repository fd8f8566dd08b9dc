"""Campaigns in the HR database: who is called about what, how far each has come, and what the HR wing is told of it."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from hr_sync.errors import ConflictError, InvalidDataError, NotAdmittedError
from hr_sync.records import CallAttempt, Disposition
from hr_sync.records.campaigns import (
    Campaign,
    CampaignEvent,
    CampaignEventKind,
    CampaignState,
    Journey,
    JourneyFacts,
    JourneyState,
)
from hr_sync.store import calls, journeys, people
from hr_sync.store.connection import Connections
from hr_sync.store.journeys import campaign_of, journey_of
from hr_sync.store.rows import utc

_MOVES = {
    CampaignState.DRAFT: {CampaignState.RUNNING},
    CampaignState.RUNNING: {CampaignState.PAUSED, CampaignState.FINISHED},
    CampaignState.PAUSED: {CampaignState.RUNNING},
    CampaignState.FINISHED: set(),
}


@dataclass(frozen=True, slots=True)
class CampaignCounts:
    """How far a campaign has come."""

    journeys: dict[JourneyState, int]
    outcomes: dict[str, int]
    """Of journeys that ended."""
    dispositions: dict[Disposition, int]
    """Of calls that ended."""
    calls: int
    """Opened so far."""
    next_due_at: datetime | None
    """The earliest call that somebody waits for."""

    @property
    def candidates(self) -> int:
        """All of them."""
        return sum(self.journeys.values())


@dataclass(frozen=True, slots=True)
class Admission:
    """A call that asks to be dialled; see `Campaigns.admit`."""

    campaign_id: str
    number: int
    """Counts the journey's calls from 1."""
    phone: str
    """The number that will be dialled, E.164."""
    trunk: str
    caller_id: str | None
    due_at: datetime
    once_since: datetime
    """Nobody else may have called the number since then."""


class Campaigns:
    """Campaigns in the HR database. The rules of `Store` hold: each operation is a transaction, idempotent, and blocks."""

    def __init__(self, connections: Connections) -> None:
        self._connections = connections

    # ---- campaigns --------------------------------------------------------------------------------------------------

    def create(self, campaign: Campaign, candidate_ids: Sequence[str]) -> Campaign:
        """Write a new campaign with its candidates, in the order in which they are to be called.

        Raises:
            ConflictError: there is a campaign of that id.
            NotFoundError: job or candidate unknown.
            InvalidDataError: no candidate, or one twice.
        """
        if not candidate_ids:
            raise InvalidDataError("a campaign without candidates", remedy="name at least one")
        if len(set(candidate_ids)) != len(candidate_ids):
            raise InvalidDataError("a candidate is named twice", remedy="name each once")
        with self._connections.write() as db:
            if db.execute("SELECT 1 FROM campaigns WHERE id = ?", [campaign.id]).fetchone():
                raise ConflictError(f"there is a campaign {campaign.id} already", remedy="give the new one another id")
            people.refuse_strangers(db, "jobs", "job", [campaign.job_id])
            people.refuse_strangers(db, "candidates", "candidate", list(candidate_ids))
            db.table("campaigns").insert(journeys.campaign_row(campaign))
            journeys.add(db, campaign.id, candidate_ids, campaign.created_at)
            return journeys.campaign(db, campaign.id)

    def campaign(self, campaign_id: str) -> Campaign:
        """One campaign. Raises NotFoundError."""
        with self._connections.read() as db:
            return journeys.campaign(db, campaign_id)

    def campaigns(self, states: Collection[CampaignState] = tuple(CampaignState)) -> tuple[Campaign, ...]:
        """Campaigns in these states, those to be dialled first at the front, then by age."""
        with self._connections.read() as db:
            marks = ",".join("?" * len(states))
            rows = db.query(
                f"SELECT c.*, j.urgent FROM campaigns c JOIN jobs j ON j.id = c.job_id WHERE c.state IN ({marks})"  # noqa: S608
                " ORDER BY j.urgent DESC, c.priority DESC, c.created_at, c.id",
                [str(state) for state in states],
            )
            return tuple(campaign_of(row) for row in rows)

    def move(self, campaign_id: str, state: CampaignState, at: datetime) -> bool:
        """Start, pause or resume a campaign; False when it was there already. Raises ConflictError on an illegal move."""
        with self._connections.write() as db:
            now = journeys.campaign(db, campaign_id).state
            if now is state:
                return False
            if state not in _MOVES[now]:
                raise ConflictError(
                    f"campaign {campaign_id} is {now} and cannot become {state}", remedy="see: hireline campaign status"
                )
            db.execute(
                "UPDATE campaigns SET state = :state, started_at = ifnull(started_at, :at),"
                " ended_at = CASE WHEN :state = 'finished' THEN :at END WHERE id = :id",
                {"state": state, "at": utc(at), "id": campaign_id},
            )
            return True

    def finish_if_done(self, campaign_id: str, at: datetime) -> bool:
        """Finish a running campaign when all its journeys have ended."""
        with self._connections.write() as db:
            open_ones = "SELECT 1 FROM journeys WHERE campaign_id = :id AND state <> 'ended'"
            done = db.execute(
                "UPDATE campaigns SET state = 'finished', ended_at = :at"  # noqa: S608 - ours
                f" WHERE id = :id AND state = 'running' AND NOT EXISTS ({open_ones})",
                {"id": campaign_id, "at": utc(at)},
            )
            return done.rowcount > 0

    def counts(self, campaign_id: str) -> CampaignCounts:
        """How far a campaign has come. Raises NotFoundError."""
        with self._connections.read() as db:
            journeys.campaign(db, campaign_id)
            return CampaignCounts(
                journeys={
                    JourneyState(state): number
                    for state, number in db.execute(
                        "SELECT state, count(*) FROM journeys WHERE campaign_id = ? GROUP BY 1", [campaign_id]
                    )
                },
                outcomes=dict(
                    db.execute(
                        "SELECT outcome, count(*) FROM journeys WHERE campaign_id = ? AND state = 'ended'"
                        " GROUP BY 1 ORDER BY 2 DESC",
                        [campaign_id],
                    ).fetchall()
                ),
                dispositions={
                    Disposition(disposition): number
                    for disposition, number in db.execute(
                        "SELECT r.disposition, count(*) FROM campaign_calls k JOIN results r ON r.call_id = k.call_id"
                        " WHERE k.campaign_id = ? GROUP BY 1 ORDER BY 2 DESC",
                        [campaign_id],
                    )
                },
                calls=db.execute("SELECT count(*) FROM campaign_calls WHERE campaign_id = ?", [campaign_id]).fetchone()[0],
                next_due_at=journeys.next_due(db, campaign_id),
            )

    # ---- journeys ---------------------------------------------------------------------------------------------------

    def journey(self, campaign_id: str, candidate_id: str) -> Journey:
        """One journey. Raises NotFoundError."""
        with self._connections.read() as db:
            return journeys.journey(db, campaign_id, candidate_id)

    def journeys(self, campaign_id: str, *, after: str | None = None, limit: int = 100) -> tuple[Journey, ...]:
        """A page of a campaign's journeys in the order of candidates' ids."""
        with self._connections.read() as db:
            rows = db.query(
                "SELECT * FROM journeys WHERE campaign_id = ? AND candidate_id > ? ORDER BY candidate_id LIMIT ?",
                [campaign_id, after or "", limit],
            )
            return tuple(journey_of(row) for row in rows)

    def new_time_zones(self, campaign_id: str) -> tuple[str, ...]:
        """Time zones of the candidates for whom nothing has been done yet."""
        with self._connections.read() as db:
            rows = db.execute(
                "SELECT DISTINCT c.time_zone FROM journeys j JOIN candidates c ON c.id = j.candidate_id"
                " WHERE j.campaign_id = ? AND j.state = 'new' ORDER BY 1",
                [campaign_id],
            )
            return tuple(zone for (zone,) in rows)

    def next_candidates(self, campaign_id: str, time_zones: Sequence[str], limit: int) -> tuple[str, ...]:
        """Candidates for whom nothing has been done yet, in the campaign's order."""
        with self._connections.read() as db:
            marks = ",".join("?" * len(time_zones))
            rows = db.execute(
                "SELECT j.candidate_id FROM journeys j JOIN candidates c ON c.id = j.candidate_id"  # noqa: S608 - marks
                f" WHERE j.campaign_id = ? AND j.state = 'new' AND c.time_zone IN ({marks}) ORDER BY j.place LIMIT ?",
                [campaign_id, *time_zones, limit],
            )
            return tuple(candidate for (candidate,) in rows)

    def backlog(self, campaign_id: str) -> int:
        """Journeys that wait for nothing but a line."""
        with self._connections.read() as db:
            return int(
                db.execute("SELECT count(*) FROM journeys WHERE campaign_id = ? AND state = 'queued'", [campaign_id]).fetchone()[0]
            )

    def facts(self, campaign_id: str, candidate_id: str, *, once_since: datetime) -> JourneyFacts:
        """All that the next step of a journey rests on. Raises NotFoundError.

        Args:
            once_since: calls to the number outside this journey count from here on.
        """
        with self._connections.read() as db:
            return journeys.facts(db, campaign_id, candidate_id, once_since)

    def advance(self, journey: Journey, events: Iterable[CampaignEvent] = ()) -> None:
        """Write where a journey stands, and what the HR wing is to know of; an event that was told is not told again.

        A journey that has ended stays as it is. Raises NotFoundError.
        """
        with self._connections.write() as db:
            if journeys.journey(db, journey.campaign_id, journey.candidate_id).state is JourneyState.ENDED:
                return
            journeys.write(db, journey)
            for event in events:
                journeys.tell(db, event)

    def admit(self, attempt: CallAttempt, admission: Admission) -> CallAttempt:
        """Write a call of a journey down, unless it may not be dialled now: the last look, in the transaction that opens it.

        The same `call_id` again returns what is stored; look at its owner and state before going on.

        Raises:
            DoNotCallError: the number must not be called.
            NotAdmittedError: paused, ended, out of turn, called recently; `reason` says which.
        """
        with self._connections.write(through=True) as db:  # a call that was dialled must be known, come what may
            if db.execute("SELECT 1 FROM campaign_calls WHERE call_id = ?", [attempt.call_id]).fetchone():
                return calls.open_attempt(db, attempt)
            facts = journeys.facts(db, admission.campaign_id, attempt.candidate_id, admission.once_since)
            if (reason := _reason_against(facts, admission)) is not None:
                raise NotAdmittedError(reason, where=f"campaign {admission.campaign_id}, candidate {attempt.candidate_id}")
            opened = calls.open_attempt(db, attempt)
            db.table("campaign_calls").insert(
                {
                    "call_id": attempt.call_id,
                    "campaign_id": admission.campaign_id,
                    "candidate_id": attempt.candidate_id,
                    "number": admission.number,
                    "trunk": admission.trunk,
                    "caller_id": admission.caller_id,
                    "due_at": utc(admission.due_at),
                    "opened_at": utc(attempt.started_at),
                }
            )
            changes = {"state": JourneyState.CALLING, "attempts": admission.number, "updated_at": attempt.started_at}
            journeys.write(db, facts.journey.model_copy(update=changes))
            return opened

    # ---- events -----------------------------------------------------------------------------------------------------

    def events(self, after: int = 0, limit: int = 100, kinds: Collection[CampaignEventKind] = ()) -> tuple[CampaignEvent, ...]:
        """Events behind a cursor, in the order of arrival: what the HR wing acts on."""
        with self._connections.read() as db:
            marks = ",".join("?" * len(kinds))
            only = f"AND kind IN ({marks})" if kinds else ""
            rows = db.query(
                f"SELECT * FROM campaign_events WHERE cursor > ? {only} ORDER BY cursor LIMIT ?",  # noqa: S608 - marks
                [after, *map(str, kinds), limit],
            )
            return tuple(CampaignEvent.model_validate(row | {"detail": json.loads(row["detail"])}) for row in rows)


def _reason_against(facts: JourneyFacts, admission: Admission) -> str | None:
    """Why a call may not be dialled now; the do-not-call list is looked at when it is opened."""
    if facts.campaign.state is not CampaignState.RUNNING:
        return str(facts.campaign.state)
    if facts.journey.state is JourneyState.ENDED or facts.concluded is not None:
        return "ended"
    if admission.number != len(facts.calls) + 1 or any(call.disposition is None for call in facts.calls):
        return "out_of_turn"
    if facts.phone != admission.phone:
        return "number_changed"
    if facts.elsewhere_at is not None:
        return "called_recently"
    return "engaged" if facts.engaged else None
