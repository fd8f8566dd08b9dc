"""A call's result as a person wants to read it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rich.console import Console, Group, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from hr_sync.records import CallResult, Job, Speaker

LABELS = {
    "expected_pay": "Expected pay 期望薪资",
    "start_date": "Start date 到岗时间",
    "years_experience": "Experience 工作年限",
    "degree": "Degree 学历",
    "callback_time": "Call back 回拨时间",
    "interview_time": "Interview 面试时间",
}
PERIODS = {"month": "a month 每月", "year": "a year 每年", "day": "a day 每天", "hour": "an hour 每小时"}


def print_result(console: Console, result: CallResult, *, name: str, job: Job) -> None:
    """Print the result of a call.

    Args:
        name: the candidate's name, shown to the recruiter only, never logged.
        job: the job the call was about.
    """
    parts: list[RenderableType] = [_head(result, name, job), Text(), _answers(result)]
    if result.doubts:
        parts += [Text(), _doubts(result)]
    parts += [Text(), _transcript(result), Text(), _figures(result)]
    console.print(Panel(Group(*parts), title="Result 面试结果", title_align="left", padding=(1, 2)))


def _head(result: CallResult, name: str, job: Job) -> RenderableType:
    grid = _grid()
    grid.add_row("Candidate 候选人", f"{name}  ({result.candidate_id})")
    grid.add_row("Job 岗位", f"{job.company.short_name} · {job.title}  ({result.job_id})")
    outcome = f"{result.disposition}, {result.interest}"
    if result.evidence:
        outcome += f"  ({result.evidence})"
    grid.add_row("Outcome 结果", Text(outcome, "bold"))
    grid.add_row("Call 通话", f"{result.call_id}, attempt {result.attempt}, {_duration(result)}")
    grid.add_row("Recording 录音", result.recording or "none 无")
    return grid


def _answers(result: CallResult) -> RenderableType:
    grid = _grid()
    for slot, value in result.slots.items():
        grid.add_row(LABELS.get(slot, slot), slot_text(slot, value))
    if result.pay_fit and result.pay_fit.score is not None:
        low, high = result.pay_fit.range
        grid.add_row("Pay fit 薪资匹配", f"{result.pay_fit.score} of 100 (range {low:,}-{high:,})")
    if not result.slots:
        grid.add_row("Answers 回答", "none 无")
    return grid


def _doubts(result: CallResult) -> RenderableType:
    table = Table("Asked 候选人的问题", "About 意图", "Answered 已答复", box=None, header_style="bold")
    for doubt in result.doubts:
        table.add_row(doubt.text, doubt.intent, "yes 是" if doubt.answered else Text("no, HR to answer 待HR答复", "yellow"))
    return table


def _transcript(result: CallResult) -> RenderableType:
    table = Table("Time", "Who", "Words 通话记录", box=None, header_style="bold")
    for turn in result.transcript:
        ours = turn.who is Speaker.SYSTEM
        table.add_row(
            f"{turn.start_ms / 1000:6.1f}",
            "AI" if ours else "候选人",
            Text(turn.text + (" ✂" if turn.interrupted else ""), "cyan" if ours else "green"),
        )
    return table


def _figures(result: CallResult) -> RenderableType:
    grid = _grid()
    metrics = result.metrics
    timed = (("voice_to_voice_ms", "Voice to voice"), ("interruption_stop_ms", "Stops when interrupted"))
    for key, label in timed:
        if (value := metrics.get(key)) and value.get("n"):
            grid.add_row(
                label, f"p50 {value['p50']:.0f} ms, p95 {value['p95']:.0f} ms, max {value['max']:.0f} ms over {value['n']}"
            )
    for key, label in (("asr_cer", "Characters wrong"), ("asr_pinyin_er", "Syllables wrong"), ("slot_accuracy", "Slots right")):
        if isinstance(metrics.get(key), int | float):
            grid.add_row(label, f"{100 * metrics[key]:.1f} %")
    if "cpu_s" in metrics:
        grid.add_row("Machine", f"{metrics['cpu_s']} s of CPU, {metrics.get('rss_mb', '?')} MB")
    if metrics.get("troubles"):
        grid.add_row("Troubles", ", ".join(f"{what} ×{count}" for what, count in metrics["troubles"].items()))
    return grid


def slot_text(slot: str, value: object) -> str:
    """A slot's value in words."""
    if slot == "expected_pay" and isinstance(value, Mapping):
        return _pay_text(value)
    if isinstance(value, Mapping):
        if "in_days" in value:
            return f"in {value['in_days']} days {value['in_days']}天后" if value["in_days"] else "at once 随时"
        return " ".join(str(part) for part in value.values())
    return str(value)


def _pay_text(value: Mapping[str, Any]) -> str:
    low, high = value.get("min"), value.get("max")
    if low is not None and high is not None:
        amount = f"{low:,}" if low == high else f"{low:,}-{high:,}"
    elif low is not None:
        amount = f"from {low:,}"
    elif high is not None:
        amount = f"up to {high:,}"
    else:
        return str(dict(value))
    return f"{amount} yuan {PERIODS.get(value.get('period', 'month'), '')}" + (", after tax 税后" if value.get("net") else "")


def _duration(result: CallResult) -> str:
    if result.answered_at is None:
        return "not answered 未接听"
    seconds = (result.ended_at - result.answered_at).total_seconds()
    return f"{int(seconds // 60)} min {int(seconds % 60)} s"


def _grid() -> Table:
    grid = Table.grid(padding=(0, 3))
    grid.add_column(style="dim", no_wrap=True)
    grid.add_column()
    return grid
