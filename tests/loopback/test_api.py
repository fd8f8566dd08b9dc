"""The REST API over real sockets: keys, paging, limits, ranges, TLS, and what stands in its log."""

import asyncio
import shutil
import ssl
import threading
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address
from pathlib import Path

import aiohttp
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from structlog.testing import capture_logs

from hr_sync.api.rules import ApiRules
from hr_sync.api.scopes import SCOPES, Role, Scope
from hr_sync.api.server import OPERATIONS
from hr_sync.care.keyring import load_keys
from hr_sync.care.recordings import RecordingFolder
from hr_sync.errors import ServiceError, StoreError
from hr_sync.sample import load_sample
from hr_sync.store import SqliteStore
from tests.loopback.api_stage import FAST, Stage, api_stage
from tests.unit.store.store_cases import ZHANG, attempt, result, turn

WAV = bytes(range(256)) * 40


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("sample") / "hr.db"
    with SqliteStore(path) as store:
        load_sample(store)
    return path


@pytest.fixture
def stage(tmp_path: Path, sample: Path) -> Iterator[Stage]:
    shutil.copy(sample, tmp_path / "hr.db")
    with api_stage(tmp_path, sample=False) as stage:
        yield stage


@pytest.fixture
async def client(stage: Stage) -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession(stage.url, headers=stage.headers()) as session:
        yield session


def finish(stage: Stage, *numbers: int, **fields: object) -> None:
    for number in numbers:
        stage.store.open_attempt(attempt(f"call-{number}"))
        stage.store.finish(result(f"call-{number}", attempt=number, **fields))


async def problem(response: aiohttp.ClientResponse, status: int, code: str) -> dict[str, object]:
    assert response.status == status, await response.text()
    assert response.content_type == "application/problem+json"
    body = await response.json()
    assert (body["status"], body["code"], body["request_id"]) == (status, code, response.headers["X-Request-Id"])
    return body


# ---- results


async def test_results_are_pulled_by_cursor(stage: Stage, client: aiohttp.ClientSession) -> None:
    finish(stage, 1, 2, 3, slots={"city": "杭州"})
    seen, after, pages = [], 0, 0
    while True:
        async with client.get("/v1/results", params={"after": after, "limit": 2}) as response:
            page = await response.json()
        seen += [(item["cursor"], item["call_id"], item["revision"]) for item in page["results"]]
        after, pages = page["next"], pages + 1
        if not page["more"]:
            break
    assert (seen, after, pages) == ([(1, "call-1", 1), (2, "call-2", 1), (3, "call-3", 1)], 3, 2)
    stage.store.revise_result("call-2", {"interest": "interested"}, reason="corrected")
    async with client.get("/v1/results", params={"after": after}) as response:
        (item,) = (await response.json())["results"]
    assert (item["cursor"], item["call_id"], item["revision"], item["result"]["interest"]) == (4, "call-2", 2, "interested")
    assert item["result"] == stage.store.result("call-2").model_dump(mode="json")
    async with client.get("/v1/results/call-2") as response:
        assert await response.json() == item
    async with client.get("/v1/results", params={"after": 4}) as response:
        assert await response.json() == {"results": [], "next": 4, "more": False}


@pytest.mark.parametrize(
    "query", ["after=-1", "after=x", "limit=0", "limit=501", "after=1&after=2", "since=3", "after=" + "9" * 30]
)
async def test_parameters_that_do_not_fit_are_named_and_not_repeated(client: aiohttp.ClientSession, query: str) -> None:
    async with client.get(f"/v1/results?{query}") as response:
        body = await problem(response, 422, "invalid_data")
    assert [fault["field"] for fault in body["faults"]] == [query.split("=")[0]]
    assert "9" * 30 not in str(body)


async def test_a_call_can_be_followed_while_it_lasts(stage: Stage, client: aiohttp.ClientSession) -> None:
    stage.store.open_attempt(attempt())
    stage.store.add_turn("call-1", 0, turn("我在杭州"))
    async with client.get("/v1/calls/call-1") as response:
        assert (await response.json())["state"] == "planned"
    async with client.get("/v1/calls/call-1/transcript") as response:
        assert [said["text"] for said in (await response.json())["turns"]] == ["我在杭州"]
    async with client.get("/v1/results/call-1") as response:
        await problem(response, 404, "not_found")
    async with client.get("/v1/calls", params={"candidate_id": "li-na"}) as response:
        assert await response.json() == {"calls": [], "next": None}


