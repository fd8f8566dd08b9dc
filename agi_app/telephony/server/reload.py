"""Taking over changed files in a running Asterisk, and going back when it does not take them."""

from __future__ import annotations

import asyncio
import fcntl
from dataclasses import dataclass
from pathlib import Path

import structlog

from agi_app.config import Settings
from agi_app.errors import AmiError, AsteriskError
from agi_app.telephony.ami.client import AmiClient
from agi_app.telephony.dialplan.findings import Finding
from agi_app.telephony.dialplan.plan import Dialplan
from agi_app.telephony.secrets import Secrets
from agi_app.telephony.server.instance import Instance
from agi_app.telephony.server.rehearsal import as_findings

_log = structlog.get_logger(__name__)
_LOG_LOOK_S = 0.05
_LOG_STILL_S = 0.3
"""The log is complete when it has not grown for so long."""
_LOG_LIMIT_S = 5.0
"""A busy Asterisk never stops writing."""


@dataclass(frozen=True, slots=True)
class Reloaded:
    """How a reload went."""

    findings: tuple[Finding, ...]
    """What speaks against the new files; empty when they are in use now."""
    went_back: bool
    """The files that ran before are in use again."""


async def reload_configuration(settings: Settings, secrets: Secrets, instance: Instance, plan: Dialplan) -> Reloaded:
    """Take over what admins changed in asterisk_conf/ and dialplan/ without ending a call, and see that it is in use.

    A transport of pjsip.conf and modules.conf change only by a restart, as always with Asterisk.

    Args:
        plan: what the dialplan files say; each of its extensions must be in Asterisk afterwards.

    Raises:
        AsteriskError: the instance does not run, or another reload is under way.
        AmiError: Asterisk's manager interface does not answer; the old files are in place again.
    """
    if instance.running_pid() is None:
        raise AsteriskError(f"the Asterisk instance {instance.name!r} does not run", where=str(instance.folder), remedy="start it")
    with (instance.folder / "reload.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise AsteriskError("another reload is under way", where=str(instance.folder), remedy="wait for its end") from error
        async with AmiClient(settings.asterisk, secrets.ami_secret) as client:
            return await _reload(settings, client, instance, plan)


async def _reload(settings: Settings, client: AmiClient, instance: Instance, plan: Dialplan) -> Reloaded:
    await client.ask("Ping")  # before anything is touched
    since = instance.log_path.stat().st_size if instance.log_path.exists() else 0
    await asyncio.to_thread(instance.keep)
    try:
        await asyncio.to_thread(instance.refresh, settings)
        await client.ask("Reload")
        await _written(instance.log_path)
        findings = [*as_findings(instance.problems(since), instance), *await _missing(client, plan)]
    except BaseException:
        await _go_back(client, instance)
        raise
    if findings:
        _log.warning("reload_went_back", findings=len(findings), instance=instance.name)
        await _go_back(client, instance)
    else:
        _log.info("reloaded", instance=instance.name)
    return Reloaded(tuple(findings), went_back=bool(findings))


async def _written(log: Path) -> None:
    """Wait until the log holds what the reload had to say: Asterisk writes it in a thread of its own, after it has answered."""
    size, still_s, waited_s = -1, 0.0, 0.0
    while still_s < _LOG_STILL_S and waited_s < _LOG_LIMIT_S:
        await asyncio.sleep(_LOG_LOOK_S)
        now = await asyncio.to_thread(_size, log)
        waited_s += _LOG_LOOK_S
        still_s = still_s + _LOG_LOOK_S if now == size else 0.0
        size = now


def _size(log: Path) -> int:
    return log.stat().st_size if log.exists() else 0


async def _go_back(client: AmiClient, instance: Instance) -> None:
    await asyncio.to_thread(instance.restore)
    try:
        await client.ask("Reload")
    except AmiError as error:
        _log.error("reload_back_failed", reason=error.what, instance=instance.name)


async def _missing(client: AmiClient, plan: Dialplan) -> list[Finding]:
    """The contexts and extensions of the files that Asterisk does not have."""
    shown = await client.ask("ShowDialPlan")
    there = {
        (event["context"], event["extension"]) for event in shown if event.get("event") == "ListDialplan" and "extension" in event
    }
    findings = []
    for context in plan.contexts.values():
        absent = [
            extension.name
            for extension in context.extensions.values()
            if extension.priorities and (context.name, extension.name) not in there
        ]
        if absent:
            what = f"Asterisk has not taken over [{context.name}]: {', '.join(absent[:5])}"
            findings.append(Finding(context.at.file, context.at.number, "not_taken_over", what))
    return findings
