"""Programs planted in a repository's configuration never run by us.

Each planted program leaves a mark when it runs; that the plants work at all is shown by the operator's own
git, which does run them.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from scidex_console.domain.commits import CommitKind
from scidex_console.domain.errors import RepositoryError
from tests.adapters.git.world import World, git, trailers

_HOOKS = (
    "applypatch-msg",
    "commit-msg",
    "fsmonitor-watchman",
    "post-checkout",
    "post-commit",
    "post-index-change",
    "pre-auto-gc",
    "pre-commit",
    "pre-push",
    "prepare-commit-msg",
    "reference-transaction",
)


@dataclass
class Plants:
    """Programs that leave marks."""

    folder: Path

    def program(self, name: str, answer: str = "cat") -> str:
        """A program that marks its run and then does `answer`."""
        path = self.folder / name
        path.write_text(f"#!/bin/sh\necho ran >> {self.folder}/{name}.mark\n{answer}\n")
        path.chmod(0o755)
        return str(path)

    def ran(self) -> set[str]:
        return {mark.stem for mark in self.folder.glob("*.mark")}


@pytest.fixture
def plants(tmp_path: Path) -> Plants:
    folder = tmp_path / "plants"
    folder.mkdir()
    return Plants(folder)


def plant_hooks(world: World, plants: Plants) -> None:
    for git_dir in (world.git_dir, world.outer / ".git"):
        (git_dir / "hooks").mkdir(exist_ok=True)
        for name in _HOOKS:
            (git_dir / "hooks" / name).symlink_to(plants.program(name, "exit 0"))


def plant_programs(world: World, plants: Plants) -> None:
    """Everything a repository's own configuration can have git start, for all of its files."""
    for folder, git_dir in ((world.artifacts, world.git_dir), (world.outer, world.outer / ".git")):
        for name, answer in {
            "core.fsmonitor": "exit 1",
            "filter.evil.clean": "cat",
            "filter.evil.smudge": "cat",
            "filter.evil=odd name.clean": "cat",
            "diff.evil.textconv": "cat",
            "diff.evil.command": "true",
            "diff.external": "true",
            "merge.evil.driver": "false",
            "core.editor": "true",
            "core.pager": "cat",
            "gpg.program": "false",
            "core.alternateRefsCommand": "true",
        }.items():
            git(folder, "config", name, plants.program(name.replace(" ", "-").replace("=", "-"), answer))
        git(folder, "config", "filter.evil.required", "true")
        git(folder, "config", "commit.gpgSign", "true")
        git(folder, "config", "log.showSignature", "true")
        (git_dir / "info").mkdir(exist_ok=True)
        (git_dir / "info/attributes").write_text("* filter=evil diff=evil merge=evil\n")


def everything_we_do(world: World) -> None:
    """A batch, its rollback, recovery, the outer repository, and all that is read."""
    repository = world.repository()
    repository.raise_epoch(1)
    repository.check()
    base = repository.head()
    done = repository.commit(world.write_many(2), subject="Add", trailers=trailers(), epoch=1)
    assert repository.find("batch-1/1", CommitKind.APPLY, since=base, journal="") == done
    repository.repair_index(list(done.blobs))
    repository.bump_pointer(subject="Move", trailers=trailers(kind=CommitKind.POINTER))
    repository.push()
    repository.sync()
    for blob in done.blobs.values():
        repository.export_blob(blob, lambda chunk: None)
    repository.ours()
    repository.describe(base)
    repository.inspect()
    facts = repository.facts
    facts.changed()
    facts.fsck()
    facts.reachable_blobs(done.commit)
    facts.filtered(list(done.blobs))


def test_hooks_never_run(world: World, plants: Plants) -> None:
    plant_hooks(world, plants)
    everything_we_do(world)
    assert plants.ran() == set()

    git(world.artifacts, "commit", "-q", "--allow-empty", "-m", "Theirs")
    git(world.artifacts, "push", "-q", "origin", "main")
    assert {"pre-commit", "post-commit", "pre-push", "reference-transaction"} <= plants.ran()


def test_hooks_of_another_folder_never_run(world: World, plants: Plants) -> None:
    plant_hooks(world, plants)
    (world.git_dir / "hooks").rename(world.root / "elsewhere")
    git(world.artifacts, "config", "core.hooksPath", str(world.root / "elsewhere"))
    everything_we_do(world)
    assert plants.ran() == set()

    git(world.artifacts, "commit", "-q", "--allow-empty", "-m", "Theirs")
    assert "post-commit" in plants.ran()


def test_monitors_filters_and_drivers_never_run(world: World, plants: Plants) -> None:
    plant_programs(world, plants)
    everything_we_do(world)
    assert plants.ran() == set()

    git(world.artifacts, "config", "commit.gpgSign", "false")
    (world.artifacts / "README").write_text("edited\n")
    git(world.artifacts, "add", "README")
    git(world.artifacts, "-c", "diff.external=", "diff", "HEAD", "--textconv")
    assert {"core.fsmonitor", "filter.evil.clean"} <= plants.ran()
    assert {"diff.evil.textconv", "diff.evil.command"} & plants.ran()


def test_filter_process_never_runs(world: World, plants: Plants) -> None:
    git(world.artifacts, "config", "filter.evil.process", plants.program("process", "exit 1"))
    git(world.artifacts, "config", "filter.evil.required", "true")
    (world.git_dir / "info").mkdir(exist_ok=True)
    (world.git_dir / "info/attributes").write_text("*.png filter=evil\n")
    everything_we_do(world)
    assert plants.ran() == set()
    assert world.repository().inspect().artifacts.filters == ("evil",)

    (world.artifacts / "figures/new.png").write_bytes(b"new")
    git(world.artifacts, "add", "figures/new.png", check=False)
    assert plants.ran() == {"process"}


