"""What the benchmarks of folders share: a store, its migration, and commands measured from outside."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psycopg

import scidex_console.cli  # noqa: F401  # Python looks for garbage as seldom as in the program itself
from scidex_console.domain.jobs import JobName
from scidex_console.domain.runs import WORKING, RunState
from scidex_console.settings import load_settings
from tests.labs import Lab, engine_at_work, make_lab

FOLDERS = frozenset({JobName.FOLDERS})
_ROOT = Path(__file__).resolve().parents[1]


@dataclass(frozen=True)
class Process:
    """A command that ran to its end."""

    seconds: float
    processor_seconds: float
    """Of the command and every process it started; the database server is not among them."""
    peak_mib: int
    """Of the largest of them."""


def folder_lab(
    folder: Path, server_url: str, database: str, *, artifacts: int, shard: int, push: bool = False
) -> Lab:
    """A store in a database of its own, to be migrated without pauses and not repacked at the end."""
    with psycopg.connect(server_url, autocommit=True) as connection:
        connection.execute(f"DROP DATABASE IF EXISTS {database}")  # of a build that was cut short
        connection.execute(f"CREATE DATABASE {database}")
    lab = make_lab(
        folder,
        urlunsplit(urlsplit(server_url)._replace(path=f"/{database}")),
        # As many figures as a store of that size has in SciDEX.
        figures=min(artifacts * 4302 // 11_667, 4302),
        artifacts=artifacts,
        extra=f'[folders]\nevery = "0s"\ngrace = "1s"\nshard = {shard}\nrepack_at_end = false\n',
    )
    if not push:
        text = lab.config.read_text().replace("[repository]\n", "[repository]\npush = false\n")
        lab.config.write_text(text)
    return replace(lab, settings=load_settings(lab.config, environ={}))


async def migrate(lab: Lab) -> int:
    """Everything, to the end of the run; how many artifacts have their folder then."""
    async with engine_at_work(lab.settings, FOLDERS) as at_work:
        await at_work.ask("start", JobName.FOLDERS)
        while (run := await at_work.runs.last_run(JobName.FOLDERS)) is not None and run.state in WORKING:
            await at_work.pause()
    if run is None or run.state is not RunState.DONE:
        raise SystemExit(f"the migration ended {run.state if run else 'before it began'}")
    return migrated(lab)


def migrated(lab: Lab) -> int:
    """How many artifacts have their folder."""
    counted = lab.rows("SELECT count(*) AS n FROM artifacts WHERE migrated_to_folder_at IS NOT NULL")
    return int(counted[0]["n"])


def measured(config: Path, *arguments: str) -> Process:
    """Run a command of the program as an operator would; what it says is shown when it fails."""
    began = time.monotonic()
    command = [sys.executable, "-m", "scidex_console", "--config", str(config), *arguments]
    process = subprocess.Popen(command, cwd=_ROOT, stdout=subprocess.PIPE, text=True)
    said = process.stdout.read() if process.stdout else ""
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{arguments[0]} ended with {process.returncode}:\n{said}")
    return Process(time.monotonic() - began, used.ru_utime + used.ru_stime, used.ru_maxrss // 1024)
