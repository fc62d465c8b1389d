"""What is told of failed commits: each kind once a minute, and never at the price of another failure."""

from __future__ import annotations

from scidex_console.domain.errors import ConsoleError, Fenced, Halt, LockBusy, Unreachable
from scidex_console.domain.jobs import JobName
from scidex_console.engine.failed_commits import FailedCommits

FOLDERS = JobName.FOLDERS


class Log:
    """Remembers what it was told; fails when it is to."""

    def __init__(self) -> None:
        self.told: list[tuple[str, int | None, str, str]] = []
        self.fails: ConsoleError | None = None

    async def record_failure(self, job: str, run_id: int | None, kind: str, reason: str) -> None:
        if self.fails:
            raise self.fails
        self.told.append((job, run_id, kind, reason))


class Time:
    """Seconds that pass when told."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def monotonic(self) -> float:
        return self.seconds


def failed() -> tuple[FailedCommits, Log, Time]:
    log, time = Log(), Time()
    return FailedCommits(log, time), log, time  # type: ignore[arg-type]


async def test_each_kind_is_told_once_a_minute() -> None:
    commits, log, time = failed()
    for seconds in (0, 5, 59, 60, 61):
        time.seconds = float(seconds)
        await commits.tell(FOLDERS, 3, LockBusy("index.lock"))
    await commits.tell(FOLDERS, 3, Halt("disk full", where="/srv"))
    assert log.told == [
        ("folders", 3, "LockBusy", "index.lock"),
        ("folders", 3, "LockBusy", "index.lock"),
        ("folders", 3, "Halt", "disk full (/srv)"),
    ]


async def test_what_says_nothing_of_a_commit_is_not_told() -> None:
    commits, log, _ = failed()
    await commits.tell(FOLDERS, None, Fenced("another engine"))
    await commits.tell(FOLDERS, None, Unreachable("no database"))
    assert log.told == []


async def test_a_database_that_cannot_be_told_is_told_next_time() -> None:
    commits, log, _ = failed()
    log.fails = Unreachable("no database")
    await commits.tell(FOLDERS, None, LockBusy("index.lock"))
    log.fails = None
    await commits.tell(FOLDERS, None, LockBusy("index.lock"))
    assert len(log.told) == 1
