"""The REST API against its own description: thousands of requests, fitting and unfitting ones, find no failure and nothing undescribed."""

import os
import re
from collections.abc import Iterator

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, settings
from schemathesis.checks import load_all_checks
from schemathesis.specs.openapi.checks import negative_data_rejection, positive_data_acceptance

from hr_sync.api.server import description
from tests.loopback.api_stage import Stage, api_stage
from tests.unit.store.store_cases import attempt, result, turn

EXAMPLES = int(os.environ.get("API_FUZZ_EXAMPLES", "12"))
ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:-]{0,79}")
load_all_checks()

schema = schemathesis.openapi.from_dict(description())


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with api_stage(tmp_path_factory.mktemp("fuzz")) as stage:
        stage.store.open_attempt(attempt())
        (stage.recordings / "call-1.wav").write_bytes(b"RIFF" + bytes(4000))
        stage.store.finish(result(recording="/elsewhere/call-1.wav", consent={"recording": True}, transcript=[turn()]))
        yield stage


@pytest.fixture(scope="module")
def headers(stage: Stage) -> dict[str, str]:
    return stage.headers()


@schema.parametrize()
@settings(
    max_examples=EXAMPLES,
    deadline=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
    derandomize=True,
)
def test_every_answer_is_as_described(case: schemathesis.Case, stage: Stage, headers: dict[str, str]) -> None:
    wanted = case.body.get("id") if case.method == "PUT" and isinstance(case.body, dict) else None
    if all(isinstance(each, str) and ID.fullmatch(each) for each in (wanted, *case.path_parameters.values())):
        case.path_parameters = dict.fromkeys(case.path_parameters, wanted)  # else hardly a record would ever be written
    # Rules between fields, such as min <= max, cannot be said in the description.
    excluded = [positive_data_acceptance] if case.operation.label.startswith("PUT /v1/jobs/") else []
    if case.method == "GET":  # a wrong parameter may turn into a right one when it is written into the address
        excluded.append(negative_data_rejection)
    case.call_and_validate(base_url=stage.url, headers=headers, excluded_checks=excluded)
