"""`hireline hr assess` and `hireline hr decide`: what interviews say about candidates, and what people decided."""

from __future__ import annotations

import getpass
import uuid
from datetime import UTC, datetime

import typer
from rich.console import Console, Group
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from agi_app.app import load_assessor
from agi_app.cli.hr.database import open_store
from agi_app.cli.output import JsonPath, console_for, write_json
from agi_app.config import load_settings
from agi_app.exchange import audit_log
from agi_app.interview.assessment.service import assess_call
from hr_sync.errors import NotFoundError
from hr_sync.records.assessment import Assessment, Decision, DecisionKind
from hr_sync.reports.wording import reason_text, recommendation_text
from hr_sync.store import Store

_CALL = typer.Argument(help="Id of the call, as `hireline hr results` lists it.")
_BATCH = 200


def register(group: typer.Typer) -> None:
    """Add the commands."""
    group.command("assess")(_assess)
    group.command("decide")(_decide)


def _assess(
    calls: list[str] = typer.Argument(None, help="Ids of calls; none: every answered call that has no assessment."),
    again: bool = typer.Option(False, "--again", help="Assess calls anew that have an assessment, after the rubrics changed."),
    json_path: str | None = JsonPath,
) -> None:
    """Score competencies from what was said, with evidence; level, offer range and a recommendation.

    It runs by itself after each call. A person decides: `hireline hr decide`.

    Example: hireline hr assess call-20260105-101500-3f2a
    """
    console = console_for(json_path)
    with open_store() as store:
        wanted = list(calls or store.unassessed(limit=_BATCH))
        found = [one for call_id in wanted if not again and (one := _stored(store, call_id)) is not None]
        missing = [call_id for call_id in wanted if call_id not in {one.call_id for one in found}]
        if missing:
            with console.status("assessing"):
                assessor = load_assessor(load_settings())
                found += [assess_call(store, assessor, call_id) for call_id in missing]
    for one in found:
        print_assessment(console, one)
    if not found:
        console.print("every answered call is assessed", style="dim")
    write_json([one.model_dump(mode="json") for one in found], json_path)


def _stored(store: Store, call_id: str) -> Assessment | None:
    store.result(call_id)  # an unknown call is an error
    try:
        return store.assessment(call_id)
    except NotFoundError:
        return None


def _decide(
    call_id: str = _CALL,
    by: str = typer.Option(..., "--by", metavar="NAME", help="Who decides."),
    decision: DecisionKind = typer.Option(..., "--decision", help="What is decided."),
    reason: str = typer.Option(..., "--reason", help="Why; kept with the decision."),
    json_path: str | None = JsonPath,
) -> None:
    """Write down what a person decided about the candidate of a call. Nothing that stands there is changed by it.

    Example: hireline hr decide call-20260105-101500-3f2a --by 林晓 --decision advance --reason "客户案例具体，结果有数字"
    """
    console = console_for(json_path)
    settings = load_settings()
    with open_store() as store:
        assessment = _stored(store, call_id)
        made = Decision(
            id=f"decision-{uuid.uuid4().hex[:12]}",
            call_id=call_id,
            decision=decision,
            by=by.strip(),
            reason=reason.strip(),
            at=datetime.now(UTC).astimezone(),
            recommendation=assessment.recommendation if assessment else None,
        )
        audit, actor = audit_log(settings, store), f"user:{getpass.getuser()}"
        details = {"decision": made.decision, "id": made.id}
        store.decide(made, note=lambda db: audit.note_in(db, actor, "decision", call_id, details))
        everything = store.decisions(call_id)
    console.print(f"decided 已决定: {made.decision} by {made.by}; {len(everything)} decisions about this call", highlight=False)
    write_json([one.model_dump(mode="json") for one in everything], json_path)


def print_assessment(console: Console, assessment: Assessment) -> None:
    """Print an assessment for people."""
    table = Table("Competency 能力", "Score 分数", "Sure 置信度", "Evidence 依据", box=None, header_style="bold")
    for one in assessment.competencies:
        said = "; ".join(f"{item.start_ms / 1000:.0f} s: {item.text}" for item in one.evidence)
        score = "–" if one.score is None else f"{one.score:.0f}"
        table.add_row(one.title, score, f"{one.confidence:.2f}", said or "not enough was said 说得太少")
    offer = assessment.offer
    overall = "–" if assessment.overall is None else f"{assessment.overall:.0f}"
    lines = Table.grid(padding=(0, 3))
    lines.add_row("Overall 总分", f"{overall} of 100")
    lines.add_row("Level 级别", f"{offer.level or '–'}, {offer.range.min:,}-{offer.range.max:,} yuan a month")
    lines.add_row("Recommendation 建议", Text(recommendation_text(assessment.recommendation), "bold"))
    for reason in assessment.reasons:
        lines.add_row("", reason_text(reason))
    body = Group(table, Text(), lines, Text("A person decides 由人决定: hireline hr decide", "dim"))
    console.print(Panel(body, title=assessment.call_id, title_align="left", padding=(1, 2)))
