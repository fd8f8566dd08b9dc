"""The description of the API, OpenAPI 3.1: made from the operations themselves, so that it cannot say anything else."""

from __future__ import annotations

from collections.abc import Iterable
from http import HTTPStatus
from typing import Any

from pydantic import BaseModel, TypeAdapter
from pydantic.json_schema import models_json_schema

from hr_sync.api.operation import Operation
from hr_sync.api.problems import CONTENT_TYPE, ProblemBody
from hr_sync.api.recordings import Wav
from hr_sync.records import Identifier

_REF = "#/components/schemas/{model}"
_EVERY = (405, 429, 500, 503)
_ABOUT = """Results of telephone interviews, pulled by cursor; candidates and jobs in both directions; calls and recordings.

Every error is a problem document (RFC 9457) with a `code` for programs. Every answer carries `X-Request-Id`; send one to find
the request in the server's log. Ids, never names or numbers, stand in addresses."""


def describe(operations: Iterable[Operation], version: str) -> dict[str, Any]:
    """The whole document."""
    listed = list(operations)
    answers = [(operation.answer, "serialization") for operation in listed if operation.answer is not Wav]
    bodies = [(operation.body, "validation") for operation in listed if operation.body is not None]
    names, schemas = models_json_schema([*answers, *bodies, (ProblemBody, "serialization")], ref_template=_REF)  # type: ignore[list-item]
    paths: dict[str, Any] = {}
    for operation in listed:
        paths.setdefault(operation.path, {})[operation.method.lower()] = _operation(operation, names)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Hireline",
            "version": version,
            "description": _ABOUT,
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/"}],
        "security": [{"key": []}],
        "tags": [{"name": tag} for tag in dict.fromkeys(operation.tag for operation in listed)],
        "paths": paths,
        "components": {
            "schemas": schemas.get("$defs", {}),
            "securitySchemes": {
                "key": {"type": "http", "scheme": "bearer", "description": "A key made with `hireline api keys create`."}
            },
        },
    }


def _operation(operation: Operation, names: dict[Any, Any]) -> dict[str, Any]:
    described: dict[str, Any] = {
        "operationId": operation.id,
        "summary": operation.summary,
        "tags": [operation.tag],
        "parameters": [*_path_parameters(operation.path), *_query_parameters(operation.query)],
        "responses": {"200": _success(operation, names)} | _problems(operation, names),
    }
    if operation.scope is None:
        described["security"] = []
    else:
        described["description"] = f"Needs a key with the scope `{operation.scope}`."
    if operation.body is not None:
        schema = names[(operation.body, "validation")]
        described["requestBody"] = {"required": True, "content": {"application/json": {"schema": schema}}}
    if operation.answer is Wav:
        described["parameters"].append(
            {"name": "Range", "in": "header", "required": False, "schema": {"type": "string"}, "example": "bytes=44-8043"}
        )
        described["responses"]["206"] = described["responses"]["200"] | {"description": "The range that was asked for"}
    return described


def _success(operation: Operation, names: dict[Any, Any]) -> dict[str, Any]:
    if operation.answer is Wav:
        return {"description": "Sound, RIFF WAVE", "content": {"audio/wav": {}}}
    schema = names[(operation.answer, "serialization")]
    return {"description": "Done", "content": {"application/json": {"schema": schema}}}


def _problems(operation: Operation, names: dict[Any, Any]) -> dict[str, Any]:
    statuses = set(_EVERY) | set(operation.errors) | {422}
    if operation.scope is not None:
        statuses |= {401, 403}
    if "{" in operation.path:
        statuses.add(404)
    if operation.body is not None:
        statuses |= {400, 409, 413, 415}
    content = {CONTENT_TYPE: {"schema": names[(ProblemBody, "serialization")]}}
    return {str(status): {"description": HTTPStatus(status).phrase, "content": content} for status in sorted(statuses)}


def _path_parameters(path: str) -> list[dict[str, Any]]:
    schema = TypeAdapter(Identifier).json_schema()
    return [
        {"name": part[1:-1], "in": "path", "required": True, "schema": schema} for part in path.split("/") if part.startswith("{")
    ]


def _query_parameters(query: type[BaseModel]) -> list[dict[str, Any]]:
    schema = query.model_json_schema(ref_template=_REF)
    parameters = []
    for name, field in schema.get("properties", {}).items():
        kept = {key: value for key, value in field.items() if key not in {"title", "description"}}
        if "anyOf" in kept:  # a parameter is left out rather than null
            kept = next(choice for choice in kept["anyOf"] if choice.get("type") != "null")
        parameters.append(
            {"name": name, "in": "query", "required": False, "description": field.get("description", ""), "schema": kept}
        )
    return parameters
