"""What a request asks, checked by the description of its operation; `Problem` for what is not understood."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from starlette.requests import Request

from scidex_console.domain.row_json import is_storable
from scidex_console.engine.ports.reading import Search
from scidex_console.web.addresses import from_routing
from scidex_console.web.operations import Operation
from scidex_console.web.problems import Problem


def key_of(request: Request) -> str:
    """The id or UUID that the address names."""
    return from_routing(request.path_params["id"])


def query_of(request: Request, operation: Operation) -> dict[str, Any]:
    """The operation's parameters in the query, with their defaults; others are not looked at."""
    found: dict[str, Any] = {}
    for each in operation.parameters:
        if each.place != "query":
            continue
        values = request.query_params.getlist(each.name)
        if len(values) > 1:
            raise Problem("bad-request", f"{each.name} stands there {len(values)} times")
        if values:
            found[each.name] = _checked(each.name, values[0], each.schema)
        elif each.required:
            raise Problem("bad-request", f"{each.name} is missing")
        else:
            found[each.name] = each.schema.get("default", None if each.schema["type"] == "boolean" else "")
    return found


def _checked(name: str, text: str, schema: dict[str, Any]) -> str | int | bool:
    if schema["type"] == "integer":
        if not (text.isascii() and text.isdigit() and len(text) <= 9):
            raise Problem("bad-request", f"{name} is a whole number")
        number = int(text)
        if not schema["minimum"] <= number <= schema["maximum"]:
            raise Problem("bad-request", f"{name} is from {schema['minimum']} to {schema['maximum']}")
        return number
    if schema["type"] == "boolean":
        if text not in ("true", "false"):
            raise Problem("bad-request", f"{name} is true or false")
        return text == "true"
    least, most = schema.get("minLength", 0), schema["maxLength"]
    if not least <= len(text) <= most:
        raise Problem("bad-request", f"{name} has {least} to {most} characters")
    return text


def search_of(asked: Mapping[str, Any]) -> Search | None:
    """What is looked for; None for what the database could not hold, and so has nothing of."""
    texts = (asked["q"].strip(), asked["type"], asked["after"])
    if not all(map(is_storable, texts)):
        return None
    text, artifact_type, after = texts
    return Search(text, artifact_type, asked["has_folder"], after, asked["limit"])
