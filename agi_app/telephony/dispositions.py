"""From what the network said to a disposition: the one table for calls that were not answered.

Sources: the meaning of SIP responses, RFC 3261 chapter 21 (607: RFC 8197, 608: RFC 8688); of hangup causes, ITU-T Q.850; how the
two correspond, RFC 3398 chapter 8.2.6.1 and Asterisk's own hangup cause mapping (res_pjsip turns 503 into 34, 502 into 27, 500
into 38, 408 into 18). The SIP response decides when there is one, because Asterisk's causes are derived from it and lose detail.

Choices where the sources leave room:
- 403 comes from the trunk, not from a telephone (a telephone that declines says 603 or 486): the carrier refuses us.
- 502 and 504 speak of what lies behind the trunk: the number is unreachable. All other 5xx are the trunk's own trouble.
- 480 is what a telephone network says of a subscriber who does not pick up or is switched off: not answered, worth another try.
- 408 without any sign of life before it is made by our own SIP stack when nobody answers at all (timer B, 32 s): the trunk is dead.
"""

from __future__ import annotations

from dataclasses import dataclass

from hr_sync.records import Disposition

_D = Disposition

SIP: dict[int, tuple[Disposition, str]] = {
    401: (_D.TRUNK_FAILED, "unauthorized: the trunk refuses our credentials"),
    402: (_D.TRUNK_FAILED, "payment required"),
    403: (_D.TRUNK_FAILED, "forbidden by the trunk"),
    404: (_D.INVALID_NUMBER, "not found"),
    407: (_D.TRUNK_FAILED, "proxy authentication required: the trunk refuses our credentials"),
    408: (_D.NO_ANSWER, "request timeout"),
    410: (_D.INVALID_NUMBER, "gone"),
    415: (_D.TRUNK_FAILED, "unsupported media type"),
    480: (_D.NO_ANSWER, "temporarily unavailable"),
    482: (_D.TRUNK_FAILED, "loop detected"),
    483: (_D.TRUNK_FAILED, "too many hops"),
    484: (_D.INVALID_NUMBER, "address incomplete"),
    485: (_D.INVALID_NUMBER, "ambiguous"),
    486: (_D.BUSY, "busy here"),
    487: (_D.NO_ANSWER, "request terminated"),
    488: (_D.TRUNK_FAILED, "not acceptable here: no codec in common"),
    502: (_D.UNREACHABLE, "bad gateway"),
    504: (_D.UNREACHABLE, "gateway timeout"),
    600: (_D.BUSY, "busy everywhere"),
    603: (_D.REJECTED, "declined"),
    604: (_D.INVALID_NUMBER, "does not exist anywhere"),
    606: (_D.TRUNK_FAILED, "not acceptable"),
    607: (_D.REJECTED, "unwanted"),
    608: (_D.REJECTED, "rejected on the callee's behalf"),
}
"""Final SIP responses; what is not listed falls to its class (`_SIP_CLASSES`)."""

_SIP_CLASSES: dict[int, tuple[Disposition, str]] = {
    3: (_D.TRUNK_FAILED, "redirected"),
    4: (_D.TRUNK_FAILED, "the trunk refuses the request"),
    5: (_D.TRUNK_FAILED, "the trunk failed"),
    6: (_D.UNREACHABLE, "fails everywhere"),
}

CAUSES: dict[int, tuple[Disposition, str]] = {
    1: (_D.INVALID_NUMBER, "unallocated number"),
    2: (_D.TRUNK_FAILED, "no route to the transit network"),
    3: (_D.UNREACHABLE, "no route to the destination"),
    16: (_D.NO_ANSWER, "normal clearing before an answer"),
    17: (_D.BUSY, "user busy"),
    18: (_D.NO_ANSWER, "no user responding"),
    19: (_D.NO_ANSWER, "no answer"),
    20: (_D.UNREACHABLE, "subscriber absent"),
    21: (_D.REJECTED, "call rejected"),
    22: (_D.INVALID_NUMBER, "number changed"),
    26: (_D.REJECTED, "answered elsewhere"),
    27: (_D.UNREACHABLE, "destination out of order"),
    28: (_D.INVALID_NUMBER, "invalid number format"),
    31: (_D.NO_ANSWER, "normal, unspecified"),
    34: (_D.TRUNK_FAILED, "no circuit available"),
    38: (_D.TRUNK_FAILED, "network out of order"),
    41: (_D.TRUNK_FAILED, "temporary failure"),
    42: (_D.TRUNK_FAILED, "switching equipment congestion"),
    44: (_D.TRUNK_FAILED, "requested circuit not available"),
    102: (_D.UNREACHABLE, "recovery on timer expiry"),
}
"""ITU-T Q.850 causes; what is not listed is the trunk's failure."""

_DIAL_STATUSES: dict[str, tuple[Disposition, str]] = {
    "BUSY": (_D.BUSY, "busy"),
    "NOANSWER": (_D.NO_ANSWER, "no answer"),
    "CHANUNAVAIL": (_D.TRUNK_FAILED, "the trunk is not available"),
    "CONGESTION": (_D.TRUNK_FAILED, "congestion"),
}
"""Asterisk's dial status, for an ending that has neither SIP response nor cause."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What an unanswered call comes to."""

    disposition: Disposition
    evidence: str


def classify(sip_code: int | None, hangup_cause: int | None, *, sign_of_life: bool, dial_status: str = "") -> Verdict:
    """Decide from the network's words alone.

    Args:
        sip_code: the final SIP response, None or 0 when there was none.
        hangup_cause: Q.850, None or 0 when there was none.
        sign_of_life: whether the trunk sent anything before the end: ringing, progress.
        dial_status: Asterisk's, if it said one.
    """
    if sip_code == 408 and not sign_of_life:
        return Verdict(_D.TRUNK_FAILED, "SIP 408, cause 18: the trunk did not answer at all")
    if sip_code and sip_code >= 300:
        disposition, meaning = SIP.get(sip_code) or _SIP_CLASSES.get(sip_code // 100, (_D.TRUNK_FAILED, "no SIP response class"))
        return Verdict(disposition, f"SIP {sip_code} ({meaning})")
    if hangup_cause:
        disposition, meaning = CAUSES.get(hangup_cause, (_D.TRUNK_FAILED, "not a cause that blames the number"))
        return Verdict(disposition, f"hangup cause {hangup_cause} ({meaning})")
    if dial_status in _DIAL_STATUSES:
        disposition, meaning = _DIAL_STATUSES[dial_status]
        return Verdict(disposition, f"dial status {dial_status} ({meaning})")
    return Verdict(_D.TRUNK_FAILED, "the call ended without a reason")
