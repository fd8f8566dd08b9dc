"""Results as rows of a PostgreSQL table. Writing a row again, or an older revision after a newer one, changes nothing."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from typing import Any

from hr_sync.errors import ServiceError
from hr_sync.exports.flat import flat_result
from hr_sync.outbox.delivery import DeliveryError
from hr_sync.outbox.targets import PostgresTarget
from hr_sync.store.outbox import Delivery

try:
    import psycopg
    from psycopg import sql
except ImportError:  # the extra is not installed; said when a destination of this kind is set
    psycopg = None  # type: ignore[assignment]

_COLUMNS = {
    "call_id": "text PRIMARY KEY",
    "revision": "integer NOT NULL",
    "cursor": "bigint NOT NULL",
    "candidate_id": "text NOT NULL",
    "job_id": "text NOT NULL",
    "attempt": "integer NOT NULL",
    "disposition": "text NOT NULL",
    "interest": "text NOT NULL",
    "started_at": "timestamptz NOT NULL",
    "answered_at": "timestamptz",
    "ended_at": "timestamptz NOT NULL",
    "talk_s": "double precision",
    "expected_pay_min": "bigint",
    "expected_pay_max": "bigint",
    "expected_pay_period": "text",
    "start_date": "text",
    "pay_fit_score": "integer",
    "recording_consent": "boolean NOT NULL",
    "result": "jsonb NOT NULL",
}
"""The table; what it has beside these columns is left alone."""


class Postgres:
    """One table."""

    concurrency = 1
    batched = False
    lease_s = 180.0

    def __init__(self, target: PostgresTarget) -> None:
        if psycopg is None:
            raise ServiceError(
                f"the destination {target.name} needs the PostgreSQL driver", remedy="pip install 'hireline[postgres]'"
            )
        self._dsn = target.dsn.get_secret_value()
        self._table = sql.SQL(".").join(map(sql.Identifier, target.table.split(".")))
        self._connect_timeout_s = target.connect_timeout_s
        self._connection: psycopg.Connection[Any] | None = None
        self.size = target.most

    async def send(self, deliveries: Sequence[Delivery]) -> None:
        """See `Adapter.send`."""
        try:
            await asyncio.to_thread(self._write, deliveries)
        except psycopg.Error as error:
            await self.close()
            state = f" {error.sqlstate}" if error.sqlstate else ""
            raise DeliveryError(f"PostgreSQL: {type(error).__name__}{state}") from None  # its text quotes values and the address

    async def close(self) -> None:
        """See `Adapter.close`."""
        connection, self._connection = self._connection, None
        if connection is not None:
            await asyncio.to_thread(connection.close)

    def _write(self, deliveries: Sequence[Delivery]) -> None:
        connection = self._connected()
        names = list(_COLUMNS)
        statement = sql.SQL(
            "INSERT INTO {table} AS kept ({names}) VALUES ({values}) ON CONFLICT (call_id) DO UPDATE SET {replaced}"
            " WHERE kept.revision < excluded.revision"
        ).format(
            table=self._table,
            names=sql.SQL(", ").join(map(sql.Identifier, names)),
            values=sql.SQL(", ").join(map(sql.Placeholder, names)),
            replaced=sql.SQL(", ").join(
                sql.SQL("{name} = excluded.{name}").format(name=sql.Identifier(name)) for name in names if name != "call_id"
            ),
        )
        with connection.transaction(), connection.cursor() as cursor:
            cursor.executemany(statement, [_row(delivery) for delivery in deliveries])

    def _connected(self) -> psycopg.Connection[Any]:
        if self._connection is None:
            connection = psycopg.connect(
                self._dsn,
                connect_timeout=self._connect_timeout_s,
                autocommit=True,
                application_name="hireline",
                options="-c statement_timeout=60000",
            )
            try:
                columns = sql.SQL(", ").join(
                    sql.SQL("{name} {kind}").format(name=sql.Identifier(name), kind=sql.SQL(kind))
                    for name, kind in _COLUMNS.items()
                )
                if connection.execute("SELECT to_regclass(%s)", [self._table.as_string(connection)]).fetchone() == (None,):
                    connection.execute(sql.SQL("CREATE TABLE IF NOT EXISTS {} ({})").format(self._table, columns))
            except psycopg.Error:
                connection.close()
                raise
            self._connection = connection
        return self._connection


def _row(delivery: Delivery) -> dict[str, Any]:
    flat = flat_result(delivery.result, revision=delivery.revision, cursor=delivery.cursor)
    row = {name: flat.get(name) for name in _COLUMNS} | {"recording_consent": delivery.result.consent.recording}
    return row | {"result": json.dumps(_without_nul(delivery.result.model_dump(mode="json")), ensure_ascii=False)}


def _without_nul(value: Any) -> Any:  # noqa: ANN401 - whatever JSON can carry
    """Without the one character that PostgreSQL's text cannot hold."""
    if isinstance(value, str):
        return value.replace("\0", "")
    if isinstance(value, list):
        return [_without_nul(item) for item in value]
    if isinstance(value, dict):
        return {_without_nul(key): _without_nul(item) for key, item in value.items()}
    return value
