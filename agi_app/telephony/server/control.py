"""Short questions to a running Asterisk: its command line, its HTTP server."""

from __future__ import annotations

import asyncio
import base64

import aiohttp

from agi_app.config import Settings
from agi_app.errors import AriError, AriLostError, AsteriskError
from agi_app.telephony.secrets import Secrets
from agi_app.telephony.server.instance import Instance

CLI_TIMEOUT_S = 10.0


async def run_cli(instance: Instance, command: str, *, timeout_s: float = CLI_TIMEOUT_S) -> str:
    """What Asterisk's console answers to one command.

    Raises:
        AsteriskError: it does not run, does not answer in time, or does not know the command.
    """
    process = await asyncio.create_subprocess_exec(
        *instance.command("-rx", command),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        cwd="/",
    )
    try:
        async with asyncio.timeout(timeout_s):
            output, errors = await process.communicate()
    except TimeoutError as error:
        raise AsteriskError(
            f"Asterisk did not answer {command!r} within {timeout_s:g} s", where=str(instance.log_path), remedy="see its log"
        ) from error
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    text = output.decode("utf-8", "replace").rstrip()
    if process.returncode:
        reason = errors.decode("utf-8", "replace").strip() or text
        raise AsteriskError(f"Asterisk cannot be asked {command!r}: {reason}", where=str(instance.folder), remedy="is it running?")
    if text.startswith("No such command"):
        raise AsteriskError(
            f"Asterisk does not know the command {command!r}", remedy="see `core show help`; its module may not be loaded"
        )
    return text


def ari_url(settings: Settings) -> str:
    """Base address of ARI."""
    host = f"[{settings.asterisk.host}]" if ":" in settings.asterisk.host else settings.asterisk.host
    return f"http://{host}:{settings.asterisk.http_port}/ari"


async def ask_ari(settings: Settings, secrets: Secrets, path: str, *, timeout_s: float = 3.0) -> object:
    """The JSON that `GET /ari/PATH` answers.

    Raises:
        AriLostError: no answer.
        AriError: another status than 200.
    """
    login = base64.b64encode(f"{settings.asterisk.ari_user}:{secrets.ari_password}".encode()).decode()
    url = f"{ari_url(settings)}/{path}"
    try:
        async with (
            aiohttp.ClientSession(
                timeout=aiohttp.ClientTimeout(total=timeout_s), headers={"Authorization": f"Basic {login}"}
            ) as session,
            session.get(url) as response,
        ):
            if response.status != 200:
                raise AriError(
                    f"ARI answered {response.status} {response.reason}",
                    status=response.status,
                    where=url,
                    remedy="on 401 the ARI password in secrets.toml is not the one Asterisk has: restart Asterisk",
                )
            answer: object = await response.json()
            return answer
    except (aiohttp.ClientError, TimeoutError, OSError) as error:
        raise AriLostError(
            f"ARI does not answer: {error or type(error).__name__}", where=url, remedy="is Asterisk running?"
        ) from error
