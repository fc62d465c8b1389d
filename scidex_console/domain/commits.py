"""What a commit of ours says about itself: message and trailers, and how to read them back."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

AUTHOR_NAME = "scidex-console"
AUTHOR_EMAIL = "scidex-console@localhost"


class CommitKind(StrEnum):
    """Why a commit of ours exists; at most one commit per (operation, kind)."""

    APPLY = "apply"
    MOVE = "move"
    """One artifact into its folder; joined to the branch by the `apply` commit of its batch."""
    UNDO = "undo"
    COMPENSATE = "compensate"
    """Puts right the files of rows that somebody else changed between the commit and the switch."""
    POINTER = "pointer"
    """In the outer repository: the submodule moves to the artifact repository's new head."""


@dataclass(frozen=True)
class Trailers:
    """The trailers of one of our commits, and with them the key that ties it to the journal."""

    op: str
    batch: str
    kind: CommitKind
    epoch: int
    authorization: str = ""
    journal: str = ""
    """Identity of the journal that knows this commit; empty in commits from before journals had one."""

    def render(self) -> str:
        """The trailer block, one per line, with a newline at the end."""
        lines = [
            f"Scidex-Op: {self.op}",
            f"Scidex-Batch: {self.batch}",
            f"Scidex-Kind: {self.kind}",
            f"Scidex-Epoch: {self.epoch}",
        ]
        if self.journal:
            lines.append(f"Scidex-Journal: {self.journal}")
        if self.authorization:
            lines.append(f"Scidex-Authorization: {' '.join(self.authorization.split())}")
        return "\n".join(lines) + "\n"

    def answers(self, op: str, kind: CommitKind, journal: str) -> bool:
        """Whether this is the commit that a journal asks for by its key.

        An operation is named after its batch's UUID, so a commit that names no journal can only be the asking
        one's; a commit that names another journal is not, whatever its key says.
        """
        return self.op == op and self.kind is kind and self.journal in ("", journal)


_TRAILER = re.compile(r"^Scidex-([A-Za-z]+): (.*)$", re.MULTILINE)


def parse_trailers(message: str) -> Trailers | None:
    """Read the trailers from a commit message; None when the commit is not one of ours."""
    last = message.rstrip("\n").split("\n\n")[-1]
    found = {key.lower(): value.strip() for key, value in _TRAILER.findall(last)}
    try:
        return Trailers(
            op=found["op"],
            batch=found["batch"],
            kind=CommitKind(found["kind"]),
            epoch=int(found["epoch"]),
            authorization=found.get("authorization", ""),
            journal=found.get("journal", ""),
        )
    except (KeyError, ValueError):
        return None


def message(subject: str, trailers: Trailers) -> str:
    """A whole commit message: one subject line and the trailer block."""
    return f"{' '.join(subject.split())}\n\n{trailers.render()}"
