"""The candidate's page: a signed link, and nothing but it, answers an invitation."""

import re
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import aiohttp
import pytest

from hr_sync.errors import LinkError
from hr_sync.followup.links import Link, LinkSigner, load_key
from hr_sync.followup.pages import ReplyPages
from hr_sync.records.followups import InvitationState, MessageEventKind, MessageState, TaskKind
from hr_sync.store.followups import Followups
from tests.unit.followup_kit import KEY, NOW, case, finish, planner, rules, sample

MESSAGE = "call-1.invitation.mail"


class Visit:
    """A browser with the link of the mail, and a clock that can be set."""

    def __init__(self, folder: Path) -> None:
        self.now = NOW + timedelta(hours=2)
        self.store = sample(folder)
        finish(self.store)
        self.followups = Followups(self.store.connections)
        plan = planner().after_call(case(self.store), NOW)
        self.followups.write_plan("call-1", plan, NOW)
        self.invitation_id = plan.invitations[0].id
        self.token = re.search(r"https://jobs\.example/i/(\S+)", plan.messages[0].text)[1]
        self.pixel = re.search(r"https://jobs\.example(/o/\S+\.gif)", plan.messages[0].html)[1]
        self.pages = ReplyPages(self.store, self.followups, planner(), LinkSigner(KEY), rules(), lambda: self.now)

    async def get(self, path: str | None = None, method: str = "GET") -> tuple[int, str, dict[str, str]]:
        url = f"http://127.0.0.1:{self.pages.port}{path or f'/i/{self.token}'}"
        async with aiohttp.ClientSession() as session, session.request(method, url) as response:
            return response.status, await response.text(errors="replace"), dict(response.headers)

    async def post(self, **fields: str) -> tuple[int, str]:
        if "key" not in fields:
            fields["key"] = re.search(r'name="key" value="([^"]+)"', (await self.get())[1])[1]
        async with aiohttp.ClientSession() as session:
            url = f"http://127.0.0.1:{self.pages.port}/i/{self.token}"
            async with session.post(url, data=fields) as response:
                return response.status, await response.text()

    @property
    def invitation(self):
        return self.followups.invitation(self.invitation_id)

    @property
    def events(self) -> list[MessageEventKind]:
        return [event for event, _ in self.followups.events(MESSAGE)]


@pytest.fixture
async def visit(tmp_path: Path) -> AsyncIterator[Visit]:
    visit = Visit(tmp_path)
    async with visit.pages:
        yield visit
    visit.store.close()


async def test_looking_changes_nothing_and_is_recorded(visit: Visit) -> None:
    before = visit.invitation
    for method in ("GET", "HEAD"):
        status, text, headers = await visit.get(method=method)
        assert status == 200
    assert visit.invitation == before
    assert visit.events == [MessageEventKind.CLICKED]
    status, text, headers = await visit.get()
    for words in ("大客户销售", "11月26日（周四）上午10:00", "潮语路八十八号", "身份证原件", "width=device-width"):
        assert words in text, words
    assert "张伟" not in text  # whoever holds the link learns no name
    assert headers["Referrer-Policy"] == "no-referrer"
    assert headers["Cache-Control"] == "no-store"
    assert "default-src 'none'" in headers["Content-Security-Policy"]


async def test_the_picture_of_a_mail_records_that_it_was_opened(visit: Visit) -> None:
    status, _, headers = await visit.get(visit.pixel)
    assert (status, headers["Content-Type"]) == (200, "image/gif")
    assert visit.events == [MessageEventKind.OPENED]


async def test_accepting_confirms(visit: Visit) -> None:
    status, text = await visit.post(reply="accept")
    assert status == 200
    assert "期待和您见面" in text
    assert visit.invitation.state is InvitationState.ACCEPTED
    assert MessageEventKind.REPLIED in visit.events
    waiting = visit.followups.messages(state=MessageState.WAITING)
    assert [str(message.kind) for message in waiting] == ["confirmation"]
    assert visit.followups.message(MESSAGE).state is MessageState.DROPPED  # it had not been sent yet
    await visit.post(reply="accept")
    assert len(visit.followups.messages(state=MessageState.WAITING)) == 1


