"""Journeys and campaigns as rows, inside a transaction someone else opened."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import datetime

from sqlite_utils import Database

from hr_sync.errors import NotFoundError
from hr_sync.records import Disposition
from hr_sync.records.campaigns import Campaign, CampaignEvent, Journey, JourneyCall, JourneyFacts
from hr_sync.store import people
from hr_sync.store.rows import Row, to_json, utc

_CONCLUSIVE = (
    Disposition.COMPLETED,
    Disposition.WRONG_PERSON,
    Disposition.STOP_CALLING,
    Disposition.DECLINED_RECORDING,
)
"""Talks that leave nothing to call about."""
_TIMES = ("created_at", "started_at", "ended_at", "due_at", "updated_at")


def _row(record: Campaign | Journey) -> Row:
    fields = record.model_dump(mode="json")
    for name in _TIMES:
        if (at := getattr(record, name, None)) is not None:
            fields[name] = utc(at)
    return fields


def campaign_row(campaign: Campaign) -> Row:
    """Columns of `campaigns`."""
    return _row(campaign) | {"retry": to_json(campaign.retry)}


def campaign_of(row: Row) -> Campaign:
    """A row of `campaigns` as a record."""
    fields = {name: row[name] for name in Campaign.model_fields}
    return Campaign.model_validate(fields | {"retry": json.loads(row["retry"])})


def journey_of(row: Row) -> Journey:
    """A row of `journeys` as a record."""
    return Journey.model_validate({name: row[name] for name in Journey.model_fields})


def campaign(db: Database, campaign_id: str) -> Campaign:
    """One campaign, or NotFoundError."""
    for row in db.query("SELECT * FROM campaigns WHERE id = ?", [campaign_id]):
        return campaign_of(row)
    raise NotFoundError(f"there is no campaign {campaign_id}", remedy="see: hireline campaign list")


def journey(db: Database, campaign_id: str, candidate_id: str) -> Journey:
    """One journey, or NotFoundError."""
    for row in db.query("SELECT * FROM journeys WHERE campaign_id = ? AND candidate_id = ?", [campaign_id, candidate_id]):
        return journey_of(row)
    campaign(db, campaign_id)
    raise NotFoundError(f"campaign {campaign_id} does not call candidate {candidate_id}", remedy="correct the id")


def add(db: Database, campaign_id: str, candidate_ids: Iterable[str], at: datetime) -> None:
    """Write new journeys, in this order."""
    db.conn.executemany(
        "INSERT INTO journeys (campaign_id, candidate_id, place, state, attempts, updated_at) VALUES (?, ?, ?, 'new', 0, ?)",
        [(campaign_id, candidate_id, place, utc(at)) for place, candidate_id in enumerate(candidate_ids)],
    )


def write(db: Database, journey: Journey) -> None:
    """Write where a journey stands."""
    db.execute(
        "UPDATE journeys SET state = :state, attempts = :attempts, due_at = :due_at, disposition = :disposition,"
        " outcome = :outcome, detail = :detail, updated_at = :updated_at"
        " WHERE campaign_id = :campaign_id AND candidate_id = :candidate_id",
        _row(journey),
    )


def tell(db: Database, event: CampaignEvent) -> None:
    """Write an event, unless it stands there; its cursor is given here."""
    row = event.model_dump(mode="json", exclude={"cursor"}) | {"at": utc(event.at), "detail": to_json(event.detail)}
    db.table("campaign_events").insert(row, ignore=True)


def next_due(db: Database, campaign_id: str) -> datetime | None:
    """When the next call that somebody waits for is due."""
    (at,) = db.execute("SELECT min(due_at) FROM journeys WHERE campaign_id = ? AND state = 'waiting'", [campaign_id]).fetchone()
    return None if at is None else datetime.fromisoformat(at)


def facts(db: Database, campaign_id: str, candidate_id: str, once_since: datetime) -> JourneyFacts:
    """All that a decision about the journey rests on."""
    of, where = campaign(db, campaign_id), {"campaign": campaign_id, "candidate": candidate_id}
    candidate = people.candidate(db, candidate_id)
    (urgent,) = db.execute("SELECT urgent FROM jobs WHERE id = ?", [of.job_id]).fetchone()
    return JourneyFacts(
        campaign=of,
        journey=journey(db, campaign_id, candidate_id),
        phone=candidate.phone,
        time_zone=candidate.time_zone,
        urgent=bool(urgent),
        blocked=people.is_blocked(db, candidate.phone),
        engaged=_engaged(db, where | {"phone": candidate.phone}),
        elsewhere_at=_elsewhere(db, where | {"job": of.job_id, "phone": candidate.phone, "since": utc(once_since)}),
        concluded=_concluded(db, where | {"job": of.job_id, "since": utc(of.started_at or of.created_at)}),
        calls=tuple(_calls(db, where)),
    )


_OURS = "SELECT call_id FROM campaign_calls WHERE campaign_id = :campaign AND candidate_id = :candidate"


def _engaged(db: Database, where: Row) -> bool:
    """Whether the number is in a call outside the journey."""
    found = db.execute(
        "SELECT 1 FROM calls k JOIN candidates c ON c.id = k.candidate_id"  # noqa: S608 - ours
        f" WHERE c.phone = :phone AND k.result_at IS NULL AND k.call_id NOT IN ({_OURS}) LIMIT 1",
        where,
    )
    return found.fetchone() is not None


def _elsewhere(db: Database, where: Row) -> datetime | None:
    """When the number was last called outside the journey.

    Calls that never reached the network do not count, nor do single calls with the same candidate about the same job: those that HR
    placed by hand, and those the candidate made.
    """
    (at,) = db.execute(
        "SELECT max(k.started_at) FROM candidates c JOIN calls k ON k.candidate_id = c.id"  # noqa: S608 - ours
        " LEFT JOIN results r ON r.call_id = k.call_id"
        f" WHERE c.phone = :phone AND k.started_at >= :since AND k.call_id NOT IN ({_OURS})"
        " AND NOT (k.candidate_id = :candidate AND k.job_id = :job AND k.call_id NOT IN (SELECT call_id FROM campaign_calls))"
        " AND (r.disposition IS NULL OR NOT (r.disposition IN ('trunk_failed', 'system_failed') AND r.answered_at IS NULL))",
        where,
    ).fetchone()
    return None if at is None else datetime.fromisoformat(at)


def _concluded(db: Database, where: Row) -> Disposition | None:
    conclusive = ", ".join(f"'{disposition}'" for disposition in _CONCLUSIVE)
    row = db.execute(
        f"SELECT disposition FROM results WHERE candidate_id = :candidate AND job_id = :job AND ended_at >= :since"  # noqa: S608 - ours
        f" AND disposition IN ({conclusive}) AND call_id NOT IN ({_OURS}) ORDER BY cursor DESC LIMIT 1",
        where,
    ).fetchone()
    return Disposition(row[0]) if row else None


def _calls(db: Database, where: Row) -> Iterable[JourneyCall]:
    rows = db.query(
        "SELECT k.call_id, k.number, k.trunk, k.opened_at, c.owner, r.disposition, r.ended_at, r.answered_at,"
        " json_extract(r.result, '$.slots.callback_time') AS callback"
        " FROM campaign_calls k JOIN calls c ON c.call_id = k.call_id LEFT JOIN results r ON r.call_id = k.call_id"
        " WHERE k.campaign_id = :campaign AND k.candidate_id = :candidate ORDER BY k.number",
        where,
    )
    for row in rows:
        yield JourneyCall(
            call_id=row["call_id"],
            number=row["number"],
            trunk=row["trunk"],
            opened_at=datetime.fromisoformat(row["opened_at"]),
            disposition=Disposition(row["disposition"]) if row["disposition"] else None,
            ended_at=datetime.fromisoformat(row["ended_at"]) if row["ended_at"] else None,
            callback=json.loads(row["callback"]) if row["callback"] else None,
            owner=row["owner"],
            answered=row["answered_at"] is not None,
        )
