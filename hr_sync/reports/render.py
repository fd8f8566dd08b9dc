"""Renders a report: one HTML file that needs nothing else, and the same as PDF."""

from __future__ import annotations

import base64
import hashlib
import io
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import cache, partial
from typing import Any
from zoneinfo import ZoneInfo

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from hr_sync.errors import ReportError
from hr_sync.records import CallResult, Candidate, Job, Turn
from hr_sync.records.assessment import Assessment, CompetencyAssessment, Decision
from hr_sync.reports import drawing, wording
from hr_sync.reports.recording import as_data_uri

STRONG, WEAK = 60.0, 40.0
"""Scores from which a competency counts as a strength, and below which as a gap."""
_LONGEST_RANGE = 100.0


@dataclass(frozen=True, slots=True)
class ReportData:
    """What a report tells of."""

    result: CallResult
    candidate: Candidate
    job: Job
    assessment: Assessment | None
    decisions: tuple[Decision, ...]
    made_at: datetime


def render_html(data: ReportData, language: wording.Language = "zh", *, recording: bytes | None = None) -> str:
    """One HTML document without any reference to something outside it.

    Args:
        data: what to tell.
        language: of the headings; the candidate's words stay as they were said.
        recording: the call's WAV file, played in step with the transcript.

    Raises:
        ReportError: the recording cannot be read.
    """
    return _render(data, language, as_data_uri(recording) if recording else None)


def render_pdf(data: ReportData, language: wording.Language = "zh") -> bytes:
    """The report on A4.

    Raises:
        ReportError: the libraries PDF needs are missing on this machine.
    """
    weasyprint = _weasyprint()
    packed = io.BytesIO()
    weasyprint.HTML(string=_render(data, language, None), url_fetcher=_refuse).write_pdf(packed)
    return packed.getvalue()


def _render(data: ReportData, language: wording.Language, audio: str | None) -> str:
    environment = _environment()
    style, script = (_source(environment, name) for name in ("report.css", "report.js"))
    zone = ZoneInfo("Asia/Shanghai")
    result, assessment = data.result, data.assessment
    length = max((turn.end_ms for turn in result.transcript), default=0)
    return environment.get_template("report.html.j2").render(
        data=data,
        result=result,
        assessment=assessment,
        language="zh-CN" if language == "zh" else "en",
        t=partial(wording.label, language=language),
        v=partial(wording.value_text, language=language),
        slot=partial(wording.slot_text, language=language),
        why=partial(wording.reason_text, language=language),
        advice=partial(wording.recommendation_text, language=language),
        local=lambda at: at.astimezone(zone).strftime("%Y-%m-%d %H:%M"),
        clock=_clock,
        strengths=_by_score(assessment, lambda score: score >= STRONG),
        gaps=_by_score(assessment, lambda score: score < WEAK),
        unknown=[one for one in assessment.competencies if one.score is None] if assessment else [],
        words=drawing.cloud(assessment.keywords if assessment else {}),
        curves=drawing.curves(result.mood, length),
        evidence_at=_evidence_at(assessment),
        pay=_pay_scale(data),
        drawing=drawing,
        audio=Markup(audio) if audio else None,  # noqa: S704 - a data URI of our own making
        style=Markup(style),  # noqa: S704 - our own file
        script=Markup(script),  # noqa: S704 - our own file
        policy=_policy(style, script),
    )


@cache
def _environment() -> Environment:
    return Environment(
        loader=PackageLoader("hr_sync.reports"), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )


def _source(environment: Environment, name: str) -> str:
    loader = environment.loader
    assert loader is not None  # noqa: S101 - made above
    return loader.get_source(environment, name)[0]


def _policy(style: str, script: str) -> str:
    """The content security policy: our own style and script by their hashes, sound and nothing else."""
    hashes = (base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() for text in (style, script))
    style_hash, script_hash = hashes
    return (
        f"default-src 'none'; style-src 'sha256-{style_hash}'; script-src 'sha256-{script_hash}'; media-src data:;"
        " base-uri 'none'; form-action 'none'"
    )


def _clock(milliseconds: int) -> str:
    """Minutes and seconds of audio."""
    seconds = milliseconds // 1000
    return f"{seconds // 60}:{seconds % 60:02d}"


def _by_score(assessment: Assessment | None, wanted: Callable[[float], bool]) -> list[CompetencyAssessment]:
    return [one for one in assessment.competencies if one.score is not None and wanted(one.score)] if assessment else []


def _evidence_at(assessment: Assessment | None) -> Callable[[Turn], bool]:
    """Whether a turn holds evidence."""
    starts = [item.start_ms for one in assessment.competencies for item in one.evidence] if assessment else []
    return lambda turn: any(turn.start_ms <= at < max(turn.end_ms, turn.start_ms + 1) for at in starts)


def _pay_scale(data: ReportData) -> dict[str, Any]:
    """The job's range, the offer and the expectation on one scale of 0-100."""
    expected = (data.result.pay_fit.expected if data.result.pay_fit else None) or data.result.slots.get("expected_pay") or {}
    offer = data.assessment.offer if data.assessment else None
    bounds = data.job.pay.range
    figures = [bounds.min, bounds.max]
    if offer is not None:
        figures += [offer.level_range.min, offer.level_range.max]
    monthly = isinstance(expected, dict) and expected.get("period", "month") == "month"
    wished = [amount for key in ("min", "max") if monthly and isinstance(amount := expected.get(key), int)]
    figures += wished
    low, high = min(figures) * 0.95, max(figures) * 1.05

    def at(amount: float) -> float:
        return round(_LONGEST_RANGE * (amount - low) / ((high - low) or 1), 2)

    return {
        "range": (at(bounds.min), at(bounds.max)),
        "level": (at(offer.level_range.min), at(offer.level_range.max)) if offer else None,
        "offer": (at(offer.range.min), at(offer.range.max)) if offer else None,
        "expected": at(sum(wished) / len(wished)) if wished else None,
    }


def _weasyprint() -> Any:  # noqa: ANN401 - loaded when needed: it brings a megabyte of libraries along
    try:
        import weasyprint
    except OSError as error:
        raise ReportError(
            f"PDF needs system libraries that are missing: {error}",
            remedy="apt-get install libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0 fonts-wqy-microhei, or make setup",
        ) from error
    return weasyprint


def _refuse(url: str, *_: object, **__: object) -> None:
    """A report refers to nothing outside itself."""
    raise ReportError("a report refers to something outside itself", where=url[:40])
