"""Control messages and frames of a media WebSocket."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agi_app.errors import MediaError
from agi_app.telephony.media import protocol


def test_commands_are_what_asterisk_reads() -> None:
    assert json.loads(protocol.mark("7s1")) == {"command": "MARK_MEDIA", "correlation_id": "7s1"}
    assert json.loads(protocol.FLUSH) == {"command": "FLUSH_MEDIA"}
    assert json.loads(protocol.stop_buffering("a")) == {"command": "STOP_MEDIA_BUFFERING", "correlation_id": "a"}
    with pytest.raises(MediaError):
        protocol.mark("x" * 128)


@pytest.mark.parametrize(
    ("text", "event"),
    [
        (
            '{"event":"MEDIA_START","connection_id":"m","channel_id":"c1-media","format":"slin","optimal_frame_size":320,"ptime":20}',
            protocol.MediaStart("c1-media", "slin", 320),
        ),
        ('{"event":"MEDIA_XOFF","channel_id":"c"}', protocol.MediaXoff()),
        ('{"event":"MEDIA_XON","channel_id":"c"}', protocol.MediaXon()),
        ('{"event":"MEDIA_MARK_PROCESSED","channel_id":"c","correlation_id":"e1"}', protocol.MediaMarkProcessed("e1")),
        ('{"event":"MEDIA_BUFFERING_COMPLETED","channel_id":"c","correlation_id":"b"}', protocol.MediaBufferingCompleted("b")),
        ('{"event":"QUEUE_DRAINED","channel_id":"c"}', protocol.QueueDrained()),
        ('{"event":"DTMF_END","channel_id":"c","digit":"5"}', protocol.DtmfEnd("5")),
        ('{"event":"STATUS","queue_length":25,"queue_full":false,"media_paused":true}', protocol.Status(25, True, False)),
        ('{"event":"ERROR","channel_id":"c","error_text":"no"}', protocol.PeerError("no")),
        ('{"event":"NEW_THING"}', protocol.UnknownMediaEvent("NEW_THING")),
        ('{"event":"MEDIA_START","format":"slin"}', protocol.UnknownMediaEvent("MEDIA_START")),
        ("MEDIA_START connection_id:m", protocol.UnknownMediaEvent("no JSON")),
        ("[1]", protocol.UnknownMediaEvent("no event")),
        ("", protocol.UnknownMediaEvent("no JSON")),
    ],
)
def test_events(text: str, event: protocol.MediaEvent) -> None:
    assert protocol.parse_event(text) == event


@settings(deadline=None)
@given(st.lists(st.binary(max_size=900), max_size=12))
def test_frames_are_the_same_bytes_whatever_the_messages(messages: list[bytes]) -> None:
    framer = protocol.Framer(320)
    frames = [frame for message in messages for frame in framer.push(message)]
    last = framer.pad()
    whole = b"".join(messages)
    assert all(len(frame) == 320 for frame in frames)
    assert b"".join(frames) + (last or b"")[: len(whole) % 320] == whole
    assert (last is None) == (len(whole) % 320 == 0)
    assert framer.pending == 0


def test_frame_sizes() -> None:
    assert (protocol.frame_bytes("slin"), protocol.frame_bytes("slin16")) == (320, 640)
