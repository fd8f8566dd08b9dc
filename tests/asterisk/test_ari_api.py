"""Our reading of ARI, held against the description that the running Asterisk itself gives."""

from __future__ import annotations

import aiohttp
import pytest

from agi_app.telephony.ari.connection import AriConnection
from agi_app.telephony.server import AsteriskServer

EVENTS = {
    "StasisStart": {"channel": "Channel", "args": "List[string]"},
    "StasisEnd": {"channel": "Channel"},
    "ChannelStateChange": {"channel": "Channel"},
    "ChannelDtmfReceived": {"channel": "Channel", "digit": "string", "duration_ms": "int"},
    "ChannelHangupRequest": {"channel": "Channel", "cause": "int", "tech_cause": "int", "soft": "boolean"},
    "ChannelDestroyed": {"channel": "Channel", "cause": "int", "cause_txt": "string", "tech_cause": "int"},
    "Dial": {"peer": "Channel", "dialstatus": "string"},
    "ChannelEnteredBridge": {"bridge": "Bridge", "channel": "Channel"},
    "ChannelLeftBridge": {"bridge": "Bridge", "channel": "Channel"},
    "BridgeDestroyed": {"bridge": "Bridge"},
    "ApplicationReplaced": {},
}
MODELS = {
    "channels.json": {
        "Channel": {"id": "string", "name": "string", "state": "string", "dialplan": "DialplanCEP"},
        "DialplanCEP": {"app_name": "string", "app_data": "string"},
    },
    "bridges.json": {"Bridge": {"id": "string", "name": "string", "channels": "List[string]"}},
    "endpoints.json": {
        "Endpoint": {"technology": "string", "resource": "string", "state": "string", "channel_ids": "List[string]"}
    },
    "asterisk.json": {"SystemInfo": {"version": "string", "entity_id": "string"}},
}
OPERATIONS = {
    ("channels.json", "POST", "/channels/create"): {"endpoint", "app", "appArgs", "channelId", "variables"},
    ("channels.json", "POST", "/channels/externalMedia"): {
        "app",
        "channelId",
        "external_host",
        "transport",
        "encapsulation",
        "connection_type",
        "format",
        "transport_data",
        "variables",
    },
    ("channels.json", "POST", "/channels/{channelId}/dial"): {"timeout"},
    ("channels.json", "DELETE", "/channels/{channelId}"): {"reason_code"},
    ("channels.json", "POST", "/channels/{channelId}/dtmf"): {"dtmf"},
    ("channels.json", "GET", "/channels/{channelId}/variable"): {"variable"},
    ("channels.json", "POST", "/channels/{channelId}/variable"): {"variable", "value"},
    ("bridges.json", "POST", "/bridges"): {"bridgeId", "type", "name"},
    ("bridges.json", "POST", "/bridges/{bridgeId}/addChannel"): {"channel"},
}


async def described(session: aiohttp.ClientSession, name: str) -> dict[str, object]:
    async with session.get(f"api-docs/{name}") as response:
        assert response.status == 200
        return await response.json()  # type: ignore[no-any-return]


async def test_events_have_the_fields_we_read(ari_http: aiohttp.ClientSession) -> None:
    models = (await described(ari_http, "events.json"))["models"]
    for event, fields in EVENTS.items():
        properties = models[event]["properties"]  # type: ignore[index]
        assert {name: properties[name]["type"] for name in fields} == fields, event


@pytest.mark.parametrize("document", sorted(MODELS))
async def test_models_have_the_fields_we_read(ari_http: aiohttp.ClientSession, document: str) -> None:
    models = (await described(ari_http, document))["models"]
    for model, fields in MODELS[document].items():
        properties = models[model]["properties"]  # type: ignore[index]
        assert {name: properties[name]["type"] for name in fields} == fields, model


@pytest.mark.parametrize("document", ["channels.json", "bridges.json"])
async def test_operations_take_the_arguments_we_send(ari_http: aiohttp.ClientSession, document: str) -> None:
    apis = (await described(ari_http, document))["apis"]
    found = {
        (document, operation["httpMethod"], api["path"]): {item["name"] for item in operation.get("parameters", [])}
        for api in apis  # type: ignore[attr-defined]
        for operation in api["operations"]
    }
    for operation, arguments in OPERATIONS.items():
        if operation[0] == document:
            assert arguments <= found[operation], operation


async def test_the_server_as_the_client_sees_it(asterisk: AsteriskServer) -> None:
    async with AriConnection(asterisk.settings.asterisk, asterisk.secrets.ari_password) as connection:
        await connection.client.ping()
        assert (await connection.client.info()).version.startswith(asterisk.version)
        assert "simulated" in {endpoint.resource for endpoint in await connection.client.endpoints()}
        assert await connection.client.channels() == ()
        assert await connection.client.bridges() == ()
        assert await connection.client.channel("nobody") is None