async def test_declining_tells_hr_and_may_be_taken_back(visit: Visit) -> None:
    await visit.post(reply="decline")
    assert visit.invitation.state is InvitationState.DECLINED
    assert TaskKind.DECLINED in {task.kind for task in visit.followups.tasks()}
    await visit.post(reply="accept")
    assert visit.invitation.state is InvitationState.ACCEPTED


async def test_proposing_another_time(visit: Visit) -> None:
    status, text = await visit.post(reply="propose", day="2026-11-30", clock="14:30", note="<b>上午有课</b>")
    assert status == 200
    assert "11月30日（周一）下午2:30" in text
    assert "<b>上午" not in text
    assert visit.invitation.state is InvitationState.PROPOSED
    (task,) = [task for task in visit.followups.tasks() if task.kind is TaskKind.RESCHEDULE]
    assert "11月30日（周一）下午2:30" in task.detail


@pytest.mark.parametrize(
    "fields",
    [
        {"day": "2026-11-01", "clock": "10:00"},
        {"day": "2027-11-01", "clock": "10:00"},
        {"day": "", "clock": "10:00"},
        {"day": "2026-13-45", "clock": "99:99"},
        {"day": "2026-11-30", "clock": ""},
    ],
)
async def test_impossible_times_are_refused_and_change_nothing(visit: Visit, fields: dict[str, str]) -> None:
    before = visit.invitation
    status, text = await visit.post(reply="propose", **fields)
    assert status == 400
    assert "请选择" in text
    assert visit.invitation == before


async def test_a_form_that_is_not_ours_changes_nothing(visit: Visit) -> None:
    before = visit.invitation
    for fields in ({"key": ""}, {"key": "x" * 24}, {"key": LinkSigner(KEY).form_key("another token")}):
        status, _ = await visit.post(reply="accept", **fields)
        assert status == 403
    status, _ = await visit.post(reply="destroy")
    assert status == 400
    status, _ = await visit.post(reply="accept", note="x" * 20_000)
    assert status == 413
    assert visit.invitation == before


async def test_forged_and_foreign_links_lead_nowhere(visit: Visit) -> None:
    signer = LinkSigner(b"another key" + b"." * 21)
    forged = signer.token(Link("reply", visit.invitation_id, MESSAGE), NOW + timedelta(days=9))
    own = LinkSigner(KEY)
    unknown = own.token(Link("reply", "nobody.interview", MESSAGE), NOW + timedelta(days=9))
    for_opening = own.token(Link("open", visit.invitation_id, MESSAGE), NOW + timedelta(days=9))
    altered = visit.token[:-2] + ("AA" if not visit.token.endswith("AA") else "BB")
    for token in (forged, unknown, for_opening, altered, "x", "a.b", "%00", "." * 50):
        status, text, _ = await visit.get(f"/i/{token}")
        assert status == 404, token
        assert "大客户" not in text


async def test_links_expire_and_answers_end_with_the_interview(visit: Visit) -> None:
    visit.now = visit.invitation.at + timedelta(minutes=1)
    status, text, _ = await visit.get()
    assert status == 200
    assert "<form" not in text
    status, _ = await visit.post(reply="accept", key=LinkSigner(KEY).form_key(visit.token))
    assert status == 409
    visit.now = visit.invitation.at + timedelta(days=31)
    assert (await visit.get())[0] == 404


async def test_the_calendar_entry(visit: Visit) -> None:
    status, text, headers = await visit.get(f"/i/{visit.token}/interview.ics")
    assert (status, headers["Content-Type"].split(";")[0]) == (200, "text/calendar")
    assert "DTSTART:20261126T020000Z" in text


def test_tokens_cannot_be_altered() -> None:
    signer, link = LinkSigner(KEY), Link("reply", "call-1.interview", MESSAGE)
    token = signer.token(link, NOW + timedelta(days=1))
    assert signer.read(token, "reply", NOW) == link
    with pytest.raises(LinkError, match="expired"):
        signer.read(token, "reply", NOW + timedelta(days=2))
    for place in range(len(token)):
        other = "A" if token[place] != "A" else "B"
        with pytest.raises(LinkError):
            signer.read(token[:place] + other + token[place + 1 :], "reply", NOW)


def test_the_key_is_made_once_and_for_its_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "state" / "followup.key"
    key = load_key(path)
    assert len(key) == 32
    assert load_key(path) == key
    assert path.stat().st_mode & 0o077 == 0
