"""The database's versions: numbered steps, all of those that are missing made in one transaction."""

from __future__ import annotations

from collections.abc import Callable

import structlog
from sqlite_utils import Database
from sqlite_utils.migrations import Migrations

from hr_sync.errors import StoreCorruptError
from hr_sync.store import schema, schema_assessment, schema_campaigns, schema_care, schema_followup, schema_imports, schema_outbox

APPLICATION_ID = 0x48524C4E
"""`HRLN`, in the file's header, so that a file can be told to be ours before anything in it is believed."""

log = structlog.get_logger(__name__)


def _script(sql: str) -> Callable[[Database], None]:
    def run(db: Database) -> None:
        db.executescript(sql)

    return run


STEPS: tuple[tuple[str, Callable[[Database], None]], ...] = (
    ("0001_people", _script(schema.PEOPLE)),
    ("0002_jobs", _script(schema.JOBS)),
    ("0003_calls", _script(schema.CALLS)),
    ("0004_results", _script(schema.RESULTS)),
    ("0005_views", _script(schema.VIEWS)),
    ("0010_wishes", _script(schema_imports.WISHES)),
    ("0011_birth_dates", _script(schema_imports.BIRTH_DATES)),
    ("0012_imports", _script(schema_imports.IMPORTS)),
    ("0013_resumes", _script(schema_imports.RESUMES)),
    ("0014_screenings", _script(schema_imports.SCREENINGS)),
    ("0020_result_events", _script(schema_outbox.RESULT_EVENTS)),
    ("0021_api_keys", _script(schema_outbox.API_KEYS)),
    ("0022_outbox", _script(schema_outbox.OUTBOX)),
    ("0023_lease_holders", _script(schema_outbox.LEASE_HOLDERS)),
    ("0030_audit", _script(schema_care.AUDIT)),
    ("0031_erasures", _script(schema_care.ERASURES)),
    ("0040_assessments", _script(schema_assessment.ASSESSMENTS)),
    ("0050_follow_ups", _script(schema_followup.FOLLOW_UPS)),
    ("0060_executors", _script(schema_campaigns.EXECUTORS)),
    ("0061_campaigns", _script(schema_campaigns.CAMPAIGNS)),
)
"""Name and action of each step, oldest first. The version of a database is the number of steps it has gone through."""


def upgrade(db: Database, *, where: str, to: int = len(STEPS)) -> int:
    """Bring the database to a version; the caller holds the write lock, and everything is undone when this raises.

    Args:
        db: a connection with an open write transaction.
        where: the file, for the error.
        to: the version to stop at.

    Returns:
        The number of steps taken.

    Raises:
        StoreCorruptError: the file holds someone else's tables, or comes from a newer program.
    """
    refuse_foreign(db, where=where)
    migrations = Migrations("hireline")
    for name, step in STEPS[:to]:
        migrations(name=name)(step)
    pending = len(migrations.pending(db))
    if pending:
        db.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        migrations.apply(db)
        log.info("database_upgraded", steps=pending, version=len(migrations.applied(db)))
    return pending


def refuse_foreign(db: Database, *, where: str) -> None:
    """Raise StoreCorruptError when the file holds someone else's tables, or comes from a newer program; reads only."""
    application_id = db.execute("PRAGMA application_id").fetchone()[0]
    if application_id != APPLICATION_ID and (application_id or db.table_names()):
        raise StoreCorruptError(
            "the file is a database of another program",
            where=where,
            remedy="name another file; Hireline makes a new database where there is none",
        )
    newer = [name for name in _applied(db) if name not in dict(STEPS)]
    if newer:
        raise StoreCorruptError(
            f"the database was made by a newer version of Hireline (it has gone through {', '.join(newer)})",
            where=where,
            remedy="upgrade Hireline, or name another file",
        )


def is_current(db: Database) -> bool:
    """Whether nothing needs to be done; reads only."""
    return _applied(db) == [name for name, _ in STEPS]


def _applied(db: Database) -> list[str]:
    return [applied.name for applied in Migrations("hireline").applied(db)]
