"""`hireline hr messages`, `tasks`, `pool`, `reschedule`: what happens after calls."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import typer
from rich.table import Table

from agi_app.cli.hr.database import open_store
from agi_app.cli.output import JsonPath, console_for, write_json
from agi_app.config import load_settings
from hr_sync.errors import InvalidDataError
from hr_sync.records.followups import MessageState
from hr_sync.store.followups import Followups

_Limit = typer.Option(50, "--limit", min=1, max=10_000, help="Rows at most.")
_ZONE = ZoneInfo("Asia/Shanghai")


def register(group: typer.Typer) -> None:
    """Add the commands."""
    group.command("messages")(_messages)
    group.command("tasks")(_tasks)
    group.command("pool")(_pool)
    group.command("reschedule")(_reschedule)


def _messages(
    call: str | None = typer.Option(None, "--call", help="Only those of one call."),
    state: MessageState | None = typer.Option(None, "--state", help="Only those in one state."),
    limit: int = _Limit,
    json_path: str | None = JsonPath,
) -> None:
    """List mails and short messages with what became of them. `hireline serve` sends them, when messages.enabled is set.

    Example: hireline hr messages --state failed
    """
    with open_store() as store:
        followups = Followups(store.connections)
        found = followups.messages(call_id=call, state=state, limit=limit)
        events = {message.id: followups.events(message.id) for message in found}
    table = Table("Message", "State 状态", "Due 何时", "Events 去向", "Error")
    for message in found:
        told = ", ".join(dict.fromkeys(str(event) for event, _ in events[message.id]))
        table.add_row(message.id, message.state, _local(message.due_at), told, message.error or "")
    console_for(json_path).print(table)
    rows = [
        message.model_dump(mode="json", exclude={"html"})
        | {"events": [{"event": event, "at": at.isoformat()} for event, at in events[message.id]]}
        for message in found
    ]
    write_json(rows, json_path)


def _tasks(
    done: str | None = typer.Option(None, "--done", metavar="TASK", help="Mark this task as done."),
    by: str | None = typer.Option(None, "--by", metavar="NAME", help="Who did it; needed with --done."),
    limit: int = _Limit,
    json_path: str | None = JsonPath,
) -> None:
    """List what HR should do, the most urgent first, or mark one as done.

    Example: hireline hr tasks --done call-20260105-101500-3f2a.task.hesitant --by 林晓
    """
    with open_store() as store:
        followups = Followups(store.connections)
        if done is not None:
            if not by:
                raise typer.BadParameter("say who did it: --by NAME", param_hint="--by")
            found = [followups.finish_task(done, by, datetime.now(UTC))]
        else:
            found = list(followups.tasks(limit=limit))
    table = Table("Task", "Kind 事项", "Candidate", "Detail 说明", "Due 期限", "Done 完成")
    for task in found:
        table.add_row(task.id, task.kind, task.candidate_id, task.detail, _local(task.due_at), task.done_by or "")
    console_for(json_path).print(table)
    write_json([task.model_dump(mode="json") for task in found], json_path)


def _pool(
    job: str | None = typer.Option(None, "--job", help="Only those who fit this job, best first."),
    limit: int = _Limit,
    json_path: str | None = JsonPath,
) -> None:
    """List the talent pool, or who in it fits a job.

    Example: hireline hr pool --job key-account-sales
    """
    from hr_sync.followup.pool import fitting

    with open_store() as store:
        entries = Followups(store.connections).pool(limit=100_000)
        if job is not None:
            order = {name: place for place, name in enumerate(fitting(store, store.job(job)))}
            entries = tuple(sorted((one for one in entries if one.candidate_id in order), key=lambda one: order[one.candidate_id]))
    table = Table("Candidate", "Called about 岗位", "Since 时间", "Reason 原因")
    for entry in entries[:limit]:
        table.add_row(entry.candidate_id, entry.job_id, _local(entry.since), entry.reason)
    console_for(json_path).print(table)
    write_json([entry.model_dump(mode="json") for entry in entries[:limit]], json_path)


def _reschedule(
    invitation: str = typer.Argument(help="Id of the invitation: the call's id with .interview behind it."),
    at: str = typer.Option(..., "--at", metavar="TIME", help="New time, e.g. 2026-11-30T14:30 (Beijing time)."),
) -> None:
    """Agree to another time: the candidate is told, with a calendar entry.

    Example: hireline hr reschedule call-20260105-101500-3f2a.interview --at 2026-11-30T14:30
    """
    from hr_sync.followup.runner import planner_for, reschedule

    try:
        moment = datetime.fromisoformat(at)
    except ValueError as error:
        raise InvalidDataError("that is no time", where="--at", remedy="write it like 2026-11-30T14:30") from error
    moment = moment if moment.tzinfo else moment.replace(tzinfo=_ZONE)
    if moment <= datetime.now(UTC):
        raise InvalidDataError("that time has passed", where="--at", remedy="name a later one")
    settings = load_settings()
    with open_store() as store:
        planner = planner_for(settings.messages, settings.state)
        reschedule(store, Followups(store.connections), planner, invitation, moment, datetime.now(UTC))
    console_for(None).print(f"{invitation}: {_local(moment)}; the candidate will be told", highlight=False)


def _local(at: datetime) -> str:
    return at.astimezone(_ZONE).strftime("%Y-%m-%d %H:%M")
