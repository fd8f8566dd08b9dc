"""`hireline hr report`: a candidate's report as HTML and PDF."""

from __future__ import annotations

from contextlib import closing
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path

import typer
from rich.console import Console

from agi_app.cli.hr.database import open_store
from agi_app.config import load_settings
from agi_app.exchange import recording_folder
from hr_sync.errors import NotFoundError
from hr_sync.records import CallResult
from hr_sync.records.assessment import Assessment
from hr_sync.reports import ReportData, render_html, render_pdf
from hr_sync.store import Store


class ReportLanguage(StrEnum):
    """Of the headings."""

    ZH = "zh"
    EN = "en"


def register(group: typer.Typer) -> None:
    """Add the command."""
    group.command("report")(_report)


def _report(
    call_id: str = typer.Argument(help="Id of the call, as `hireline hr results` lists it."),
    out: Path = typer.Option(Path("reports"), "--out", metavar="DIR", help="Folder the two files are written to."),
    language: ReportLanguage = typer.Option(ReportLanguage.ZH, "--language", help="Of the headings."),
    audio: bool = typer.Option(True, "--audio/--no-audio", help="Put the recording into the HTML file, where there is one."),
) -> None:
    """Write a candidate's report: one HTML file that needs nothing else, and the same as PDF.

    Both hold personal data and are readable by you alone.

    Example: hireline hr report call-20260105-101500-3f2a --out reports
    """
    console = Console()
    with open_store() as store, console.status("writing the report"):
        data = report_data(store, call_id)
    sound = _recording(data.result) if audio else None
    out.mkdir(parents=True, exist_ok=True, mode=0o700)
    files = {
        out / f"{call_id}.html": render_html(data, language.value, recording=sound).encode("utf-8"),
        out / f"{call_id}.pdf": render_pdf(data, language.value),
    }
    for path, content in files.items():
        path.touch(mode=0o600)
        path.write_bytes(content)
        console.print(f"{path}  {len(content) / 1000:,.0f} kB", highlight=False)


def report_data(store: Store, call_id: str) -> ReportData:
    """What the report of a call tells of. Raises NotFoundError."""
    result = store.result(call_id)
    return ReportData(
        result=result,
        candidate=store.candidate(result.candidate_id),
        job=store.job(result.job_id),
        assessment=_assessment(store, call_id),
        decisions=store.decisions(call_id),
        made_at=datetime.now(UTC),
    )


def _assessment(store: Store, call_id: str) -> Assessment | None:
    try:
        return store.assessment(call_id)
    except NotFoundError:
        return None


def _recording(result: CallResult) -> bytes | None:
    """The call's sound as a WAV file; None when none was kept."""
    try:
        recording = recording_folder(load_settings()).open(result.call_id, result.recording)
    except NotFoundError:
        return None
    with closing(recording):
        return recording.read(0, recording.size)
