"""ARI events, ids and reconciliation: bytes in, values out, nothing raises."""

import json
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agi_app.telephony.ari import events as ari
from agi_app.telephony.ari.ids import agent_id, bridge_id, call_of, leg_id, media_id
from agi_app.telephony.ari.models import Bridge, Channel
from agi_app.telephony.ari.reconcile import compare
from agi_app.telephony.ari.router import Router

CHANNEL = {
    "id": "c1-leg",
    "name": "PJSIP/carrier-00000001",
    "state": "Ringing",
    "caller": {"name": "", "number": "13800000001"},
    "dialplan": {"context": "default", "exten": "s", "priority": 1, "app_name": "Stasis", "app_data": "hireline,c1,leg"},
}


def event(kind: str, **more: object) -> ari.AriEvent:
    return ari.parse_event(json.dumps({"type": kind, "application": "hireline", **more}))


def test_events_we_use() -> None:
    channel = Channel("c1-leg", "PJSIP/carrier-00000001", "Ringing", "Stasis", "hireline,c1,leg")
    assert event("StasisStart", channel=CHANNEL, args=["c1", "leg"]) == ari.StasisStart(channel, ("c1", "leg"))
    assert event("Dial", peer=CHANNEL, dialstatus="RINGING") == ari.Dial(channel, "RINGING")
    assert event("ChannelDtmfReceived", channel=CHANNEL, digit="#", duration_ms=90) == ari.ChannelDtmfReceived(channel, "#", 90)
    gone = event("ChannelDestroyed", channel=CHANNEL, cause=17, cause_txt="User busy", tech_cause=486)
    assert gone == ari.ChannelDestroyed(channel, 17, "User busy", 486)
    assert event("ChannelDestroyed", channel=CHANNEL, cause=16, cause_txt="") == ari.ChannelDestroyed(channel, 16, "", None)
    assert event("ApplicationReplaced") == ari.ApplicationReplaced("hireline")
    assert channel.held_by("hireline")
    assert not channel.held_by("hire")


def test_an_unknown_event_is_a_value_and_still_finds_its_call() -> None:
    unknown = event("ChannelToneDetected", channel=CHANNEL)
    assert unknown == ari.UnknownEvent("ChannelToneDetected", ("c1-leg",))
    assert ari.entity_id(unknown) == "c1-leg"


@pytest.mark.parametrize("message", ["", "nonsense", b"\xff\xfe", "[]", "3", "null", '{"type": 3}', "{}", "[" * 5000])
def test_garbage_is_unreadable(message: str | bytes) -> None:
    assert isinstance(ari.parse_event(message), ari.UnreadableEvent)


@pytest.mark.parametrize(
    "broken", [{}, {"channel": None}, {"channel": {"id": 3, "name": "x", "state": "Up"}}, {"channel": CHANNEL, "cause": "17"}]
)
def test_a_known_type_of_another_shape_is_unknown(broken: dict[str, object]) -> None:
    assert isinstance(event("ChannelDestroyed", **broken), ari.UnknownEvent)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["id", "name", "state", "dialplan", "x"]), inner),
    max_leaves=8,
)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.sampled_from(["StasisStart", "Dial", "ChannelDestroyed", "ChannelDtmfReceived", "ChannelEnteredBridge", "Other"]),
    st.dictionaries(st.sampled_from(["channel", "peer", "bridge", "args", "cause", "dialstatus", "digit"]), json_values),
)
def test_no_shape_breaks_the_parser(kind: str, value: dict[str, object]) -> None:
    parsed = event(kind, **value)
    ari.entity_id(parsed)


def test_ids_name_their_call() -> None:
    for made in (leg_id("a-leg-1"), media_id("a-leg-1"), bridge_id("a-leg-1")):
        assert call_of(made) == "a-leg-1"
    assert call_of("1795344165.12") is None
    assert call_of("-leg") is None
    assert call_of(agent_id("c-1", 2)) == "c-1"


def channel(entity: str, data: str = "hireline") -> Channel:
    return Channel(entity, "PJSIP/x-1", "Up", "Stasis" if data else "Dial", data)


def test_reconciliation_leaves_what_is_not_ours_alone() -> None:
    channels = [
        channel("mine-leg", "hireline,mine,leg"),
        channel("mine-media"),
        channel("lost-leg", "hireline,lost,leg"),
        channel("lost-media"),
        channel("other-leg", "another,x"),
        channel("dialplan-leg", ""),
        replace(channel("1795344165.12", "hireline,inbound"), state="Ring"),
    ]
    bridges = [
        Bridge("mine-bridge", "hireline", ()),
        Bridge("lost-bridge", "hireline", ()),
        Bridge("other-bridge", "another", ()),
        Bridge("b17", "hireline", ()),
    ]
    found = compare(channels, bridges, owned={"mine", "gone"}, ari_app="hireline")
    assert found.present == {"mine": tuple(channels[:2]), "gone": ()}
    assert found.orphan_channels == ("lost-leg", "lost-media")
    assert found.orphan_bridges == ("lost-bridge",)


def test_an_answered_call_that_came_in_and_has_no_owner_is_lost() -> None:
    router = Router()
    router.open("in-1")
    router.alias("1795344165.13", "in-1")
    channels = [channel("1795344165.12", "hireline,inbound,1,known,a"), channel("1795344165.13", "hireline,inbound,1,known,b")]
    found = compare(channels, [], owned={"in-1"}, ari_app="hireline", owner=router.call_of)
    assert found.orphan_channels == ("1795344165.12",)
    assert found.present == {"in-1": (channels[1],)}
    assert router.owns("1795344165.13")
    router.close("in-1")
    assert not router.owns("1795344165.13")


async def test_router_keeps_order_per_call_and_drops_the_oldest_of_a_slow_one() -> None:
    router = Router()
    slow, quick = router.open("slow"), router.open("quick")
    for number in range(600):
        assert router.route(ari.ChannelDtmfReceived(channel("slow-leg"), str(number), 80)) is None
    router.route(ari.ChannelDtmfReceived(channel("quick-leg"), "7", 80))
    first = await quick.get()
    assert isinstance(first, ari.ChannelDtmfReceived)
    assert first.digit == "7"
    assert slow.dropped == 88
    kept = await slow.get()
    assert isinstance(kept, ari.ChannelDtmfReceived)
    assert kept.digit == "88"


def test_router_tells_of_calls_without_owner() -> None:
    router = Router()
    assert router.route(ari.StasisStart(channel("left-leg"))) == "left"
    assert router.route(ari.StasisStart(channel("1795344165.12"))) is None
    assert router.route(ari.UnreadableEvent("x")) is None
