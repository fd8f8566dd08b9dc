"""`hireline hr export/person/erase/retention/backup/restore/keys/audit`: data out, and care for it."""

from __future__ import annotations

import getpass
from datetime import UTC, datetime
from pathlib import Path

import typer
from rich.console import Console
from rich.table import Table

from agi_app.cli.hr.database import open_store
from agi_app.cli.output import JsonPath, console_for, write_json
from agi_app.config import load_settings
from agi_app.exchange import audit_log, recording_folder
from hr_sync.care.backup import BackupReport, make_backup, restore_backup, verify_backup
from hr_sync.care.keyring import load_keys, rotate
from hr_sync.care.person import PersonalData
from hr_sync.care.retention import Retention
from hr_sync.errors import SecrecyError
from hr_sync.exports.tables import Kind, export

CandidateId = typer.Option(..., "--candidate", help="Id of the candidate.")


def register(group: typer.Typer) -> None:
    """Add the commands."""
    group.command("export")(_export)
    group.command("person")(_person)
    group.command("erase")(_erase)
    group.command("retention")(_retention)
    group.command("backup")(_backup)
    group.command("restore")(_restore)
    group.command("rotate-key")(_rotate_key)
    audit = typer.Typer(
        help="Who did what to whose data.\n\nExample: hireline hr audit verify --head 120:9f3c…", no_args_is_help=True
    )
    group.add_typer(audit, name="audit")
    audit.command("list")(_audit_list)
    audit.command("verify")(_audit_verify)


def _actor() -> str:
    return f"user:{getpass.getuser()}"


def _export(
    kind: Kind = typer.Argument(help="What."), to: Path = typer.Option(..., "--to", help="File that ends in .csv, .xlsx or .jsonl.")
) -> None:
    """Write all records of a kind into a file that other programs open. No cell runs as a formula.

    Examples: hireline hr export results --to results.xlsx · hireline hr export candidates --to candidates.csv
    """
    settings = load_settings()
    with open_store() as store:
        count = export(store, kind, to)
        audit_log(settings, store).note(_actor(), f"{kind}.export", "", {"records": count})
    Console().print(f"{count} {kind} in {to}", highlight=False)


def _person(candidate: str = CandidateId, to: Path = typer.Option(..., "--to", help="ZIP file to make.")) -> None:
    """Write everything that is known about one person into a ZIP file: records and recordings.

    Example: hireline hr person --candidate zhang-wei --to zhang-wei.zip
    """
    settings = load_settings()
    with open_store() as store:
        person = PersonalData(store.transactions, recording_folder(settings), audit_log(settings, store))
        count = person.export(candidate, to, actor=_actor())
    Console().print(f"{count} records in {to}", highlight=False)


def _erase(
    candidate: str = CandidateId,
    reason: str = typer.Option("on request", "--reason", help="Why; stands in the audit log."),
    yes: bool = typer.Option(False, "--yes", help="Do not ask."),
) -> None:
    """Delete everything about one person: records, transcripts, recordings. It cannot be undone, but for what backups hold.

    A number on the do-not-call list stays there. Other systems learn of it by GET /v1/erasures.

    Example: hireline hr erase --candidate zhang-wei --reason "on request, letter of 2026-11-20"
    """
    settings = load_settings()
    if not yes:
        typer.confirm(f"Delete everything about {candidate}?", abort=True)
    with open_store() as store:
        person = PersonalData(store.transactions, recording_folder(settings), audit_log(settings, store))
        erased = person.erase(candidate, reason, datetime.now(UTC), actor=_actor())
    Console().print(f"{erased.rows} records and {len(erased.call_ids)} calls are gone", highlight=False)


def _retention() -> None:
    """Delete now what is over by the settings care.recordings_days and care.results_days. `hireline serve` does it every hour.

    Example: hireline hr retention
    """
    settings = load_settings()
    with open_store() as store:
        audit = audit_log(settings, store)
        over = Retention(store, recording_folder(settings), audit, settings.care, lambda: datetime.now(UTC)).apply()
    Console().print(f"{over.recordings} recordings and {over.calls} calls deleted", highlight=False)