@pytest.mark.parametrize(
    ("path", "member", "count"), [("/v1/candidates", "candidates", 12), ("/v1/jobs", "jobs", 4), ("/v1/calls", "calls", 5)]
)
async def test_lists_are_paged(stage: Stage, client: aiohttp.ClientSession, path: str, member: str, count: int) -> None:
    finish(stage, 1, 2, 3, 4, 5)
    ids: list[str] = []
    after = None
    while True:
        async with client.get(path, params={"limit": 3} | ({"after": after} if after else {})) as response:
            page = await response.json()
        ids += [record.get("id") or record["call_id"] for record in page[member]]
        if (after := page["next"]) is None:
            break
    assert len(ids) == count
    assert ids == sorted(set(ids))


# ---- writing


async def test_a_candidate_is_written_once(stage: Stage, client: aiohttp.ClientSession) -> None:
    record = ZHANG.model_dump(mode="json") | {"id": "zhang-san", "last_pay": 12000.0}
    outcomes = []
    for change in ({}, {}, {"city": "上海"}):
        async with client.put("/v1/candidates/zhang-san", json=record | change) as response:
            outcomes.append((await response.json())["outcome"])
    assert outcomes == ["new", "same", "changed"]
    assert (stage.store.candidate("zhang-san").city, stage.store.candidate("zhang-san").last_pay) == ("上海", 12000)
    async with client.post("/v1/candidate-search", json={"phone": ZHANG.phone}) as response:
        assert [found["id"] for found in (await response.json())["candidates"]] == ["zhang-san", "zhang-wei"]


async def test_bodies_that_do_not_fit_are_refused_without_being_repeated(stage: Stage, client: aiohttp.ClientSession) -> None:
    good = ZHANG.model_dump(mode="json")
    for body, status, code in [
        (good | {"phone": "机密号码"}, 422, "invalid_data"),
        (good | {"married": "机密"}, 422, "invalid_data"),
        (good | {"last_pay": "12000"}, 422, "invalid_data"),
        (good | {"id": "li-na"}, 409, "conflict"),
        ([good], 422, "invalid_data"),
    ]:
        async with client.put("/v1/candidates/zhang-wei", json=body) as response:
            assert "机密" not in str(await problem(response, status, code))
    for data, status, code in [
        (b"{", 400, "malformed_json"),
        (b'{"last_pay": NaN}', 400, "malformed_json"),
        (b"\xff", 400, "malformed_json"),
    ]:
        async with client.put("/v1/candidates/zhang-wei", data=data, headers={"Content-Type": "application/json"}) as response:
            await problem(response, status, code)
    async with client.put("/v1/candidates/zhang-wei", data=b"<candidate/>", headers={"Content-Type": "text/xml"}) as response:
        await problem(response, 415, "unsupported_media_type")
    huge = {"id": "zhang-wei", "company": {"founded": 2**80}}
    async with client.put("/v1/jobs/zhang-wei", json=huge) as response:
        await problem(response, 422, "invalid_data")
    assert stage.store.candidate("zhang-wei") == ZHANG


async def test_numbers_too_large_for_the_database_are_refused(stage: Stage, client: aiohttp.ClientSession) -> None:
    job = stage.store.job("java-developer").model_dump(mode="json")
    job["company"]["founded"] = 2**80
    async with client.put("/v1/jobs/java-developer", json=job) as response:
        await problem(response, 422, "invalid_data")


async def test_a_body_over_the_limit_is_refused(tmp_path: Path) -> None:
    with api_stage(tmp_path, FAST.model_copy(update={"body_limit_bytes": 2000})) as stage:
        async with aiohttp.ClientSession(stage.url, headers=stage.headers()) as client:
            record = ZHANG.model_dump(mode="json") | {"notes": "好" * 2000}
            async with client.put("/v1/candidates/zhang-wei", json=record) as response:
                await problem(response, 413, "request_entity_too_large")
            async with client.get("/v1/candidates/zhang-wei") as response:
                assert response.status == 200


