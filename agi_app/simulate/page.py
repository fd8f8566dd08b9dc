"""A simulation's report as one HTML page that needs nothing else: no scripts, no fonts, no files. English and Chinese."""

from __future__ import annotations

import json
from collections.abc import Sequence
from html import escape
from pathlib import Path
from string import Template

from agi_app.simulate.measure import total
from agi_app.simulate.report import Report, figures, histogram, percent, rows

_TEMPLATE = Path(__file__).with_name("page.html")
_WIDTH, _HEIGHT = 640, 150
_FOOT, _TOP = 20, 15
"""Room for the labels below and above the bars."""
_LABEL_EVERY = 4


def page(report: Report) -> str:
    """The whole page."""
    measures = total(call.measures for call in report.calls)
    charts = (
        ("Reply time, ms · 应答时间（毫秒）", measures.voice_to_voice_ms),
        ("From interruption to silence, ms · 被打断后停下（毫秒）", measures.interruption_stop_ms),
        ("From false stop to speech, ms · 误停后恢复（毫秒）", measures.resumes_ms),
    )
    settings = json.dumps({**report.settings, **report.environment}, ensure_ascii=False, indent=2, default=str)
    return Template(_TEMPLATE.read_text(encoding="utf-8")).substitute(
        charts="\n".join(chart(title, values) for title, values in charts),
        metrics=_table(("measure 指标", "value 数值"), rows(report.metrics())),
        personas=_personas(report),
        unmet=_unmet(report),
        settings=escape(settings),
    )


def chart(title: str, values: Sequence[float]) -> str:
    """A histogram as inline SVG; a word when there is nothing to draw."""
    heading = f"<h2>{escape(title)}</h2>\n"
    bins = histogram(values)
    if not bins:
        return f"{heading}<p>none · 无</p>"
    tallest = max(count for _, _, count in bins)
    step, room = _WIDTH / len(bins), _HEIGHT - _FOOT - _TOP
    shapes = [_text(0, _TOP - 4, str(tallest)), _text(_WIDTH - 4, _HEIGHT - 5, f"{bins[-1][1]:.0f}", anchor="end")]
    for index, (low, high, count) in enumerate(bins):
        height, left = room * count / tallest, index * step
        box = f'x="{left + 1:.1f}" y="{_HEIGHT - _FOOT - height:.1f}" width="{step - 2:.1f}" height="{height:.1f}"'
        shapes.append(f"<rect {box}><title>{low:.0f}-{high:.0f}: {count}</title></rect>")
        if index % _LABEL_EVERY == 0:
            shapes.append(_text(left, _HEIGHT - 5, f"{low:.0f}"))
    label = f'viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" aria-label="{escape(title)}"'
    return f"{heading}<svg {label}>{''.join(shapes)}</svg>"


def _text(x: float, y: float, text: str, *, anchor: str = "start") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(text)}</text>'


def _table(head: Sequence[str], body: Sequence[Sequence[str]]) -> str:
    top = "".join(f"<th>{escape(cell)}</th>" for cell in head)
    lines = "".join("<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in body)
    return f"<table><thead><tr>{top}</tr></thead><tbody>{lines}</tbody></table>"


def _personas(report: Report) -> str:
    head = ("persona 候选人", "calls 通话", "met 达标", "p50 ms", "p95 ms", "n", "cut off 抢话", "CER 字错率", "slots 字段正确率")
    body: list[tuple[str, ...]] = []
    for persona, calls in report.by_persona().items():
        values = figures(calls)
        reply = values["voice_to_voice_ms"]
        met = sum(not call.unmet for call in calls)
        counts = (len(calls), met, round(reply["p50"]), round(reply["p95"]), reply["n"])
        cut_offs = f"{values['cut_offs']} / {values['answers']}"
        body.append((persona, *map(str, counts), cut_offs, percent(values["asr_cer"]), percent(values["slot_accuracy"])))
    return _table(head, body)


def _unmet(report: Report) -> str:
    lines = [f"<li><b>{escape(call.persona.id)}</b> {escape(line)}</li>" for call in report.calls for line in call.unmet]
    return f'<ul class="bad">{"".join(lines)}</ul>' if lines else '<p class="good">none · 无</p>'
