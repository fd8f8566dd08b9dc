"""Three witnesses, one verdict: the announcement's words, the network's tones, and SIP code or cause.

Words are the most precise, and carriers send them with whatever code their switch likes (480 for a number that does not exist). A
tone says less. The code decides alone where nothing was heard, and against words only where it tells what a person did: who
declines a call (603, 607, 608) is often announced as busy.
"""

from __future__ import annotations

from dataclasses import dataclass

from agi_app.telephony.call import CallEnding
from agi_app.telephony.progress.catalogue import Meaning
from agi_app.telephony.progress.matching import Finding
from hr_sync.records import Disposition

TONES: dict[str, Disposition] = {
    "busy": Disposition.BUSY,
    "congestion": Disposition.UNREACHABLE,
    "unobtainable": Disposition.INVALID_NUMBER,
    "special_information": Disposition.UNREACHABLE,
}
"""What a tone alone comes to; the special information tone only says that an announcement follows."""

_DECLINED = (603, 607, 608)
_ABOUT_THE_PERSON = {Disposition.BUSY, Disposition.NO_ANSWER, Disposition.UNREACHABLE}


@dataclass(frozen=True, slots=True)
class Conclusion:
    """What an unanswered call, or one a machine answered, comes to."""

    disposition: Disposition
    evidence: str
    """What decided, in words for people; quotes the catalogue, never what was recognised."""


def of_words(finding: Finding, *, answered: bool = False) -> Conclusion:
    """What a phrase comes to; it must have a disposition."""
    assert finding.kind.disposition is not None  # noqa: S101 - the caller looks at the meaning first
    what = "voicemail greeting" if finding.kind.meaning is Meaning.VOICEMAIL else "announcement"
    when = "after the answer" if answered else "while it rang"
    quoted = f"{what} {when}: {finding.phrase.text} ({finding.kind.id}, distance {finding.cost:.2f})"
    return Conclusion(finding.kind.disposition, quoted)


def of_tone(name: str) -> Conclusion:
    """What a tone comes to."""
    return Conclusion(TONES[name], f"tone while it rang: {name}")


def with_ending(heard: Conclusion, ending: CallEnding) -> Conclusion:
    """Put what was heard together with what the network said."""
    evidence = f"{heard.evidence}; {ending.evidence}"
    if ending.sip_code in _DECLINED and heard.disposition in _ABOUT_THE_PERSON:
        return Conclusion(Disposition.REJECTED, evidence)
    return Conclusion(heard.disposition, evidence)