async def test_a_blocked_number_is_never_dialled(stage: Stage, client: aiohttp.ClientSession) -> None:
    for new in (True, False):
        async with client.post("/v1/do-not-call", json={"number": ZHANG.phone, "note": "来信要求"}) as response:
            assert (await response.json())["new"] is new
    assert stage.store.is_blocked(ZHANG.phone)


# ---- who may ask


def address(path: str) -> str:
    return path.replace("{candidate_id}", "zhang-wei").replace("{job_id}", "java-developer").replace("{call_id}", "call-1")


@pytest.mark.parametrize("operation", [each for each in OPERATIONS if each.scope], ids=lambda each: each.id)
async def test_every_operation_asks_for_its_scope(stage: Stage, operation: object) -> None:
    url = stage.url + address(operation.path)
    others = stage.headers(Role.ADMIN, *(set(Scope) - {operation.scope}))
    async with aiohttp.ClientSession() as client:
        for headers in ({}, {"Authorization": "Bearer hl_000000000000_" + "A" * 43}, {"Authorization": "Basic eDp5"}):
            async with client.request(operation.method, url, headers=headers) as response:
                await problem(response, 401, "unauthorised")
                assert response.headers["WWW-Authenticate"].startswith("Bearer")
        async with client.request(operation.method, url, headers=others) as response:
            await problem(response, 403, "forbidden")
        async with client.request(operation.method, url, headers=stage.headers(Role.ADMIN, operation.scope)) as response:
            assert response.status not in {401, 403}


def test_roles_allow_what_their_people_need() -> None:
    assert SCOPES[Role.ADMIN] == set(Scope)
    assert Scope.RECORDINGS_READ not in SCOPES[Role.INTEGRATION]
    assert Scope.JOBS_WRITE in SCOPES[Role.LEAD] - SCOPES[Role.RECRUITER]
    assert all(Scope.AUDIT_READ not in SCOPES[role] for role in Role if role is not Role.ADMIN)


async def test_a_revoked_key_stops_at_once(stage: Stage) -> None:
    key, token = stage.keys.create("a", role="admin", scopes=SCOPES[Role.ADMIN], at=datetime.now(UTC))
    async with aiohttp.ClientSession(stage.url, headers={"Authorization": f"Bearer {token}"}) as client:
        async with client.get("/v1/jobs") as response:
            assert response.status == 200
        stage.keys.revoke(key.id, datetime.now(UTC))
        async with client.get("/v1/jobs") as response:
            await problem(response, 401, "unauthorised")


async def test_each_key_has_a_rate_of_its_own(tmp_path: Path) -> None:
    with api_stage(tmp_path, ApiRules(rate_per_s=0.5, burst=3)) as stage:
        async with aiohttp.ClientSession(stage.url) as client:
            mine, other = stage.headers(), stage.headers()
            statuses = []
            for _ in range(5):
                async with client.get("/v1/jobs", headers=mine) as response:
                    statuses.append(response.status)
            assert statuses == [200, 200, 200, 429, 429]
            async with client.get("/v1/jobs", headers=mine) as response:
                await problem(response, 429, "too_many_requests")
                assert 1 <= int(response.headers["Retry-After"]) <= 2
            async with client.get("/v1/jobs", headers=other) as response:
                assert response.status == 200
            statuses = []
            for _ in range(5):  # guessing is limited too
                async with client.get("/v1/jobs", headers={"Authorization": "Bearer x"}) as response:
                    statuses.append(response.status)
            assert statuses == [401, 401, 401, 429, 429]


# ---- recordings


@pytest.fixture(params=["plain", "encrypted"])
def recorded(stage: Stage, request: pytest.FixtureRequest) -> Stage:
    (stage.recordings / "call-1.wav").write_bytes(WAV)
    if request.param == "encrypted":
        RecordingFolder(stage.recordings, lambda: load_keys(stage.folder / "data.keys")).seal("call-1.wav")
    finish(stage, 1, recording="/another/machine/recordings/call-1.wav")
    finish(stage, 2)
    finish(stage, 3, recording="/etc/hostname")
    finish(stage, 4, recording="call-4.wav")
    return stage


