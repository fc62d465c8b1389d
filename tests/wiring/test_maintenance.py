"""`maintain` repacks a real store and records it; not twice at once, and not where writing is off."""

from __future__ import annotations

import json
import signal
import subprocess
import threading
from pathlib import Path

import pytest

from scidex_console.adapters.git.checkout import Checkout
from scidex_console.adapters.git.locks import FileLock
from scidex_console.cli.main import main
from tests import warm
from tests.adapters.git.repacking import group_at_work, members, noise, objects, trace
from tests.labs import Lab, make_lab
from tests.samples import sample

_ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def lab(tmp_path: Path, database_url: str) -> Lab:
    return make_lab(tmp_path / "lab", database_url, figures=5, artifacts=60)


@pytest.fixture
def heavy(lab: Lab) -> Lab:
    """With so much in it that repacking takes seconds."""
    for number, content in enumerate(noise(150)):
        (lab.store.artifacts / f"noise-{number}.bin").write_bytes(content)
    lab.git("add", "-A")
    lab.git("commit", "-q", "-m", "Noise")
    return lab


def git_dir(lab: Lab) -> Path:
    return Path(lab.git("rev-parse", "--absolute-git-dir").strip())


def process(lab: Lab) -> warm.Popen:
    words = [*warm.PROGRAM, "--config", str(lab.config), "maintain"]
    return warm.Popen(words, cwd=_ROOT, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def run(lab: Lab, *words: str) -> int:
    return main(["--config", str(lab.config), "maintain", *words])


def test_store_is_repacked_and_the_record_says_so(lab: Lab, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(lab, "--json") == 0
    said = json.loads(capsys.readouterr().out)
    recorded = lab.rows("SELECT bytes, bytes_repacked FROM scidex_console.folder_census")[0]
    assert recorded == {"bytes": said["before_bytes"], "bytes_repacked": said["after_bytes"]}
    assert lab.git("count-objects", "-v").splitlines()[0] == "count: 0", "everything is packed"
    assert run(lab) == 0
    assert "repacked:" in capsys.readouterr().out


def test_only_one_repacks_at_a_time(lab: Lab, capsys: pytest.CaptureFixture[str]) -> None:
    lock = FileLock(Checkout.find(lab.store.artifacts).own_dir / "maintain.lock")
    assert lock.take("4711@elsewhere")
    try:
        assert run(lab) == 1
    finally:
        lock.release()
    assert "4711@elsewhere" in capsys.readouterr().err


def test_where_writing_is_off_nothing_is_repacked(lab: Lab, capsys: pytest.CaptureFixture[str]) -> None:
    lab.config.write_text(lab.config.read_text().replace("enabled = true", "enabled = false"))
    assert run(lab) == 1
    assert "writes.enabled" in capsys.readouterr().err


def test_without_its_database_it_repacks_all_the_same(lab: Lab) -> None:
    text = lab.config.read_text()
    lab.config.write_text(text.replace(lab.store.database_url, "postgresql://127.0.0.1:1/nowhere"))
    assert run(lab) == 0
    assert lab.git("count-objects", "-v").splitlines()[0] == "count: 0"


@pytest.mark.parametrize("number", sample(signal.SIGTERM, signal.SIGINT))
def test_told_to_end_it_ends_git_leaves_nothing_and_says_that_it_is_to_be_run_again(
    heavy: Lab, number: signal.Signals
) -> None:
    before = objects(git_dir(heavy))
    with process(heavy) as maintaining:
        group = group_at_work(git_dir(heavy))
        maintaining.send_signal(number)
        out, err = maintaining.communicate(timeout=30)
    assert maintaining.returncode == 130
    assert out == ""
    assert "nothing is lost" in err and "run again" in err
    assert members(group) == {}
    assert objects(git_dir(heavy)) == before
    assert not trace(git_dir(heavy)).exists()
    assert heavy.rows("SELECT bytes_repacked FROM scidex_console.folder_census")[0]["bytes_repacked"] is None


@pytest.mark.sweep
def test_readers_and_foreign_committers_go_on_meanwhile(heavy: Lab) -> None:
    """They look every file up, and commit, as long as it takes; what they dropped just now is kept."""
    dropped = heavy.git("commit-tree", "-m", "dropped", "HEAD^{tree}").strip()
    listed = heavy.git("ls-tree", "-r", "HEAD")
    told = "".join(f"{line.split()[2]}\n" for line in listed.splitlines())
    reads, commits, done = [], [], threading.Event()

    def read() -> None:
        while not done.is_set():
            found = subprocess.run(
                ["git", "cat-file", "--batch-check=%(objecttype)"],
                cwd=heavy.store.artifacts,
                input=told,
                capture_output=True,
                text=True,
                check=True,
            )
            reads.extend(found.stdout.split())
            done.wait(0.05)

    def commit() -> None:
        while not done.is_set():
            (heavy.store.artifacts / "foreign.txt").write_text(f"{len(commits)}\n")
            heavy.git("add", "foreign.txt")
            heavy.git("commit", "-q", "-m", f"Foreign {len(commits)}")
            commits.append(heavy.git("rev-parse", "HEAD").strip())
            done.wait(0.05)

    others = [threading.Thread(target=work) for work in (read, commit)]
    with process(heavy) as maintaining:
        group_at_work(git_dir(heavy))
        for other in others:
            other.start()
        out, err = maintaining.communicate(timeout=120)
        done.set()
        for other in others:
            other.join()
    assert maintaining.returncode == 0, err
    assert "repacked:" in out
    assert set(reads) == {"blob"} and len(reads) >= told.count("\n")
    assert heavy.git("rev-list", "HEAD").split()[: len(commits)] == commits[::-1]
    assert heavy.git("cat-file", "-t", dropped).strip() == "commit"
    heavy.git("fsck", "--strict")
