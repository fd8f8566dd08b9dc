"""`hireline demo` and `hireline simulate`: interviews with simulated candidates over real SIP."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import typer
from rich.console import Console

from agi_app.app import Hireline
from agi_app.cli.live import LiveView
from agi_app.cli.output import JsonPath, console_for, write_json
from agi_app.cli.result_view import print_result
from agi_app.cli.start import load_and_log
from agi_app.config import Settings
from agi_app.errors import TelephonyError
from agi_app.simulate import personas as shipped
from agi_app.simulate.page import page
from agi_app.simulate.persona import Line, Persona, load_line, load_personas
from agi_app.simulate.report import Machine, Report, environment, figures
from agi_app.simulate.runner import SimulatedCall, Simulation
from agi_app.simulate.stage import staged
from hr_sync.records import CallResult


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command()(demo)
    app.command()(simulate)


def demo(json_path: str | None = JsonPath) -> None:
    """Hold one interview: sample HR data, a real Asterisk on loopback, a simulated candidate with a real SIP phone.

    The candidate's speech is synthesised, sent over the phone line and recognised. The result stays in the HR database.

    Examples: hireline demo · hireline demo --json result.json
    """
    settings = load_and_log()
    console = console_for(json_path)
    result = asyncio.run(_demo(settings, console))
    write_json(result.model_dump(mode="json"), json_path)


async def _demo(settings: Settings, console: Console) -> CallResult:
    [persona] = load_personas(shipped.DEMO)
    async with _on_stage(settings, console, listener=LiveView(console)) as (simulation, hireline):
        [call] = await simulation.run([persona])
        if call.result is None:
            raise TelephonyError("the interview did not take place: " + "; ".join(call.unmet), remedy="hireline doctor")
        result = call.result.model_copy(update={"metrics": {**call.result.metrics, **figures([call])}})
        candidate, job = hireline.store.candidate(result.candidate_id), hireline.store.job(result.job_id)
    print_result(console, result, name=candidate.name, job=job)
    for line in call.unmet:
        console.print(f"unmet: {line}", style="yellow", highlight=False)
    console.print(f"in {settings.database}; again: hireline hr show {result.call_id}", style="dim", highlight=False)
    return result


@asynccontextmanager
async def _on_stage(settings: Settings, console: Console, **options: Any) -> AsyncIterator[tuple[Simulation, Hireline]]:  # noqa: ANN401 - staged's own
    """Phones and phone wing, started with their progress shown."""
    async with AsyncExitStack() as stack:
        with console.status("starting") as status:
            pair = await stack.enter_async_context(
                staged(settings, progress=lambda step: status.update(f"starting: {step}"), **options)
            )
        yield pair


def simulate(
    personas: Path = typer.Option(..., "--personas", help="Folder of persona files, or one file.", exists=True),
    calls: int | None = typer.Option(
        None, "--calls", min=1, help="Calls to make; by default each persona once.", show_default=False
    ),
    concurrency: int = typer.Option(1, "--concurrency", min=1, max=200, help="Calls at the same time."),
    line: Path | None = typer.Option(None, "--line", help="A line description that takes the place of every persona's own."),
    seed: int = typer.Option(0, "--seed", help="Seed of noise, loss and jitter."),
    html: Path | None = typer.Option(None, "--html", help="Where the HTML report goes; under the state folder by default."),
    json_path: str | None = JsonPath,
) -> None:
    """Call simulated candidates and measure at their phones; exit 1 when a call did not bring what its persona expects.

    The calls are kept in a database of their own, so that a simulation never touches real candidates.

    Examples: hireline simulate --personas tests/personas · hireline simulate --personas tests/personas --calls 100
    --concurrency 10 --json report.json
    """
    settings = load_and_log()
    console = console_for(json_path)
    loaded = load_personas(personas)
    replaced = load_line(line) if line else None
    report = asyncio.run(_simulate(settings, loaded, calls, concurrency, replaced, seed, console))
    report.print(console)
    target = html or settings.state / "simulated" / "report.html"
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(page(report), "utf-8")
    console.print(f"the same as a page: {target}", style="dim", highlight=False)
    write_json(report.as_json(), json_path)
    if report.unmet:
        raise typer.Exit(1)


async def _simulate(
    settings: Settings,
    personas: list[Persona],
    calls: int | None,
    concurrency: int,
    line: Line | None,
    seed: int,
    console: Console,
) -> Report:
    several = concurrency > 1
    view = LiveView(console, several=several)
    with tempfile.TemporaryDirectory(dir=_made(settings.state), prefix="simulation-") as folder:
        database = Path(folder) / "hireline.db"
        stage = _on_stage(settings, console, line=line, seed=seed, database=database, listener=view)
        async with stage as (simulation, hireline):
            machine = Machine()
            done = await simulation.run(personas, calls=calls, concurrency=concurrency, done=lambda call: _tell(console, call))
            machine.stop()
            used = {part: getattr(settings, part).model_dump() for part in ("recognition", "voice", "turn", "media")}
            where = environment(asterisk=hireline.asterisk_version, models=hireline.models_used)
    return Report(done, concurrency, machine, used, where)


def _tell(console: Console, call: SimulatedCall) -> None:
    disposition = call.result.disposition if call.result else "failed"
    style = "yellow" if call.unmet else "green"
    console.print(
        f"{call.persona.id}: {disposition}" + (f", {len(call.unmet)} unmet" if call.unmet else ""), style=style, highlight=False
    )


def _made(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    return folder