@pytest.mark.parametrize(
    ("asked", "first", "last"),
    [
        ("bytes=0-43", 0, 43), ("bytes=44-", 44, 10239), ("bytes=-100", 10140, 10239), ("bytes=10239-99999", 10239, 10239),
        ("bytes=-99999", 0, 10239), ("bytes=5-5", 5, 5),
    ],
)  # fmt: skip
async def test_a_recording_is_had_by_ranges(
    recorded: Stage, client: aiohttp.ClientSession, asked: str, first: int, last: int
) -> None:
    async with client.get("/v1/recordings/call-1", headers={"Range": asked}) as response:
        assert (response.status, response.headers["Content-Range"]) == (206, f"bytes {first}-{last}/10240")
        assert await response.read() == WAV[first : last + 1]
        assert (response.content_type, response.headers["Cache-Control"]) == ("audio/wav", "no-store")


async def test_a_recording_is_had_whole(recorded: Stage, client: aiohttp.ClientSession) -> None:
    async with client.get("/v1/results/call-1") as response:
        where = (await response.json())["recording"]
    for headers in ({}, {"Range": "bytes=0-1,4-5"}, {"Range": "sentences=1-2"}, {"Range": "bytes=0-1", "If-Range": '"old"'}):
        async with client.get(where, headers=headers) as response:
            assert response.status == 200
            assert await response.read() == WAV
    async with client.get(where, headers={"Range": "bytes=10240-"}) as response:
        await problem(response, 416, "range_not_satisfiable")
        assert response.headers["Content-Range"] == "bytes */10240"


@pytest.mark.parametrize("call_id", ["call-2", "call-3", "call-4", "call-5", "..%2Fhr.db", "%2Fetc%2Fhostname"])
async def test_nothing_but_recordings_can_be_had(recorded: Stage, client: aiohttp.ClientSession, call_id: str) -> None:
    async with client.get(aiohttp.client.URL(f"{recorded.url}/v1/recordings/{call_id}", encoded=True)) as response:
        await problem(response, 404, "not_found")


# ---- the server itself


async def test_refusals_of_every_kind_are_problem_documents(client: aiohttp.ClientSession) -> None:
    async with client.get("/v1/nothing") as response:
        await problem(response, 404, "not_found")
    async with client.delete("/v1/results") as response:
        await problem(response, 405, "method_not_allowed")
        assert response.headers["Allow"] == "GET"
    async with client.get("/v1/candidates/%E5%BC%A0") as response:
        await problem(response, 404, "not_found")


async def test_the_description_is_served_to_everybody(stage: Stage) -> None:
    async with aiohttp.ClientSession() as client, client.get(f"{stage.url}/openapi.json") as response:
        document = await response.json()
    assert document["openapi"].startswith("3.1")
    assert {(path, method) for path, methods in document["paths"].items() for method in methods} == {
        (operation.path, operation.method.lower()) for operation in OPERATIONS
    }


async def test_a_request_is_found_by_its_id_and_its_line_tells_no_personal_data(
    stage: Stage, client: aiohttp.ClientSession
) -> None:
    with capture_logs() as logs:
        async with client.get("/v1/candidates/zhang-wei", headers={"X-Request-Id": "abc-1"}) as response:
            assert response.headers["X-Request-Id"] == "abc-1"
        async with client.get("/v1/candidates/zhang-wei", headers={"X-Request-Id": "张伟"}) as response:
            assert response.headers["X-Request-Id"].isalnum()
        async with client.post("/v1/candidate-search", json={"phone": ZHANG.phone}) as response:
            assert response.status == 200
        async with client.get(f"/v1/{ZHANG.phone}") as response:
            assert response.status == 404
    lines = [line for line in logs if line["event"] == "request"]
    assert [(line["route"], line["status"]) for line in lines] == [
        ("/v1/candidates/{candidate_id}", 200), ("/v1/candidates/{candidate_id}", 200), ("/v1/candidate-search", 200), ("unknown", 404),
    ]  # fmt: skip
    assert lines[0]["request_id"] == "abc-1"
    assert ZHANG.phone not in str(logs)
    assert "张伟" not in str(logs)


