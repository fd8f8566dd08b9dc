from __future__ import annotations

import io
import json
import re
from datetime import UTC, datetime
from xml.etree import ElementTree

from rich.console import Console

from agi_app.simulate.judgement import Accuracy
from agi_app.simulate.measure import Measures
from agi_app.simulate.page import chart, page
from agi_app.simulate.persona import Persona
from agi_app.simulate.report import Machine, Report, environment, histogram
from agi_app.simulate.runner import SimulatedCall
from hr_sync.records import CallResult, Disposition

AT = datetime(2026, 3, 2, 10, tzinfo=UTC)


def call(name: str, reply_ms: list[float], *unmet: str, right: int = 1) -> SimulatedCall:
    persona = Persona.model_validate({"id": name, "candidate_id": "c", "job": "j"})
    result = CallResult(
        call_id="c1",
        attempt=1,
        candidate_id="c",
        job_id="j",
        disposition=Disposition.COMPLETED,
        started_at=AT,
        ended_at=AT,
        metrics={"frames_late": 2},
    )
    measures = Measures(voice_to_voice_ms=reply_ms, interruptions=1, answers=4, cut_offs=1)
    return SimulatedCall(persona, "1", result, None, measures, Accuracy(slots_wanted=2, slots_right=right), list(unmet))


def report() -> Report:
    calls = [
        call("anna", [400, 600]),
        call("anna", [500], "slot expected_pay: 12000 wanted, 2000 found", right=0),
        call("bert", [], "slot city: <b> wanted"),
    ]
    place = environment(asterisk="22.10.1", models={"recogniser": "whisper"})
    return Report(calls=calls, concurrency=2, machine=Machine(1.5, 300), settings={"end_silence_ms": 500}, environment=place)


def test_json_has_the_contracts_form() -> None:
    data = json.loads(json.dumps(report().as_json()))
    assert [entry["persona"] for entry in data["calls"]] == ["anna", "anna", "bert"]
    assert data["calls"][1]["unmet"] == ["slot expected_pay: 12000 wanted, 2000 found"]
    assert data["calls"][0]["result"]["disposition"] == "completed"
    metrics = data["metrics"]
    assert metrics["voice_to_voice_ms"] == {"p50": 500, "p95": 590, "max": 600, "n": 3}
    assert metrics["slot_accuracy"] == round(2 / 6, 4)
    assert (metrics["cut_offs"], metrics["calls_unmet"], metrics["concurrency"], metrics["frames_late"]) == (3, 2, 2, 6)
    assert metrics["frames_dropped"] is None
    for name in ("interruption_stop_ms", "false_stops", "missed_interruptions", "resumes_ms", "asr_cer", "asr_pinyin_er"):
        assert name in metrics
    for name in ("answered_questions", "cpu_s", "rss_mb"):
        assert name in metrics
    assert data["personas"]["anna"]["voice_to_voice_ms"]["n"] == 3
    assert data["settings"] == {"end_silence_ms": 500}
    assert data["environment"]["asterisk"] == "22.10.1"


def test_the_terminal_shows_figures_and_what_is_unmet() -> None:
    console = Console(file=io.StringIO(), width=160)
    report().print(console)
    text = console.file.getvalue()  # type: ignore[attr-defined]
    assert "500 / 590 (3)" in text
    assert "unmet anna: slot expected_pay: 12000 wanted, 2000 found" in text


def test_the_page_stands_alone_and_escapes_what_it_shows() -> None:
    text = page(report())
    assert "<svg" in text
    assert "&lt;b&gt;" in text
    assert "city: <b>" not in text
    assert not re.search(r"(src|href)=|@import|url\(|<script", text)
    assert "slot expected_pay: 12000 wanted" in text


def test_a_histogram_holds_every_value() -> None:
    bins = histogram([0, 100, 250, 990, 1000])
    assert sum(count for _, _, count in bins) == 5
    assert bins[-1][1] == 1000
    assert histogram([]) == []
    assert histogram([0.0])[0][2] == 1


def test_a_chart_is_well_formed_svg() -> None:
    drawn = chart("a < b", [1, 2, 3])
    tree = ElementTree.fromstring(f"<x>{drawn}</x>")  # noqa: S314 - our own
    assert len(tree.findall(".//rect")) == 24
    assert "none" in chart("empty", [])