@pytest.mark.parametrize(
    "attributes",
    ["* text eol=crlf", "* text=auto", "* ident", "* working-tree-encoding=UTF-16", "* filter=lfs"],
)
def test_bytes_are_stored_as_they_are_whatever_the_attributes_say(world: World, attributes: str) -> None:
    (world.git_dir / "info").mkdir(exist_ok=True)
    (world.git_dir / "info/attributes").write_text(attributes + "\n")
    git(world.artifacts, "config", "core.autocrlf", "true")
    content = b"one\r\ntwo\n$Id: x $\r\n"
    repository = world.repository()
    repository.raise_epoch(1)
    done = repository.commit([world.write("a.svg", content)], subject="Add", trailers=trailers(), epoch=1)

    got = bytearray()
    repository.export_blob(done.blobs["a.svg"], got.extend)
    assert bytes(got) == content


@pytest.mark.parametrize(
    ("setting", "url"),
    [
        ("remote.origin.receivepack", None),
        ("core.sshCommand", "ssh://127.0.0.1:1/artifacts.git"),
        ("core.gitProxy", "git://127.0.0.1:1/artifacts.git"),
    ],
)
def test_programs_of_a_remote_never_run(world: World, plants: Plants, setting: str, url: str | None) -> None:
    program = plants.program("transport", "exit 1")
    git(world.artifacts, "config", setting, program)
    git(world.artifacts, "config", "protocol.allow", "always")
    if url:
        git(world.artifacts, "config", "remote.origin.url", url)
    repository = world.repository(outer=None)
    repository.raise_epoch(1)
    repository.commit(world.write_many(1), subject="Add", trailers=trailers(), epoch=1)
    try:
        repository.push()
    except RepositoryError as error:
        assert "the push to origin failed" in error.what
    assert plants.ran() == set()

    git(world.artifacts, "push", "-q", "origin", "main", check=False)
    assert plants.ran() == {"transport"}


def test_helper_that_a_remote_names_never_runs(
    world: World, plants: Plants, monkeypatch: pytest.MonkeyPatch
) -> None:
    plants.program("git-remote-evil", "exit 1")
    monkeypatch.setenv("PATH", f"{plants.folder}:{os.environ['PATH']}")
    git(world.artifacts, "config", "remote.origin.vcs", "evil")
    with pytest.raises(RepositoryError, match="transport 'evil' not allowed"):
        world.repository(outer=None).push()
    assert plants.ran() == set()

    git(world.artifacts, "push", "-q", "origin", "main", check=False)
    assert plants.ran() == {"git-remote-evil"}


def test_remote_that_is_a_command_never_runs(world: World, plants: Plants) -> None:
    git(world.artifacts, "config", "protocol.ext.allow", "always")
    git(world.artifacts, "config", "remote.origin.url", f"ext::{plants.program('ext', 'exit 1')}")
    repository = world.repository(outer=None)
    with pytest.raises(RepositoryError, match="transport 'ext' not allowed"):
        repository.push()
    assert plants.ran() == set()

    git(world.artifacts, "push", "-q", "origin", "main", check=False)
    assert plants.ran() == {"ext"}


class _Unauthorized(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(401)
        self.send_header("WWW-Authenticate", 'Basic realm="store"')
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def asking_remote() -> Iterator[str]:
    """An HTTP remote that wants a password."""
    with ThreadingHTTPServer(("127.0.0.1", 0), _Unauthorized) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/artifacts.git"
        server.shutdown()
        thread.join()


def test_nobody_is_asked_for_a_password(world: World, plants: Plants, asking_remote: str) -> None:
    git(world.artifacts, "config", "remote.origin.url", asking_remote)
    for setting in ("credential.helper", "core.askPass", f"credential.{asking_remote}.helper"):
        name = "asker" if "askPass" in setting else "helper"
        git(world.artifacts, "config", setting, plants.program(name, "echo username=x\necho password=y"))
    with pytest.raises(RepositoryError, match="the push to origin failed"):
        world.repository(outer=None).push()
    assert plants.ran() == set()

    git(world.artifacts, "push", "-q", "origin", "main", check=False)
    assert "helper" in plants.ran()


def test_git_variables_of_our_own_process_do_not_count(
    world: World, plants: Plants, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    git(tmp_path, "init", "-q", "-b", "main", "other")
    program = plants.program("variable")
    for name, value in {
        "GIT_DIR": str(tmp_path / "other/.git"),
        "GIT_WORK_TREE": str(tmp_path / "other"),
        "GIT_INDEX_FILE": str(tmp_path / "other/.git/index"),
        "GIT_OBJECT_DIRECTORY": str(tmp_path / "other/.git/objects"),
        "GIT_NAMESPACE": "elsewhere",
        "GIT_EXTERNAL_DIFF": program,
        "GIT_SSH_COMMAND": program,
        "GIT_EDITOR": program,
        "GIT_CONFIG_PARAMETERS": f"'core.fsmonitor={program}'",
        "GIT_CONFIG_COUNT": "1",
        "GIT_CONFIG_KEY_0": "core.fsmonitor",
        "GIT_CONFIG_VALUE_0": program,
        "GIT_AUTHOR_NAME": "Somebody",
        "GIT_TRACE": str(tmp_path / "trace"),
        "GIT_DEFAULT_HASH": "sha256",
    }.items():
        monkeypatch.setenv(name, value)
    everything_we_do(world)

    assert plants.ran() == set()
    assert not (tmp_path / "trace").exists()
    assert world.log()[0] == "Add"
    assert git(tmp_path / "other", "for-each-ref") == ""
