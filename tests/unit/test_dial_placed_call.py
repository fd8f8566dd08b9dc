"""A placed call between Asterisk's events and its media, without either."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from agi_app.config import AsteriskSettings
from agi_app.telephony.ari import events as ari
from agi_app.telephony.ari.connection import AriConnection
from agi_app.telephony.ari.models import Channel
from agi_app.telephony.call import Answered, CallEnding, Progress
from agi_app.telephony.media.channel import MediaChannel
from agi_app.telephony.placed_call import PlacedCall
from agi_app.telephony.signalling import HangUp, Signalling
from hr_sync.records import Disposition


class Fixture:
    def __init__(self) -> None:
        self.connection = AriConnection(AsteriskSettings(), "unused")
        self.queue = self.connection.own("c")
        self.media = MediaChannel("c")
        self.call = PlacedCall("c", Signalling(leg="c-leg", media="c-media"), self.connection, self.queue, self.media)

    def leg(self, state: str = "Up") -> Channel:
        return Channel("c-leg", "PJSIP/x-1", state)


@pytest.fixture
async def fixture(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Fixture]:
    monkeypatch.setattr("agi_app.telephony.placed_call._EXPLANATION_S", 0.05)
    made = Fixture()
    made.call.watch()
    yield made
    await made.call.stop()
    assert made.call.ending.done()


async def test_events_can_be_read_from_the_beginning_at_any_time(fixture: Fixture) -> None:
    for event in (
        ari.Dial(fixture.leg("Ringing"), "RINGING"),
        ari.Dial(fixture.leg(), "ANSWER"),
        ari.ChannelDestroyed(fixture.leg(), 16),
    ):
        fixture.queue.put(event)
    first = [event async for event in fixture.call.events()]
    again = [event async for event in fixture.call.events()]
    assert [type(event) for event in first] == [Progress, Answered, CallEnding]
    assert again == first
    assert fixture.call.ending.result() == first[-1]
    assert fixture.media.closed.is_set()  # whoever listens or speaks is told that way


async def test_early_media_that_nobody_wanted_is_forgotten_at_the_answer(fixture: Fixture) -> None:
    fixture.media.take_audio(b"\1" * 3200)
    fixture.queue.put(ari.Dial(fixture.leg(), "ANSWER"))
    async for event in fixture.call.events():
        assert isinstance(event, Answered)
        break
    fixture.media.take_audio(b"\2" * 320)
    async for frame in fixture.media.frames():
        assert frame == b"\2" * 320
        break


async def test_a_media_socket_that_breaks_ends_the_call(fixture: Fixture) -> None:
    fixture.connection.connected.set()
    fixture.media.detach()
    ending = await asyncio.wait_for(fixture.call.ending, 1)
    assert (ending.disposition, ending.evidence) == (Disposition.SYSTEM_FAILED, "the call's media socket broke")


async def test_both_connections_broken_is_asterisk_gone(fixture: Fixture) -> None:
    fixture.media.detach()
    ending = await asyncio.wait_for(fixture.call.ending, 1)
    assert "Asterisk went away" in ending.evidence


async def test_the_networks_word_that_comes_a_moment_after_the_socket_counts(fixture: Fixture) -> None:
    fixture.media.detach()
    await asyncio.sleep(0.01)
    fixture.queue.put(ari.ChannelDestroyed(fixture.leg("Down"), 17, "", 486))
    assert (await asyncio.wait_for(fixture.call.ending, 1)).disposition is Disposition.BUSY


async def test_hanging_up_may_close_the_socket_long_before_the_leg(fixture: Fixture) -> None:
    fixture.queue.put(ari.Dial(fixture.leg(), "ANSWER"))
    fixture.call.signalling.hanging_up = HangUp.WANTED
    fixture.media.detach()
    await asyncio.sleep(0.15)
    assert not fixture.call.ending.done()
    fixture.queue.put(ari.ChannelDestroyed(fixture.leg(), 16))
    assert (await asyncio.wait_for(fixture.call.ending, 1)).ended_by == "us"


async def test_keys_without_end_fill_no_memory(fixture: Fixture) -> None:
    for _ in range(5):
        for _ in range(500):
            fixture.queue.put(ari.ChannelDtmfReceived(fixture.leg(), "1", 80))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
    fixture.queue.put(ari.ChannelDestroyed(fixture.leg(), 16))
    events = [event async for event in fixture.call.events()]
    assert len(events) <= 1001
    assert isinstance(events[-1], CallEnding)
