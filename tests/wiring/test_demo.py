"""The demo as a process: shown without a console, run again when all is done, killed, ended."""

from __future__ import annotations

import os
import shlex
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from scidex_console.demo.artifacts.scale import Scale
from scidex_console.demo.options import DemoOptions, demo_command
from scidex_console.demo.postgres_server import EmbeddedPostgres
from scidex_console.demo.world import World
from scidex_console.domain.errors import Held, Refused
from scidex_console.wiring import demo as wiring
from scidex_console.wiring.demo import _fresh_world, run_demo
from tests import warm
from tests.samples import sample

TINY = Scale("tiny", artifacts=12, paper_figures=8, figures_with_file=2)
SPEED = 200.0

_DEMO = """
import sys
from pathlib import Path
from scidex_console.demo.artifacts.scale import Scale
from scidex_console.demo.options import DemoOptions
from scidex_console.wiring.demo import run_demo

directory, *flags = sys.argv[1:]
options = DemoOptions(
    Path(directory), Scale("tiny", 12, 8, 2), speed=200.0, headless=True, until_idle="until-idle" in flags
)
sys.exit(run_demo(options, "bin/scidex-console"))
"""


@contextmanager
def demo(directory: Path, *flags: str) -> Iterator[subprocess.Popen[str]]:
    """A demo without a console; its messages are to be read from standard error."""
    with warm.Popen(
        [sys.executable, "-c", _DEMO, str(directory), *flags], stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stderr is not None
        try:
            yield process
        except BaseException:
            process.kill()
            raise
        finally:
            process.stderr.close()


def eventually(holds: Callable[[], bool]) -> None:
    """Wait for what happens in another process; the test's own time limit is the limit."""
    while not holds():
        time.sleep(0.05)


@pytest.fixture
def directory(tmp_path: Path) -> Iterator[Path]:
    """A folder for a world, which is ended and removed afterwards."""
    folder = tmp_path / "demo"
    yield folder
    if folder.exists():
        options = DemoOptions(folder, stop=True, remove=True)
        run_demo(options, "scidex-console")


@pytest.mark.sweep
def test_to_the_end_and_again_and_to_be_watched_a_new_world(
    directory: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for _ in range(2):
        with demo(directory, "until-idle") as process:
            assert process.stderr is not None
            lines = process.stderr.read().splitlines()
        assert process.returncode == 0
        assert "idle: the run is done, 0 rows are due now or later" in lines
        assert "idle: the run of folders is done, 0 rows are due now or later" in lines
        assert "verify: every invariant holds" in lines
        assert lines[-3:] == [
            "stopping engine, figure hosts and database",
            f"stopped; the world stays in {directory}",
            f"remove it by `bin/scidex-console demo --stop --remove --dir {shlex.quote(str(directory))}`",
        ]
    world = _fresh_world(DemoOptions(directory, TINY, speed=SPEED))
    assert "was worked through, nothing is left to do in it; building a new one" in capsys.readouterr().err
    world.stop()


@pytest.mark.sweep
def test_an_idle_demo_says_so_once_and_what_can_be_done(directory: Path) -> None:
    with demo(directory, "until-idle") as process:
        assert process.stderr is not None and process.stderr.read()
    with demo(directory) as process:
        assert process.stderr is not None
        told: list[str] = []
        for line in process.stderr:
            told.append(line.rstrip())
            if line.strip() == "leave: Ctrl-C":
                break
        process.send_signal(signal.SIGINT)
        rest = process.stderr.read().splitlines()
    assert process.returncode == 130
    assert (
        f"  ask again for what failed: bin/scidex-console --config {directory}/config.toml retry figures"
        in told
    )
    assert len([line for line in told if "figures done" in line]) == 1
    assert rest[0] == "stopping engine, figure hosts and database"


@pytest.mark.sweep
def test_killed_it_takes_engine_hosts_and_database_with_it(directory: Path) -> None:
    with demo(directory) as process:
        assert process.stderr is not None
        assert any("figures " in line for line in process.stderr)
        running = World.attach(directory).running()
        assert running is not None
        process.kill()
        process.wait()
    assert [each.name for each in running.processes] == ["figure hosts", "engine"]
    eventually(lambda: not any(each.is_running() for each in running.processes))
    eventually(lambda: not EmbeddedPostgres(directory / "postgres").is_alive())
    assert World.attach(directory).running() is None
    with demo(directory, "until-idle") as process:
        assert process.stderr is not None and process.stderr.read()
    assert process.returncode == 0


@pytest.mark.parametrize("engine_dies", sample(True, False))
def test_a_second_demo_of_a_world_in_use_is_refused_and_says_nothing_else_of_it(
    directory: Path, engine_dies: bool
) -> None:
    with demo(directory) as first:
        assert first.stderr is not None
        assert any("figures " in line for line in first.stderr)
        running = World.attach(directory).running()
        assert running is not None and running.processes[-1].name == "engine"
        if engine_dies:
            first.send_signal(signal.SIGSTOP)  # else it may notice, and end, before the second one comes
            os.kill(running.processes[-1].pid, signal.SIGKILL)
        with demo(directory) as second:
            assert second.stderr is not None
            told = second.stderr.read()
        assert second.returncode != 0
        assert f"this demo world is in use by process {first.pid}" in told
        assert "the demo goes on" not in told and "ended by somebody else" not in told
        assert first.poll() is None
        first.send_signal(signal.SIGINT)
        first.send_signal(signal.SIGCONT)
        rest = first.stderr.read()
    assert first.returncode == 130 and "stopped; the world stays in" in rest


@pytest.fixture
def state_root() -> Iterator[Path]:
    """A folder that the account of root's servers can walk to."""
    with TemporaryDirectory(prefix="scidex-test-") as folder:
        yield Path(folder)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root's databases lie apart from their world")
@pytest.mark.sweep
def test_a_database_whose_folder_is_gone_goes_only_when_its_world_is_named_and_nobody_uses_it(
    state_root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(wiring, "STATE_ROOT", state_root)
    gone, other = tmp_path / "gone", tmp_path / "other"
    server = EmbeddedPostgres(gone / "postgres", durable=False, state_root=state_root)
    server.start()
    place = server.place
    shutil.rmtree(gone)
    (other / "something").mkdir(parents=True)
    with pytest.raises(Refused):
        run_demo(DemoOptions(other, TINY), "scidex-console")
    monkeypatch.setattr(wiring, "default_directories", lambda: (other,))
    assert run_demo(DemoOptions(stop=True, remove=True, everywhere=True), "scidex-console") == 0
    told = capsys.readouterr().err
    assert f"left: {place}, the database of a world whose folder is not there" in told
    assert f"if it is gone: `{demo_command(gone, '--stop', '--remove')}`" in told
    named = DemoOptions(gone, stop=True, remove=True)
    with pytest.raises(Held, match="somebody is connected"):
        run_demo(named, "scidex-console")
    server.release()
    assert place.exists()
    assert run_demo(named, "scidex-console") == 0
    assert f"removed: {place}, the database of {gone}" in capsys.readouterr().err
    assert not place.exists()
