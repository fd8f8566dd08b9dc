"""Which way a number is dialled: the dialplan says so, in the context `outbound` that telecom admins edit."""

from __future__ import annotations

import re

from agi_app.errors import RouteError
from agi_app.telephony.ami.client import AmiClient

CONTEXT = "outbound"
_ROUTE = re.compile(r"[A-Za-z]+/[A-Za-z0-9_.:@/+*#-]+")


class Routes:
    """The dialplan's outbound routes.

    Args:
        client: asks the Asterisk that dials.
    """

    def __init__(self, client: AmiClient) -> None:
        self._client = client

    async def endpoint(self, digits: str) -> str:
        """The Asterisk dial string for a number.

        Args:
            digits: the number in its international form, without +.

        Raises:
            RouteError: the dialplan has no route for it: it must not be dialled.
            AmiError: the dialplan cannot be asked.
        """
        if not digits.isascii() or not digits.isdigit():
            raise RouteError("not a number in its international form", remedy="write it like +8613800000001")
        # EVAL_EXTEN (func_evalexten) gives what the extension's Return() would return, its variables replaced.
        answer = await self._client.ask("Getvar", Variable=f"EVAL_EXTEN({CONTEXT},{digits},1)")
        route = answer[0].get("value", "")
        if not route:
            raise RouteError(
                "the dialplan has no route for this number: it is not dialled",
                where=f"context [{CONTEXT}]",
                remedy="if such numbers may be called, add a pattern to dialplan/outbound.conf, then `hireline dialplan reload`",
            )
        if not _ROUTE.fullmatch(route):
            raise RouteError(
                "the dialplan's route for this number is no dial string",
                where=f"context [{CONTEXT}]",
                remedy="let it be Return(PJSIP/${EXTEN}@TRUNK) or another dial string, see dialplan/outbound.conf",
            )
        return route
