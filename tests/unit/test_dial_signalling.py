"""One call's events, fed to the machine: what the interview gets to know, and exactly one ending."""

import itertools

import pytest

from agi_app.telephony.ari import events as ari
from agi_app.telephony.ari.models import Channel
from agi_app.telephony.call import Answered, CallEnding, CallEvent, KeyPressed, Progress
from agi_app.telephony.signalling import HangUp, Signalling
from hr_sync.records import Disposition


def leg(state: str = "Down") -> Channel:
    return Channel("c-leg", "PJSIP/x-1", state)


MEDIA = Channel("c-media", "WebSocket/x", "Up")


def call() -> Signalling:
    return Signalling(leg="c-leg", media="c-media")


def feed(signalling: Signalling, *events: ari.AriEvent) -> list[CallEvent]:
    return list(itertools.chain.from_iterable(signalling.feed(event, 10.0 + at) for at, event in enumerate(events)))


def test_an_answered_call_that_the_candidate_ends() -> None:
    signalling = call()
    start = [ari.StasisStart(leg()), ari.StasisStart(MEDIA), ari.Dial(MEDIA, "ANSWER"), ari.Dial(leg(), "")]
    assert feed(signalling, *start) == []
    assert signalling.leg_ready
    assert signalling.media_ready
    events = feed(
        signalling,
        ari.Dial(leg("Ringing"), "RINGING"),
        ari.Dial(leg("Ringing"), "RINGING"),
        ari.Dial(leg("Ringing"), "PROGRESS"),
        ari.ChannelStateChange(leg("Up")),
        ari.Dial(leg("Up"), "ANSWER"),
        ari.ChannelDtmfReceived(leg("Up"), "5", 90),
        ari.ChannelDtmfReceived(MEDIA, "5", 90),
        ari.ChannelDestroyed(leg("Up"), 16),
        ari.ChannelDestroyed(leg("Up"), 16),
        ari.ChannelDestroyed(MEDIA, 16),
    )
    ending = CallEnding(None, None, 16, "the far end hung up", "candidate")
    assert events == [Progress("RINGING"), Progress("PROGRESS"), Answered(13.0), KeyPressed("5"), ending]


def test_a_refusal_carries_code_and_cause() -> None:
    (ending,) = feed(call(), ari.Dial(leg(), ""), ari.ChannelDestroyed(leg(), 17, "User busy", 486))
    assert isinstance(ending, CallEnding)
    assert (ending.disposition, ending.sip_code, ending.hangup_cause, ending.ended_by) == (Disposition.BUSY, 486, 17, "network")


def test_the_network_ends_an_answered_call() -> None:
    events = feed(call(), ari.Dial(leg("Up"), "ANSWER"), ari.ChannelDestroyed(leg("Up"), 44))
    assert isinstance(events[-1], CallEnding)
    assert (events[-1].disposition, events[-1].ended_by) == (None, "network")


@pytest.mark.parametrize(
    ("why", "rang", "disposition", "ended_by"),
    [
        (HangUp.RING_TIMEOUT, True, Disposition.NO_ANSWER, "us"),
        (HangUp.RING_TIMEOUT, False, Disposition.TRUNK_FAILED, "network"),
        (HangUp.WANTED, True, Disposition.NO_ANSWER, "us"),
    ],
)
def test_an_end_of_our_own_has_no_code_of_the_network(why: HangUp, rang: bool, disposition: Disposition, ended_by: str) -> None:
    signalling = call()
    if rang:
        feed(signalling, ari.Dial(leg(), "RINGING"))
    signalling.hanging_up, signalling.hang_up_reason = why, "because"
    (ending,) = feed(signalling, ari.ChannelDestroyed(leg(), 19, "", 480))
    assert isinstance(ending, CallEnding)
    assert (ending.disposition, ending.sip_code, ending.ended_by) == (disposition, None, ended_by)
    assert "because" in ending.evidence


def test_losing_the_media_channel_fails_the_call_unless_we_are_hanging_up() -> None:
    (ending,) = feed(call(), ari.ChannelDestroyed(MEDIA, 16))
    assert isinstance(ending, CallEnding)
    assert (ending.disposition, ending.ended_by) == (Disposition.SYSTEM_FAILED, "failure")
    signalling = call()
    signalling.hanging_up = HangUp.WANTED
    assert feed(signalling, ari.ChannelDestroyed(MEDIA, 16)) == []


def test_after_a_gap() -> None:
    signalling = call()
    assert signalling.seen([leg("Ringing")], 5.0) == ()
    assert signalling.seen([leg("Up")], 6.0) == (Answered(6.0),)
    assert signalling.seen([leg("Up")], 7.0) == ()
    (ending,) = signalling.leg_missing()
    assert isinstance(ending, CallEnding)
    assert (ending.disposition, ending.ended_by) == (None, "failure")
    (before,) = call().leg_missing()
    assert isinstance(before, CallEnding)
    assert before.disposition is Disposition.SYSTEM_FAILED


def test_there_is_one_ending_only() -> None:
    signalling = call()
    assert len(signalling.system_failed("first")) == 1
    later = (signalling.refused("x"), signalling.system_failed("x"), signalling.leg_missing(), signalling.hang_up_unconfirmed())
    assert later == ((), (), (), ())
    assert signalling.ending is not None
    assert signalling.ending.evidence == "first"
