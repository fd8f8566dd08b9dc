"""ARI's REST operations, those we use. Arguments travel in the body, never in the address: no number gets into a log."""

from __future__ import annotations

import base64
import json as json_codec
from collections.abc import Callable, Iterable, Mapping
from types import TracebackType
from typing import Any, Self, TypeVar
from urllib.parse import quote

import aiohttp

from agi_app.errors import AriError, AriLostError
from agi_app.telephony.ari.models import Bridge, Channel, Endpoint, ServerInfo

_T = TypeVar("_T")
_KEEP_ALIVE_S = 8.0
"""Asterisk closes an idle connection after 15 s (http.conf, session_keep_alive); a request sent into that would be lost."""
_CONNECTIONS = 8
"""Requests at once; more wait here. Asterisk's web server queues about ten new connections, and one that finds the queue full is
tried again by TCP a whole second later. A request takes 1 to 3 ms, so eight of them are enough."""


def basic_authorization(user: str, password: str) -> str:
    """The value of an HTTP Authorization header (RFC 7617)."""
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode("ascii")


class AriClient:
    """Typed REST client; use as an async context manager.

    Args:
        base_url: e.g. http://127.0.0.1:8088/ari.
        user: of ari.conf.
        password: of that user; sent in a header, kept out of addresses and messages.
        timeout_s: for one request, connecting included.

    Every operation raises AriLostError when there is no answer, AriError (with the HTTP status) when Asterisk refuses.
    """

    def __init__(self, base_url: str, user: str, password: str, *, timeout_s: float = 10) -> None:
        self.base_url = base_url.rstrip("/")
        self._headers = {"Authorization": basic_authorization(user, password)}
        self._timeout = aiohttp.ClientTimeout(total=timeout_s)
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        connector = aiohttp.TCPConnector(limit=_CONNECTIONS, keepalive_timeout=_KEEP_ALIVE_S)
        self._session = aiohttp.ClientSession(connector=connector, headers=self._headers, timeout=self._timeout)
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    @property
    def session(self) -> aiohttp.ClientSession:
        """The HTTP session, shared with the event stream."""
        if self._session is None:
            raise AriError("the ARI client is not open", remedy="use it inside `async with`")
        return self._session

    # ---- the server -------------------------------------------------------------------------------------------------

    async def ping(self) -> None:
        """Return when Asterisk answers."""
        await self._request("GET", "/asterisk/ping", "ask whether Asterisk is there")

    async def info(self) -> ServerInfo:
        """Version and id of the Asterisk at the other end."""
        return self._read(ServerInfo.from_json, await self._request("GET", "/asterisk/info", "ask for the version"))

    async def endpoints(self) -> tuple[Endpoint, ...]:
        """All trunks and phones."""
        return self._read_all(Endpoint.from_json, await self._request("GET", "/endpoints", "list the endpoints"))

    # ---- channels ---------------------------------------------------------------------------------------------------

    async def channels(self) -> tuple[Channel, ...]:
        """All channels."""
        return self._read_all(Channel.from_json, await self._request("GET", "/channels", "list the channels"))

    async def channel(self, channel_id: str) -> Channel | None:
        """One channel; None when there is none."""
        value = await self._request("GET", f"/channels/{_part(channel_id)}", "look at a channel", missing_ok=True)
        return None if value is None else self._read(Channel.from_json, value)

    async def create_channel(
        self, *, endpoint: str, app: str, channel_id: str, args: Iterable[str] = (), variables: Mapping[str, str] | None = None
    ) -> Channel:
        """Make a channel towards an endpoint without dialling yet; it enters the application in state Down."""
        body: dict[str, Any] = {"endpoint": endpoint, "app": app, "appArgs": ",".join(args), "channelId": channel_id}
        if variables:
            body["variables"] = dict(variables)
        return self._read(Channel.from_json, await self._request("POST", "/channels/create", "create the channel", body))

    async def external_media(
        self,
        *,
        app: str,
        channel_id: str,
        connection: str,
        audio_format: str,
        transport_data: str,
        variables: Mapping[str, str] | None = None,
    ) -> Channel:
        """Make a channel whose audio goes over a WebSocket that Asterisk opens to us.

        Args:
            connection: section of websocket_client.conf.
            audio_format: slin (8 kHz) or slin16.
            transport_data: options of chan_websocket, e.g. f(json)v(call=ID).
        """
        body: dict[str, Any] = {
            "app": app,
            "channelId": channel_id,
            "external_host": connection,
            "transport": "websocket",
            "encapsulation": "none",
            "connection_type": "client",
            "format": audio_format,
            "transport_data": transport_data,
        }
        if variables:
            body["variables"] = dict(variables)
        return self._read(
            Channel.from_json, await self._request("POST", "/channels/externalMedia", "create the media channel", body)
        )

    async def dial(self, channel_id: str, *, timeout_s: int) -> None:
        """Dial a created channel. Asterisk ends it when it is not answered within `timeout_s`."""
        await self._request("POST", f"/channels/{_part(channel_id)}/dial", "dial", {"timeout": timeout_s})

    async def subscribe(self, app: str, channel_id: str) -> None:
        """Get a channel's events until its end, also those that come after it has left the application.

        A channel we created is subscribed to by itself; of one that came in, ChannelDestroyed would otherwise not be told.
        """
        path = f"/applications/{_part(app)}/subscription"
        await self._request("POST", path, "subscribe to a channel", {"eventSource": f"channel:{channel_id}"})

    async def answer(self, channel_id: str) -> None:
        """Pick up an incoming channel."""
        await self._request("POST", f"/channels/{_part(channel_id)}/answer", "answer")

    async def hang_up(self, channel_id: str, *, cause: int = 16) -> bool:
        """End a channel with a Q.850 cause. False when it was gone already."""
        path = f"/channels/{_part(channel_id)}"
        return await self._request("DELETE", path, "hang up", {"reason_code": str(cause)}, missing_ok=True) is not None

    async def get_variable(self, channel_id: str, name: str) -> str | None:
        """A channel variable or the value of a dialplan function; None when it is not set."""
        path = f"/channels/{_part(channel_id)}/variable"
        value = await self._request("GET", path, f"read the variable {name}", {"variable": name}, missing_ok=True)
        return str(value["value"]) if isinstance(value, dict) and "value" in value else None

    async def set_variable(self, channel_id: str, name: str, value: str) -> None:
        """Set a channel variable or a dialplan function."""
        path = f"/channels/{_part(channel_id)}/variable"
        await self._request("POST", path, f"set the variable {name}", {"variable": name, "value": value})

    async def send_dtmf(self, channel_id: str, keys: str) -> None:
        """Press keys towards the far end."""
        await self._request("POST", f"/channels/{_part(channel_id)}/dtmf", "send keys", {"dtmf": keys})

    # ---- bridges ----------------------------------------------------------------------------------------------------

    async def bridges(self) -> tuple[Bridge, ...]:
        """All bridges."""
        return self._read_all(Bridge.from_json, await self._request("GET", "/bridges", "list the bridges"))

    async def create_bridge(self, bridge_id: str, *, name: str) -> Bridge:
        """Make a mixing bridge."""
        body = {"bridgeId": bridge_id, "type": "mixing", "name": name}
        return self._read(Bridge.from_json, await self._request("POST", "/bridges", "create the bridge", body))

    async def add_to_bridge(self, bridge_id: str, channel_ids: Iterable[str]) -> None:
        """Put channels into a bridge; each must have entered the application before."""
        path = f"/bridges/{_part(bridge_id)}/addChannel"
        await self._request("POST", path, "join the channels", {"channel": list(channel_ids)})

    async def remove_from_bridge(self, bridge_id: str, channel_ids: Iterable[str]) -> None:
        """Take channels out of a bridge."""
        path = f"/bridges/{_part(bridge_id)}/removeChannel"
        await self._request("POST", path, "part the channels", {"channel": list(channel_ids)})

    async def destroy_bridge(self, bridge_id: str) -> bool:
        """Remove a bridge. False when it was gone already."""
        return await self._request("DELETE", f"/bridges/{_part(bridge_id)}", "remove the bridge", missing_ok=True) is not None

    # ---- transport --------------------------------------------------------------------------------------------------

    async def _request(
        self, method: str, path: str, what: str, body: Mapping[str, Any] | None = None, *, missing_ok: bool = False
    ) -> Any:  # noqa: ANN401 - JSON
        """Send a request; the decoded answer, {} for an empty one, None for a 404 that `missing_ok` allows."""
        try:
            async with self.session.request(method, self.base_url + path, json=body) as response:
                status, content = response.status, await response.read()
        except TimeoutError as error:
            raise self._lost(what, "no answer in time") from error
        except (aiohttp.ClientError, OSError) as error:
            raise self._lost(what, type(error).__name__) from error
        if status == 404 and missing_ok:
            return None
        if status >= 400:
            raise AriError(
                f"Asterisk refused to {what}: HTTP {status} {_reason(content)}".rstrip(), status=status, where=self.base_url
            )
        if not content:
            return {}
        try:
            return json_codec.loads(content)
        except ValueError as error:
            raise AriError(f"Asterisk's answer is no JSON when asked to {what}", status=status, where=self.base_url) from error

    def _lost(self, what: str, how: str) -> AriLostError:
        return AriLostError(
            f"Asterisk could not be asked to {what}: {how}", where=self.base_url, remedy="check that Asterisk runs and serves ARI"
        )

    def _read(self, reader: Callable[[Mapping[str, Any]], _T], value: Any) -> _T:  # noqa: ANN401 - JSON
        try:
            return reader(value)
        except (KeyError, TypeError, AttributeError) as error:
            raise AriError("Asterisk's answer has another shape than ARI describes", where=self.base_url) from error

    def _read_all(self, reader: Callable[[Mapping[str, Any]], _T], values: Any) -> tuple[_T, ...]:  # noqa: ANN401 - JSON
        if not isinstance(values, list):
            raise AriError("Asterisk's answer is no list", where=self.base_url)
        return tuple(self._read(reader, value) for value in values)


def _part(entity_id: str) -> str:
    return quote(entity_id, safe="")


def _reason(content: bytes) -> str:
    """The message in a refusal, if there is one. ARI's messages name no numbers."""
    try:
        value = json_codec.loads(content)
    except ValueError:
        return ""
    text = (value.get("message") or value.get("error") or "") if isinstance(value, dict) else ""
    return str(text)[:200]
