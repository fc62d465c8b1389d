"""The OpenAPI 3.1 description, made from the table of operations and the documents they answer with."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from scidex_console import __version__
from scidex_console.web.operations import COMMON_PROBLEMS, OPERATIONS, Operation
from scidex_console.web.problems import KINDS, MEDIA_TYPE, ProblemDocument

_REFERENCE = "#/components/schemas/{model}"


def description() -> dict[str, Any]:
    """The whole document."""
    models = {op.answer for op in OPERATIONS if not isinstance(op.answer, str)} | {ProblemDocument}
    ordered = sorted(models, key=lambda model: model.__name__)
    _, schemas = models_json_schema([(m, "serialization") for m in ordered], ref_template=_REFERENCE)
    paths: dict[str, dict[str, Any]] = {}
    for operation in OPERATIONS:
        paths.setdefault(operation.path, {})[operation.method.lower()] = _operation(operation)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "SciDEX artifacts",
            "version": __version__,
            "description": "Read artifacts by legacy id or UUID while their files move into folders.",
        },
        "paths": paths,
        "components": {
            "schemas": schemas["$defs"],
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
    }


def _operation(operation: Operation) -> dict[str, Any]:
    described: dict[str, Any] = {
        "operationId": operation.name,
        "summary": operation.summary,
        "parameters": [
            {
                "name": each.name,
                "in": each.place,
                "required": each.required,
                "description": each.description,
                "schema": each.schema,
            }
            for each in operation.parameters
        ],
        "responses": _responses(operation),
    }
    if operation.takes:
        content = {operation.takes: {"schema": {"type": "string", "format": "binary"}}}
        described["requestBody"] = {"required": True, "content": content}
    if operation.needs_token:
        described["security"] = [{"token": []}]
    return described


def _responses(operation: Operation) -> dict[str, Any]:
    good = {"description": operation.summary + ".", "content": _content(operation.answer)}
    responses: dict[str, Any] = {str(operation.status): good}
    for status, meaning in operation.also:
        responses[str(status)] = (
            {"description": meaning} if status == 304 else {**good, "description": meaning}
        )
    kinds = [KINDS[name] for name in (*operation.problems, *COMMON_PROBLEMS)]
    for status in {kind.status for kind in kinds}:
        told = (f"{kind.title}. {kind.meaning}" for kind in kinds if kind.status == status)
        responses[str(status)] = {
            "description": " ".join(told),
            "content": {MEDIA_TYPE: {"schema": {"$ref": _REFERENCE.format(model="ProblemDocument")}}},
        }
    return dict(sorted(responses.items()))


def _content(answer: type[BaseModel] | str) -> dict[str, Any]:
    if isinstance(answer, str):
        return {answer: {"schema": {}}}
    return {"application/json": {"schema": {"$ref": _REFERENCE.format(model=answer.__name__)}}}
