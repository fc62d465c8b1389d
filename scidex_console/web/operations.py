"""The table of the programming interface: routes and description are made from it, so neither can differ.

A handler is named by the operation's `name`; what it takes and answers is said here and nowhere else.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel

from scidex_console.web import answers

TEXT_LIMIT = 200
"""Characters of a search."""
CURSOR_LIMIT = 8000
"""Characters of a place in a list: an index holds ids of 2,700 bytes, longer ones if they repeat."""
PAGE_LIMIT = 200
"""Artifacts on one page of a list, at most."""
DEFAULT_PAGE = 50
JSON = "application/json"
ANYTHING = "application/octet-stream"


@dataclass(frozen=True)
class Parameter:
    """What an operation takes in its address or headers."""

    name: str
    place: str
    """`path`, `query` or `header`."""
    schema: dict[str, Any]
    description: str
    required: bool = False


@dataclass(frozen=True)
class Operation:
    """One method of one address."""

    name: str
    method: str
    path: str
    summary: str
    answer: type[BaseModel] | str
    """The document it answers with, or a media type."""
    parameters: tuple[Parameter, ...] = ()
    problems: tuple[str, ...] = ()
    """Kinds of problem it may answer with, besides those every operation may."""
    status: int = 200
    also: tuple[tuple[int, str], ...] = ()
    """Other statuses with the same document, or (304, 206) what they stand for."""
    takes: str = ""
    """Media type of the request's body."""
    needs_token: bool = False


ID = Parameter("id", "path", {"type": "string", "minLength": 1}, "The legacy id or the UUID.", required=True)
_LISTED = (
    Parameter("q", "query", {"type": "string", "maxLength": TEXT_LIMIT}, "Text in the title or the id."),
    Parameter("type", "query", {"type": "string", "maxLength": TEXT_LIMIT}, "Only this `artifact_type`."),
    Parameter("has_folder", "query", {"type": "boolean"}, "Only those that are in a folder, or are not."),
    Parameter("after", "query", {"type": "string", "maxLength": CURSOR_LIMIT}, "`next` of the page before."),
    Parameter(
        "limit", "query", {"type": "integer", "minimum": 1, "maximum": PAGE_LIMIT, "default": DEFAULT_PAGE},
        "Artifacts on the page.",
    ),
)  # fmt: skip
_FILENAME = Parameter(
    "filename", "query", {"type": "string", "minLength": 1, "maxLength": 150},
    "Name of the file, without folders.", required=True,
)  # fmt: skip

OPERATIONS = (
    Operation(
        "list_artifacts", "GET", "/api/artifacts", "List or search artifacts, by id", answers.Page,
        parameters=_LISTED, problems=("bad-request",),
    ),
    Operation(
        "artifact", "GET", "/api/artifacts/{id}", "An artifact's row and files", answers.Artifact,
        parameters=(ID,), problems=("not-found",),
    ),
    Operation(
        "folder", "GET", "/api/artifacts/{id}/folder", "The files of its folder", answers.Folder,
        parameters=(ID,), problems=("not-found",),
    ),
    Operation(
        "manifest", "GET", "/api/artifacts/{id}/manifest", "Its manifest.json, byte by byte", JSON,
        parameters=(ID,), problems=("not-found", "precondition-failed", "range-not-satisfiable"),
        also=((206, "A part of it."), (304, "You have it already.")),
    ),
    Operation(
        "inputs", "GET", "/api/artifacts/{id}/inputs", "What it was made from", answers.Links,
        parameters=(ID,), problems=("not-found",),
    ),
    Operation(
        "outputs", "GET", "/api/artifacts/{id}/outputs", "What was made from it", answers.Links,
        parameters=(ID,), problems=("not-found",),
    ),
    Operation(
        "embed", "GET", "/api/artifacts/{id}/embed", "What stands for {{artifact:ID}}", answers.Embed,
        parameters=(ID,), problems=("not-found",),
    ),
    Operation(
        "add_accessory", "POST", "/api/artifacts/{id}/accessory", "Add a file to its folder",
        answers.Accessory, parameters=(ID, _FILENAME), takes=ANYTHING, status=201,
        also=((200, "The same bytes lie there already."),), needs_token=True,
        problems=(
            "bad-request", "unauthorised", "writes-off", "not-found", "too-slow", "conflict", "no-folder",
            "too-large", "wrong-type", "unprocessable", "too-many",
        ),
    ),
)  # fmt: skip
COMMON_PROBLEMS = ("unavailable",)