def _backup(to: Path = typer.Option(..., "--to", help="File to make."), json_path: str | None = JsonPath) -> None:
    """Back up database and recordings into one encrypted file, while everything runs, and read it back to be sure.

    The keys are not in it: keep a copy of the key file elsewhere.

    Example: hireline hr backup --to /backup/hireline-2026-11-22.backup
    """
    settings = load_settings()
    console = console_for(json_path)
    with open_store() as store, console.status("backing up") as status:
        report = make_backup(
            store.path, settings.state / "recordings", load_keys(settings.key_file), to, datetime.now(UTC), status.update
        )
        audit_log(settings, store).note(_actor(), "backup", "", {"recordings": report.recordings})
    console.print(f"{_told(report)} in {to}", highlight=False)
    console.print(f"The keys are in {settings.key_file}; without them the backup cannot be read.", style="dim", highlight=False)
    write_json({"made_at": report.made_at.isoformat(), "recordings": report.recordings, "rows": report.rows}, json_path)


def _restore(
    source: Path = typer.Option(..., "--from", help="Backup file."),
    check: bool = typer.Option(False, "--check", help="Only read it to its end and compare."),
) -> None:
    """Put a backup into an empty state folder: all of it, or nothing.

    Examples: hireline hr restore --from a.backup --check · hireline hr restore --from a.backup
    """
    settings = load_settings()
    console = Console()
    keys = load_keys(settings.key_file)
    with console.status("restoring") as status:
        report = verify_backup(source, keys) if check else restore_backup(source, keys, settings.state, status.update)
    console.print(f"{_told(report)}, of {report.made_at:%Y-%m-%d %H:%M} UTC, {'whole' if check else 'restored'}", highlight=False)


def _told(report: BackupReport) -> str:
    rows = report.rows
    return (
        f"{rows.get('candidates', 0)} candidates, {rows.get('results', 0)} results, {report.recordings} recordings"
        f" ({report.bytes / 1e6:.1f} MB)"
    )


def _rotate_key() -> None:
    """Make a new key for data at rest, and encrypt all recordings with it. Older keys still open older backups and audit lines.

    Example: hireline hr rotate-key
    """
    settings = load_settings()
    keys = rotate(settings.key_file)
    count = recording_folder(settings).renew()
    with open_store() as store:
        audit_log(settings, store).note(_actor(), "keys.rotate", "", {"key": keys.current, "recordings": count})
    Console().print(f"key {keys.current} encrypts from now on; {count} recordings were encrypted anew", highlight=False)


def _audit_list(
    subject: str | None = typer.Option(None, "--subject", help="About this candidate, call or job only."),
    limit: int = typer.Option(50, "--limit", min=1, max=10_000, help="Lines at most."),
    json_path: str | None = JsonPath,
) -> None:
    """List the last lines of the audit log, newest first.

    Example: hireline hr audit list --subject zhang-wei
    """
    settings = load_settings()
    with open_store() as store:
        lines = audit_log(settings, store).lines(subject=subject, limit=limit)
    table = Table("Line", "When", "Who", "What", "Whose", "Details")
    for line in lines:
        details = ", ".join(f"{name} {value}" for name, value in line.details.items())
        table.add_row(str(line.number), f"{line.at:%Y-%m-%d %H:%M:%S} UTC", line.actor, line.action, line.subject, details)
    console_for(json_path).print(table)
    fields = ("number", "at", "actor", "action", "subject", "details")
    write_json([{field: getattr(line, field) for field in fields} for line in lines], json_path)


def _audit_verify(
    head: str | None = typer.Option(None, "--head", help="The head an earlier verify told, kept elsewhere."),
    json_path: str | None = JsonPath,
) -> None:
    """Check that no line of the audit log was changed, moved or taken out. Exits with 1 when one was.

    Keep the head it tells elsewhere: only with it can a cut at the end be found.

    Examples: hireline hr audit verify · hireline hr audit verify --head 120:9f3c…
    """
    settings = load_settings()
    with open_store() as store:
        report = audit_log(settings, store).verify(head)
    console = console_for(json_path)
    for fault in report.faults:
        console.print(fault, style="red", highlight=False)
    console.print(f"{report.lines} lines, head {report.head}", highlight=False, soft_wrap=True)
    write_json({"lines": report.lines, "head": report.head, "faults": report.faults}, json_path)
    if report.faults:
        raise SecrecyError(
            f"the audit log was tampered with: {len(report.faults)} faults",
            remedy="compare it with a backup; find out who could write",
        )
