"""What goes wrong, as problem documents (RFC 9457): one shape for every error of the interface."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus

from pydantic import BaseModel, Field

MEDIA_TYPE = "application/problem+json"


class ProblemDocument(BaseModel):
    """An error, for programs and for people."""

    type: str = Field(description="Address of a page about this kind of problem.")
    title: str = Field(description="The kind of problem; the same each time.")
    status: int = Field(description="The HTTP status, once more.")
    detail: str = Field(description="What went wrong this time, and how to mend it.")
    instance: str = Field(description="The path that was asked for.")


@dataclass(frozen=True)
class Kind:
    """A kind of problem."""

    name: str
    status: int
    title: str
    meaning: str
    """For the page about it: when it occurs, and what to do."""


KINDS = {
    kind.name: kind
    for kind in (
        Kind("bad-request", 400, "The request is not understood",
             "A parameter is wrong, or stands twice. The detail names it."),
        Kind("unauthorised", 401, "A token is needed",
             "Writing needs `Authorization: Bearer TOKEN`. Tokens come from `scidex-console tokens create`."),
        Kind("writes-off", 403, "The service takes no accessories",
             "`serve.accept_accessories` is off, or the program may not write at all."),
        Kind("not-found", 404, "There is nothing here",
             "No artifact has this id or UUID, or it has no such file. Both kinds of id are good."),
        Kind("method-not-allowed", 405, "This address does not do that",
             "The Allow header names what it does."),
        Kind("no-folder", 409, "The artifact has no folder yet",
             "Files are added to an artifact's folder: come again once it has been migrated."),
        Kind("conflict", 409, "The artifact cannot take it as it is",
             "Its row, its folder or git's attributes stand against it: the detail says what, and how to "
             "mend it. A name that another file has is none: the file gets the next free one."),
        Kind("length-required", 411, "The length of the file is needed",
             "Send Content-Length, or the body in chunks."),
        Kind("precondition-failed", 412, "It is not what you have",
             "If-Match or If-Unmodified-Since named another version than the present one."),
        Kind("too-large", 413, "The file is too large",
             "`serve.accessory_bytes` is the most that is taken. Nothing was kept."),
        Kind("wrong-type", 415, "The file is not of a kind that is taken",
             "Its first bytes are not what its name promises, or nothing of that name is taken."),
        Kind("range-not-satisfiable", 416, "The file has no such bytes",
             "The range begins behind the end of the file."),
        Kind("unprocessable", 422, "The file, or its name, cannot be taken",
             "One file name without folders is needed, and a file that is not empty."),
        Kind("too-many", 429, "Too many writes",
             "The Retry-After header says when to come again."),
        Kind("too-slow", 408, "The request took too long",
             "The body did not come in time. Nothing was kept."),
        Kind("broken", 500, "The service is at fault",
             "It is in the service's log under the number of the request."),
        Kind("unavailable", 503, "The service cannot answer now",
             "The database or the store is out of reach, or somebody else writes. Try again."),
    )
}  # fmt: skip


@dataclass
class Problem(Exception):
    """Raised to answer with a problem document."""

    kind: str
    detail: str
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def status(self) -> int:
        """The HTTP status."""
        return KINDS[self.kind].status

    def document(self, instance: str) -> ProblemDocument:
        """As the client gets it."""
        kind = KINDS[self.kind]
        return ProblemDocument(
            type=f"/problems/{kind.name}",
            title=kind.title,
            status=kind.status,
            detail=self.detail,
            instance=instance,
        )


def of_status(status: int) -> str:
    """The kind of problem for a status that the framework gave."""
    known = {kind.status: name for name, kind in KINDS.items()}
    return known.get(status, "broken" if status >= HTTPStatus.INTERNAL_SERVER_ERROR else "bad-request")