async def test_who_saw_whose_data_is_written_down(stage: Stage, client: aiohttp.ClientSession) -> None:
    paths = ["/v1/results", "/v1/candidates/zhang-wei", "/v1/candidates/nobody", "/v1/jobs", "/v1/candidates?after=zzz"]
    for path in paths:
        async with client.get(path):
            pass
    finish(stage, 1)
    async with client.get("/v1/results"):
        pass
    actor = f"key:{stage.keys.list()[0].id}"
    assert stage.noted == [(actor, "candidate.read", "zhang-wei"), (actor, "results.read", "")]


async def test_a_broken_database_is_our_failure_and_says_nothing(
    stage: Stage, client: aiohttp.ClientSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(candidate_id: str) -> None:
        raise StoreError("disk I/O error at /secret/place")

    monkeypatch.setattr(stage.store, "candidate", broken)
    async with client.get("/v1/candidates/zhang-wei") as response:
        assert "secret" not in str(await problem(response, 500, "failed"))


async def test_more_than_the_threads_and_their_queue_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with api_stage(tmp_path, FAST.model_copy(update={"threads": 1, "waiting": 2})) as stage:
        go, entered = threading.Event(), threading.Event()
        listed = stage.store.jobs

        def slow(**page: object) -> object:
            entered.set()
            assert go.wait(10)
            return listed(**page)

        headers = stage.headers()
        monkeypatch.setattr(stage.store, "jobs", slow)
        async with aiohttp.ClientSession(stage.url, headers=headers) as client:

            async def ask() -> tuple[int, str | None]:
                async with client.get("/v1/health") as response:
                    return response.status, response.headers.get("Retry-After")

            asked = [asyncio.create_task(ask()) for _ in range(6)]
            done, _ = await asyncio.wait(asked, timeout=5, return_when=asyncio.FIRST_COMPLETED)
            while len(done) < 3:
                more, _ = await asyncio.wait(set(asked) - done, timeout=5, return_when=asyncio.FIRST_COMPLETED)
                done |= more
            assert entered.is_set()
            assert {task.result() for task in done} == {(503, "1")}
            go.set()
            rest = await asyncio.gather(*asked)
    assert sorted(status for status, _ in rest) == [200, 200, 200, 503, 503, 503]


def test_a_taken_port_is_named(stage: Stage, tmp_path: Path) -> None:
    port = int(stage.url.rsplit(":", 1)[1])
    (tmp_path / "second").mkdir()
    with pytest.raises(ServiceError, match=str(port)), api_stage(tmp_path / "second", port=port):
        pass


# ---- TLS


@pytest.fixture
def certificate(tmp_path: Path) -> tuple[Path, Path]:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "hireline test")])
    now = datetime.now(UTC)
    signed = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(minutes=1))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(IPv4Address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    chain, private = tmp_path / "api.crt", tmp_path / "api.key"
    chain.write_bytes(signed.public_bytes(serialization.Encoding.PEM))
    private.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return chain, private


async def test_over_tls(tmp_path: Path, certificate: tuple[Path, Path]) -> None:
    chain, private = certificate
    with api_stage(tmp_path, FAST.model_copy(update={"certificate": chain, "private_key": private})) as stage:
        assert stage.url.startswith("https://")
        trusting = ssl.create_default_context(cafile=str(chain))
        async with aiohttp.ClientSession(stage.url, headers=stage.headers()) as client:
            async with client.get("/v1/jobs", ssl=trusting) as response:
                assert response.status == 200
            with pytest.raises(aiohttp.ClientConnectorCertificateError):
                await client.get("/v1/jobs")
            old = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            old.load_verify_locations(chain)
            old.maximum_version = ssl.TLSVersion.TLSv1_2
            old.set_ciphers("ALL")
            async with client.get("/v1/jobs", ssl=old) as response:
                assert response.status == 200, "TLS 1.2 is taken"


def test_a_certificate_that_cannot_be_used_is_named(tmp_path: Path, certificate: tuple[Path, Path]) -> None:
    chain, _ = certificate
    with pytest.raises(ServiceError, match="certificate"), api_stage(tmp_path, FAST.model_copy(update={"certificate": chain})):
        pass
    with (
        pytest.raises(ServiceError, match="No such file"),
        api_stage(tmp_path, FAST.model_copy(update={"certificate": tmp_path / "none"})),
    ):
        pass
