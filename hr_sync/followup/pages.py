"""The candidate's page of an invitation: accept, decline, propose another time. A signed link, no login, made for phones.

GET changes nothing (mail scanners follow links); a POST needs the value that only the page carries. What is seen of a link is
logged without its token.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from types import TracebackType
from typing import Any, Self
from zoneinfo import ZoneInfo

import structlog
from aiohttp import web
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from hr_sync.errors import ConflictError, LinkError, NotFoundError, ServiceError, StoreError
from hr_sync.followup.calendar import interview_entry
from hr_sync.followup.clock import spoken
from hr_sync.followup.journey import case_of
from hr_sync.followup.links import Link, LinkSigner
from hr_sync.followup.planning import Case, Planner
from hr_sync.followup.settings import MessageRules
from hr_sync.records.followups import Invitation, InvitationState, MessageEventKind
from hr_sync.store import Store
from hr_sync.store.followups import Followups

log = structlog.get_logger(__name__)

_PIXEL = base64.b64decode("R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7")
_LARGEST_FORM = 16 * 1024
_FIRST_PROPOSED, _LAST_PROPOSED = timedelta(days=1), timedelta(days=30)
_CLOCKS = tuple(f"{hour:02d}:{minute:02d}" for hour in range(9, 18) for minute in (0, 30))
_SAID = {
    InvitationState.ACCEPTED: "已接受邀请，期待和您见面。",
    InvitationState.DECLINED: "已经记下，谢谢您告诉我们。",
    InvitationState.PROPOSED: "已经收到您提出的时间，招聘人员会尽快确认。",
    InvitationState.CANCELLED: "这次面试已经取消。",
}
_EXPIRED = "这个链接已经失效，请联系邮件里的招聘人员。"


class ReplyPages:
    """Serves the pages. Use it as an async context manager.

    Args:
        store: the HR database.
        followups: its invitations.
        planner: of what follows from a reply.
        signer: of links.
        settings: host, port, language.
        now: the time.
    """

    def __init__(
        self,
        store: Store,
        followups: Followups,
        planner: Planner,
        signer: LinkSigner,
        settings: MessageRules,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._store, self._followups, self._planner = store, followups, planner
        self._signer, self._settings, self._now = signer, settings, now
        loader = PackageLoader("hr_sync.followup", f"templates/{settings.language}")
        self._environment = Environment(
            loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
        )
        self._style = loader.get_source(self._environment, "page.css")[0]
        digest = base64.b64encode(hashlib.sha256(self._style.encode()).digest()).decode()
        self._headers = {
            "Content-Security-Policy": f"default-src 'none'; style-src 'sha256-{digest}'; form-action 'self'; base-uri 'none';"
            " frame-ancestors 'none'",
            "Referrer-Policy": "no-referrer",
            "Cache-Control": "no-store",
            "X-Content-Type-Options": "nosniff",
            "X-Robots-Tag": "noindex, nofollow",
        }
        self._runner: web.AppRunner | None = None
        self.port = settings.port

    def application(self) -> web.Application:
        """The aiohttp application."""
        application = web.Application(client_max_size=_LARGEST_FORM, middlewares=[self._guard])
        application.router.add_get("/i/{token}", self._page)
        application.router.add_post("/i/{token}", self._reply)
        application.router.add_get("/i/{token}/interview.ics", self._calendar)
        application.router.add_get("/o/{token}.gif", self._opened)
        return application

    async def __aenter__(self) -> Self:
        self._runner = web.AppRunner(self.application(), access_log=None)  # its lines would hold the tokens
        await self._runner.setup()
        site = web.TCPSite(self._runner, self._settings.host, self._settings.port)
        try:
            await site.start()
        except OSError as error:
            await self._runner.cleanup()
            raise ServiceError(
                "the candidates' pages cannot be served: the port is taken",
                where=f"{self._settings.host}:{self._settings.port}",
                remedy="set messages.port to a free one",
            ) from error
        self.port = self._runner.addresses[0][1]
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self._runner is not None:
            await self._runner.cleanup()

    # ---- requests

    @web.middleware
    async def _guard(self, request: web.Request, handler: Callable[[web.Request], Any]) -> web.StreamResponse:
        try:
            response: web.StreamResponse = await handler(request)
        except (LinkError, NotFoundError):
            response = self._html({"title": "链接已失效", "company": "", "trouble": _EXPIRED}, status=404)
        except ConflictError:
            response = self._html({"title": "已经不能更改", "company": "", "trouble": _EXPIRED}, status=409)
        except StoreError as error:
            log.warning("page_not_served", error=error.code)
            response = self._html({"title": "请稍后再试", "company": "", "trouble": "系统繁忙，请过一会儿再打开。"}, status=503)
        except web.HTTPException as error:
            response = error
            if error.status >= 400:
                response = self._html({"title": "无法处理", "company": "", "trouble": _EXPIRED}, status=error.status)
        response.headers.update(self._headers)
        return response

    async def _page(self, request: web.Request) -> web.Response:
        token = request.match_info["token"]
        link = self._signer.read(token, "reply", self._now())
        case, invitation = await asyncio.to_thread(self._found, link)
        if request.method == "GET":  # not for HEAD, which programs send
            await asyncio.to_thread(self._followups.record, link.message, MessageEventKind.CLICKED, self._now())
        return self._shown(token, case, invitation)

    async def _reply(self, request: web.Request) -> web.Response:
        token = request.match_info["token"]
        link = self._signer.read(token, "reply", self._now())
        form = await request.post()
        fields = {name: value for name, value in form.items() if isinstance(value, str)}
        if not self._signer.form_fits(token, fields.get("key", "")):
            raise web.HTTPForbidden
        case, invitation = await asyncio.to_thread(self._found, link)
        proposed: tuple[datetime, ...] = ()
        match fields.get("reply"):
            case "accept":
                state = InvitationState.ACCEPTED
            case "decline":
                state = InvitationState.DECLINED
            case "propose":
                state = InvitationState.PROPOSED
                moment = self._proposed(fields, case.candidate.time_zone)
                if moment is None:
                    return self._shown(
                        token, case, invitation, trouble="请选择一个今天以后、三十天以内的日期和时间。", proposing=True
                    )
                proposed = (moment,)
            case _:
                raise web.HTTPBadRequest
        note = fields.get("note", "").strip()[:300]
        changed = await asyncio.to_thread(self._answered, case, link, invitation, state, proposed, note)
        return self._shown(token, case, changed)

    def _answered(
        self, case: Case, link: Link, invitation: Invitation, state: InvitationState, proposed: tuple[datetime, ...], note: str
    ) -> Invitation:
        now = self._now()
        if (invitation.state, invitation.proposed, invitation.note) == (state, proposed, note):
            return invitation  # the button was pressed twice
        changed = invitation.model_copy(update={"state": state, "proposed": proposed, "note": note})
        plan = self._planner.after_reply(case, changed, now)
        self._followups.answer(invitation.id, state, now, proposed=proposed, note=note, then=plan)
        self._followups.record(link.message, MessageEventKind.REPLIED, now)
        log.info("invitation_answered", invitation=invitation.id, state=str(state))
        return self._followups.invitation(invitation.id)

    async def _calendar(self, request: web.Request) -> web.Response:
        link = self._signer.read(request.match_info["token"], "reply", self._now())
        case, invitation = await asyncio.to_thread(self._found, link)
        entry = interview_entry(invitation, case.candidate, case.job, self._now())
        return web.Response(
            text=entry, content_type="text/calendar", headers={"Content-Disposition": 'attachment; filename="interview.ics"'}
        )

    async def _opened(self, request: web.Request) -> web.Response:
        link = self._signer.read(request.match_info["token"], "open", self._now())
        await asyncio.to_thread(self._followups.record, link.message, MessageEventKind.OPENED, self._now())
        return web.Response(body=_PIXEL, content_type="image/gif")

    # ---- what they show

    def _found(self, link: Link) -> tuple[Case, Invitation]:
        invitation = self._followups.invitation(link.subject)
        return case_of(self._store, self._followups, invitation.call_id), invitation

    def _proposed(self, fields: dict[str, str], zone: str) -> datetime | None:
        try:
            day, clock = date.fromisoformat(fields.get("day", "")), time.fromisoformat(fields.get("clock", ""))
            moment = datetime.combine(day, clock.replace(tzinfo=None), ZoneInfo(zone))
        except ValueError:
            return None
        return moment if self._now() < moment <= self._now() + _LAST_PROPOSED + timedelta(days=1) else None

    def _shown(self, token: str, case: Case, invitation: Invitation, *, trouble: str = "", proposing: bool = False) -> web.Response:
        zone = ZoneInfo(case.candidate.time_zone)
        today = self._now().astimezone(zone).date()
        open_still = invitation.at > self._now() and invitation.state is not InvitationState.CANCELLED
        said = _SAID.get(invitation.state, "")
        if invitation.state is InvitationState.PROPOSED and invitation.proposed:
            said += "（" + "、".join(spoken(one, case.candidate.time_zone) for one in invitation.proposed) + "）"
        return self._html(
            {
                "title": "面试邀请",
                "company": case.job.company.short_name,
                "said": "" if trouble else said,
                "trouble": trouble,
                "invitation": invitation,
                "job": case.job.title,
                "time": spoken(invitation.at, case.candidate.time_zone),
                "minutes": invitation.minutes,
                "place": invitation.place,
                "directions": invitation.directions,
                "bring": "、".join(invitation.bring),
                "recruiter": case.job.recruiter.name,
                "open": open_still,
                "state": str(invitation.state),
                "key": self._signer.form_key(token),
                "calendar": f"/i/{token}/interview.ics",
                "proposing": proposing,
                "clocks": _CLOCKS,
                "first_day": (today + _FIRST_PROPOSED).isoformat(),
                "last_day": (today + _LAST_PROPOSED).isoformat(),
            },
            status=400 if trouble else 200,
        )

    def _html(self, values: dict[str, Any], *, status: int = 200) -> web.Response:
        told = {"said": "", "trouble": "", "invitation": None} | values
        text = self._environment.get_template("page.html.j2").render(**told, style=Markup(self._style))  # noqa: S704 - our own file
        return web.Response(text=text, content_type="text/html", status=status)
