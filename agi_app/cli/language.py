"""`hireline understand`, `chat`, `pack check`: the dialogue without a phone."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import typer
from pydantic import AwareDatetime, BaseModel, ConfigDict, ValidationError
from rich.console import Console

from agi_app.cli.hr import open_store
from agi_app.cli.output import JsonPath, console_for, write_json, write_lines
from agi_app.config import load_settings
from agi_app.control import ControlClient
from agi_app.dialogue.chat import HELP
from agi_app.dialogue.chat import chat as hold_chat
from agi_app.dialogue.dialogue import Dialogue
from agi_app.dialogue.evaluation import evaluate, load_cases, report_lines
from agi_app.dialogue.nlu.review import review
from agi_app.dialogue.pack.check import Finding
from agi_app.dialogue.pack.loader import check_folder, load_pack
from agi_app.dialogue.understanding import Heard, Hypothesis, Understander
from agi_app.errors import PackError
from agi_app.interview.announcements import load_matcher
from agi_app.interview.sayings import load_sayings
from agi_app.language import load_understander
from agi_app.telephony.secrets import load_secrets
from hr_sync.errors import InvalidDataError
from hr_sync.sample import load_sample

Question = typer.Option(
    None, "--question", help="The question the lines answer, e.g. expected_pay; a line of JSON may name its own."
)


class _Line(BaseModel):
    """One line of JSON input."""

    model_config = ConfigDict(extra="ignore")

    text: str
    question: str | None = None
    now: AwareDatetime | None = None


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command()(understand)
    app.command()(chat)
    app.command("eval")(evaluation)
    group = typer.Typer(help="Language packs: what is said and asked.", no_args_is_help=True)
    app.add_typer(group, name="pack")
    group.command("check")(check)
    group.command("reload")(reload)


def understand(question: str | None = Question, json_path: str | None = JsonPath) -> None:
    """Read utterances from standard input, one a line (text, or JSON with `text`, `question`, `now`), and print what they mean.

    Examples: echo 我期望一万二左右 | hireline understand --question expected_pay · hireline understand --json - < lines.jsonl
    """
    understander = load_understander(load_settings())
    console = console_for(json_path)
    meanings = _meanings(understander, question, console if json_path is None else None)
    write_lines(meanings, json_path)


def evaluation(
    folder: Path = typer.Argument(..., help="Folder of *.jsonl with utterances and what they mean.", exists=True),
    misses: bool = typer.Option(True, "--misses/--no-misses", help="Show every utterance that was understood otherwise."),
    json_path: str | None = JsonPath,
) -> None:
    """Measure the understanding on utterances with known meaning.

    Example: hireline eval tests/data/understanding
    """
    understander = load_understander(load_settings())
    outcome = evaluate(understander, load_cases(folder))
    console = console_for(json_path)
    for line in report_lines(outcome, misses=misses):
        console.print(line, highlight=False, markup=False, soft_wrap=True)
    write_json(outcome.as_json(), json_path)


def chat(
    candidate: str = typer.Option(..., "--candidate", help="Id of the candidate in the HR database."),
    job: str = typer.Option(..., "--job", help="Id of the job."),
) -> None:
    """Hold the interview by keyboard, showing what was understood of each line. Nothing is written to the database.

    Example: hireline chat --candidate zhang-wei --job key-account-sales
    """
    settings = load_settings()
    with open_store() as store:
        if not store.jobs(limit=1):
            load_sample(store)
        brief = store.brief(candidate, job)
    pack = load_pack(settings.models / settings.interview.language)
    understander = load_understander(settings)
    dialogue = Dialogue(pack, understander, brief, call_id="chat", now=lambda: datetime.now(UTC).astimezone())
    console = Console()
    console.print(HELP, style="dim")
    styles = {"system": "cyan", "outcome": "bold", "learned": "green", "understood": "green"}

    def read() -> str | None:
        try:
            return console.input("[bold green]候选人：[/]")
        except EOFError:
            return None

    def show(sort: str, line: str) -> None:
        console.print(
            f"{'AI：' if sort == 'system' else sort + ': '}{line}", style=styles.get(sort, "dim"), highlight=False, markup=False
        )

    hold_chat(dialogue, read, show)


def _meanings(understander: Understander, question: str | None, console: Console | None) -> Iterator[dict[str, Any]]:
    for number, raw in enumerate(sys.stdin, start=1):
        if not raw.strip():
            continue
        line = _read(raw.rstrip("\n"), number)
        now = line.now or datetime.now(UTC).astimezone()
        heard = Heard(hypotheses=(Hypothesis(line.text),))
        meaning = understander.understand(heard, question=line.question or question, now=now).as_json()
        if console is not None:
            intents = "+".join((meaning["intent"], *meaning["also"]))
            doubt = " (to be confirmed)" if meaning["needs_confirmation"] else ""
            console.print(f"{line.text}  →  {intents} {meaning['confidence']:.2f} {meaning['slots'] or ''}{doubt}", highlight=False)
        yield meaning


def _read(raw: str, number: int) -> _Line:
    if not raw.lstrip().startswith("{"):
        return _Line(text=raw)
    try:
        return _Line.model_validate(json.loads(raw))
    except (json.JSONDecodeError, ValidationError) as error:
        problem = str(error).splitlines()[0]
        raise InvalidDataError(
            f"the line is not the JSON expected: {problem}",
            where=f"standard input, line {number}",
            remedy='write {"question": "expected_pay", "text": "…"} or plain text',
        ) from error


def _telephone(folder: Path) -> Iterator[Finding]:
    """What is wrong with the announcements and the sentences outside the interview."""
    for load in (load_matcher, load_sayings):
        try:
            load(folder)
        except PackError as error:
            file, _, line = (error.where or str(folder)).rpartition(":")
            yield Finding(file or str(error.where), int(line) if line.isdigit() else 1, "error", error.what)


def reload() -> None:
    """Have the running server take the language pack from its files. Calls that run keep the one they began with.

    A pack that cannot be used is refused with file and line, and the one in use stays.

    Example: hireline pack check && hireline pack reload
    """
    settings = load_settings()
    asyncio.run(ControlClient(settings.control, load_secrets(settings.state).control_token).reload_pack())
    Console().print("the running server uses the pack as it is now", highlight=False)


def check(
    language: str | None = typer.Argument(None, help="Name of the pack; the configured language by default."),
) -> None:
    """Check a language pack; every finding names file and line. Exit 1 when a call would fail.

    Example: hireline pack check zh_CN
    """
    settings = load_settings()
    folder = settings.models / (language or settings.interview.language)
    findings = [*check_folder(folder), *review(folder), *_telephone(folder)]
    console = Console()
    for finding in findings:
        style = "red" if finding.severity == "error" else "yellow"
        console.print(f"{finding.file}:{finding.line}: {finding.severity}: {finding.message}", style=style, highlight=False)
    errors = sum(finding.severity == "error" for finding in findings)
    console.print(f"{errors} errors, {len(findings) - errors} warnings", highlight=False)
    if errors:
        raise typer.Exit(1)
