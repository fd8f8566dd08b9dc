"""The WebSocket server Asterisk brings each call's audio to: one path, one user, and only calls that are expected."""

from __future__ import annotations

import hmac
from types import TracebackType
from typing import Self

import aiohttp
import structlog
from aiohttp import web

from agi_app.config import MediaSettings
from agi_app.errors import MediaError
from agi_app.telephony.ari.client import basic_authorization
from agi_app.telephony.media import protocol
from agi_app.telephony.media.channel import MediaChannel
from agi_app.telephony.secrets import MEDIA_USER

_log = structlog.get_logger(__name__)
PATH = "/media"
CALL_PARAMETER = "call"
_HEARTBEAT_S = 10.0
"""Asterisk is silent on this socket while the candidate's side is; a ping tells a dead peer from a quiet one."""
_LARGEST_MESSAGE = 256 * 1024


class MediaServer:
    """Use as an async context manager.

    Args:
        settings: where to listen (port 0: any free one, see `port`), and the audio format.
        token: what Asterisk has to show as the password of user `asterisk` (HTTP Basic).
    """

    def __init__(self, settings: MediaSettings, token: str) -> None:
        self.settings = settings
        self.refused = 0
        """Connections turned away."""
        self._authorization = basic_authorization(MEDIA_USER, token).encode()
        self._channels: dict[str, MediaChannel] = {}
        self._runner: web.AppRunner | None = None
        self._port = settings.port

    async def __aenter__(self) -> Self:
        application = web.Application()
        application.router.add_get(PATH, self._serve)
        self._runner = web.AppRunner(application, access_log=None, shutdown_timeout=1.0)
        await self._runner.setup()
        site = web.TCPSite(self._runner, self.settings.host, self.settings.port)
        try:
            await site.start()
        except OSError as error:
            await self._runner.cleanup()
            raise MediaError(
                f"the media server cannot listen: {error.strerror}",
                where=f"{self.settings.host}:{self.settings.port}",
                remedy="stop the program that uses the port, or set media.port",
            ) from error
        self._port = self._runner.addresses[0][1]
        _log.info("media_server_up", host=self.settings.host, port=self._port)
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        for call_id in list(self._channels):
            await self.forget(call_id)
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    @property
    def port(self) -> int:
        """The port it listens on."""
        return self._port

    def expect(self, call_id: str) -> MediaChannel:
        """Let Asterisk connect for this call. Raises MediaError when the call is expected already."""
        if call_id in self._channels:
            raise MediaError("this call's media is expected already", where=call_id)
        channel = MediaChannel(call_id, audio_format=self.settings.format, look_ahead_ms=self.settings.look_ahead_ms)
        self._channels[call_id] = channel
        return channel

    async def forget(self, call_id: str) -> None:
        """The call is over: close its channel and take no more connections for it."""
        channel = self._channels.pop(call_id, None)
        if channel is not None:
            await channel.close()

    async def _serve(self, request: web.Request) -> web.StreamResponse:
        call_id = request.query.get(CALL_PARAMETER, "")
        channel = self._channels.get(call_id)
        given = request.headers.get("Authorization", "").encode("utf-8", "replace")
        if not hmac.compare_digest(given, self._authorization):
            return self._refuse(401, "wrong user or token", call_id)
        if channel is None:
            return self._refuse(404, "no such call is expected", call_id)
        if protocol.SUBPROTOCOL not in request.headers.get("Sec-WebSocket-Protocol", ""):
            return self._refuse(400, "not a media WebSocket", call_id)
        if not channel.claim():
            return self._refuse(409, "this call has its media connection already", call_id)
        socket = web.WebSocketResponse(
            protocols=(protocol.SUBPROTOCOL,), compress=False, heartbeat=_HEARTBEAT_S, max_msg_size=_LARGEST_MESSAGE, timeout=1.0
        )
        try:
            await socket.prepare(request)
            channel.attach(socket)
            async for message in socket:
                if message.type is aiohttp.WSMsgType.BINARY:
                    channel.take_audio(message.data)
                elif message.type is aiohttp.WSMsgType.TEXT:
                    channel.take_text(message.data)
        finally:
            channel.detach()
            _log.info("media_socket_closed", call_id=call_id, code=socket.close_code)
        return socket

    def _refuse(self, status: int, why: str, call_id: str) -> web.Response:
        self.refused += 1
        _log.warning("media_connection_refused", status=status, why=why, call_id=call_id[:80])
        return web.Response(status=status, text=why)
