"""How it feels to talk with it: the shipped personas over real SIP, one call at a time and several, as one table.

    python -m tests.bench.turn_taking                      # every persona once, one at a time; then 60 calls, ten at a time
    python -m tests.bench.turn_taking --only interrupter,nodder --concurrency 1
    python -m tests.bench.turn_taking --keep var/bench     # leaves the two reports there

Takes about half an hour. Run it on a machine that does nothing else: phones, Asterisk and models share its cores.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

PERSONAS = Path(__file__).resolve().parents[1] / "personas"
HIRELINE = Path(sys.executable).with_name("hireline")


def simulate(personas: Path, *, calls: int | None, concurrency: int, report: Path) -> dict[str, Any]:
    """Run the calls; unmet expectations are part of the report, anything else ends the bench."""
    command = [str(HIRELINE), "simulate", "--personas", str(personas), "--concurrency", str(concurrency), "--json", str(report)]
    if calls is not None:
        command += ["--calls", str(calls)]
    done = subprocess.run(command, check=False, stdout=subprocess.DEVNULL)
    if done.returncode not in (0, 1) or not report.exists():
        raise SystemExit(f"simulate ended with {done.returncode}")
    found: dict[str, Any] = json.loads(report.read_text(encoding="utf-8"))
    return found


def share(part: float, whole: float) -> str:
    """A percentage with what it is of."""
    return f"{100 * part / whole:.1f} % of {whole:g}" if whole else "none"


def spread(values: dict[str, float]) -> str:
    """p50 / p95 (n)."""
    return f"{values['p50']:.0f} / {values['p95']:.0f} (n {values['n']:.0f})"


def rows(report: dict[str, Any]) -> dict[str, str]:
    """The table's cells for one run."""
    measured = report["metrics"]
    lines = [call["result"]["metrics"] for call in report["calls"]]
    frames = sum(line.get("frames_in", 0) + line.get("frames_out", 0) for line in lines)
    lost = sum(line.get("frames_dropped", 0) + line.get("underruns", 0) for line in lines)
    acted = measured["interruptions"] - measured["missed_interruptions"]
    stages: dict[str, list[float]] = {}
    for line in lines:
        for stage, values in line.get("stages_ms", {}).items():
            stages.setdefault(stage, []).append(values["p50"])
    return {
        "calls (as expected)": f"{measured['calls']} ({measured['calls'] - measured['calls_unmet']})",
        "voice to voice, ms: p50 / p95": spread(measured["voice_to_voice_ms"]),
        "interruption: our audio stops, ms: p50 / p95": spread(measured["interruption_stop_ms"]),
        "true interruptions acted on": share(acted, measured["interruptions"]),
        "false stops": share(measured["false_stops"], measured["backchannels"]),
        "hesitations at a backchannel, ms: p50 / p95": spread(measured["resumes_ms"]),
        "cut off, of answers with a pause inside": share(measured["cut_offs_in_pause"], measured["answers_with_pause"]),
        "cut off, of all answers": share(measured["cut_offs"], measured["answers"]),
        "frames dropped or too late by us": share(lost, frames),
        "slots right": f"{100 * measured['slot_accuracy']:.0f} %" if measured.get("slot_accuracy") is not None else "none",
        "syllables wrong": f"{100 * measured['asr_pinyin_er']:.1f} %" if measured.get("asr_pinyin_er") is not None else "none",
        "median of the calls' medians, ms": ", ".join(
            f"{stage} {sorted(values)[len(values) // 2]:.0f}" for stage, values in stages.items()
        ),
    }


def main() -> None:
    """Run, print the table in Markdown."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", help="personas by id, with commas; all by default")
    parser.add_argument("--concurrency", type=int, default=10, help="of the second run; 1: only the first")
    parser.add_argument("--calls", type=int, default=60, help="calls of the second run")
    parser.add_argument("--keep", type=Path, help="folder for the two reports")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        personas = PERSONAS
        if asked.only:
            personas = Path(scratch) / "personas"
            personas.mkdir()
            for name in asked.only.split(","):
                shutil.copy(PERSONAS / f"{name}.yaml", personas)
        keep = asked.keep or Path(scratch)
        keep.mkdir(parents=True, exist_ok=True)
        runs = {"one call at a time": simulate(personas, calls=None, concurrency=1, report=keep / "one.json")}
        if asked.concurrency > 1:
            many = simulate(personas, calls=asked.calls, concurrency=asked.concurrency, report=keep / "many.json")
            runs[f"{asked.concurrency} at a time"] = many
    tables = {name: rows(report) for name, report in runs.items()}
    print("| measure |", " | ".join(tables), "|")
    print("| --- |", " | ".join("---" for _ in tables), "|")
    for measure in next(iter(tables.values())):
        print(f"| {measure} |", " | ".join(table[measure] for table in tables.values()), "|")
    for name, report in runs.items():
        for call in report["calls"]:
            for unmet in call["unmet"]:
                print(f"\nunmet, {name}: {call['persona']}: {unmet}", end="")
    print()


if __name__ == "__main__":
    main()
