"""What git said of references, believed for as long as the files that hold them are the very same.

A batch asks some twenty times where the branch is, since anybody may move it at any time; a process each time
takes longer than all else that the answers are for. Git replaces a reference's file when it changes it, so an
unchanged file (by inode, size and times) is an unchanged reference.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

Answer = TypeVar("Answer")
_Sign = tuple[tuple[int, int, int, int] | None, ...]
_TO_BRANCH = b"ref: refs/heads/"
"""How git itself writes a HEAD that is attached; others may have written it otherwise."""
_RECENT_NS = 50_000_000
"""A file that changed this recently may change again without looking it: its times are counted in ticks."""
_SECOND_NS = 1_000_000_000
"""The tick of file systems that count whole seconds."""


class RefMemory:
    """Answers about references, each with the state of the files it came from."""

    def __init__(self, git_dir: Path, common_dir: Path) -> None:
        self._git_dir = git_dir
        self._common_dir = common_dir
        self._answers: dict[str, tuple[_Sign, object]] = {}

    def recall(self, names: Sequence[str], ask: Callable[[], Answer]) -> Answer:
        """What `ask` says of these references (`HEAD`, or full names), or said when they were the same."""
        files = [self._file(name) for name in names]
        if None in files or (self._common_dir / "reftable").exists():
            return ask()
        watched = [file for file in files if file is not None]
        sign = tuple(map(_sign, [*watched, self._common_dir / "packed-refs"]))
        key = "\0".join([ask.__qualname__, *names])
        known = self._answers.get(key)
        if known is not None and known[0] == sign:
            answer: Answer = known[1]  # type: ignore[assignment]
            return answer
        # Signed before asking: what changes in between is asked for again.
        now = time.time_ns()
        answer = ask()
        if all(about is None or _is_settled(about[3], now) for about in sign):
            self._answers[key] = (sign, answer)
        return answer

    def branch(self) -> str | None:
        """The branch that HEAD names, by a look at its file; None when it names none."""
        try:
            text = (self._git_dir / "HEAD").read_text("utf-8", "replace")
        except OSError:
            return None
        return text.strip().removeprefix("ref: ") if text.startswith(_TO_BRANCH.decode()) else None

    def _file(self, name: str) -> Path | None:
        """The file that a reference is in; None where one would have to follow it further."""
        is_head = name == "HEAD"
        file = (self._git_dir if is_head else self._common_dir) / name
        try:
            content = file.read_bytes()
            if content.startswith(b"ref:") and not (is_head and content.startswith(_TO_BRANCH)):
                return None
        except FileNotFoundError:
            pass  # it may be packed
        except OSError:
            return None
        return file


def _is_settled(changed_ns: int, now_ns: int) -> bool:
    """Whether a file's next change is sure to give it another time than this one."""
    tick = _RECENT_NS if changed_ns % _SECOND_NS else _SECOND_NS + _RECENT_NS
    return changed_ns < now_ns - tick


def _sign(file: Path) -> tuple[int, int, int, int] | None:
    try:
        about = file.stat()  # of what a link leads to: that is what changes
    except OSError:
        return None
    return about.st_ino, about.st_size, about.st_mtime_ns, about.st_ctime_ns
