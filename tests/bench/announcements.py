"""All announcements and pick-ups through the real recogniser, with a table: `python -m tests.bench.announcements [--only TEXT]`."""

from __future__ import annotations

import argparse
import asyncio
from collections import Counter

import numpy as np

from agi_app.audio.vad import SileroVad
from agi_app.config import Settings
from agi_app.interview.announcements import LineServices, load_matcher
from agi_app.interview.voice_activity import VoiceActivity
from agi_app.speech.registry import model_store, recognition_service
from tests.announcement_samples import Maker, announcements, executor, listen, pickups

LATEST_MS = 2500


async def run(only: str, *, verbose: bool) -> None:
    settings = Settings()
    models = model_store(settings)
    activity = VoiceActivity(SileroVad(models.path("silero-vad") / "silero_vad.onnx"))
    recognition = recognition_service(settings, models)
    await recognition.load()
    maker, mind = Maker(settings), executor()
    services = LineServices(recognition, activity, load_matcher(settings.models / settings.interview.language), mind)
    counts: dict[str, Counter[str]] = {}
    late: list[int] = []
    for sample in [each for each in (*announcements(), *pickups()) if only in each.id]:
        audio, end_ms = await asyncio.to_thread(maker.audio, sample)
        heard = await listen(services, audio, answered=sample.answered, end_ms=end_ms)
        right = heard.verdict == sample.expected
        counts.setdefault(sample.expected, Counter())[heard.verdict] += 1
        if heard.after_words_ms is not None:
            late.append(heard.after_words_ms)
        if verbose or not right:
            line, voice = sample.spec.get("line"), sample.spec.get("voice")
            print(
                f"{'ok   ' if right else 'WRONG'} {sample.id}: {heard.verdict} after {heard.after_words_ms} ms, {heard.recognitions} recognitions"
            )
            print(f"      {sample.spec.get('says')} | {' / '.join(heard.texts)} | {voice} {line}")
    print("expected | n | right | otherwise")
    for expected, found in counts.items():
        others = {verdict: n for verdict, n in found.items() if verdict != expected}
        print(f"{expected} | {found.total()} | {found[expected]} | {others or ''}")
    if late:
        p50, p95 = np.percentile(late, [50, 95])
        print(f"decision after the words: p50 {p50:.0f} ms, p95 {p95:.0f} ms, max {max(late)} ms, n {len(late)}")
        print(f"within {LATEST_MS} ms: {sum(each <= LATEST_MS for each in late)}; the others were decided by the repeat")
    await recognition.close()
    activity.close()
    mind.shutdown()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", default="", help="samples whose id holds this")
    parser.add_argument("--verbose", action="store_true", help="every sample, with what was recognised")
    arguments = parser.parse_args()
    asyncio.run(run(arguments.only, verbose=arguments.verbose))
