"""Folders that other programs have written, not quite as git does."""

from __future__ import annotations

import subprocess

import pytest

from scidex_console.adapters.git.checkout import Checkout
from scidex_console.adapters.git.drafts import Draft, Series
from scidex_console.adapters.git.trees import Change, Entry
from scidex_console.domain.errors import Halt
from tests.adapters.git.built import edit, files, made, new_checkout, run


@pytest.fixture(params=["sha1", "sha256"], scope="module")
def checkout(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Checkout:
    return new_checkout(tmp_path_factory.mktemp("foreign") / "store", request.param)


def foreign(checkout: Checkout, *entries: tuple[bytes, bytes, str]) -> str:
    """A commit whose root folder has these modes, names and objects, as they are."""
    content = b"".join(mode + b" " + name + b"\0" + bytes.fromhex(oid) for mode, name, oid in entries)
    written = ["hash-object", "-t", "tree", "-w", "--literally", "--stdin"]
    done = subprocess.run(["git", *written], cwd=checkout.worktree, input=content, capture_output=True)
    who = ("-c", "user.name=A", "-c", "user.email=a@b")
    return run(*who, "commit-tree", done.stdout.decode().strip(), "-m", "theirs", folder=checkout.worktree)


def stored(checkout: Checkout, content: bytes) -> tuple[str, str]:
    """A blob, and a folder that has it as `file`."""
    built = made(
        checkout,
        run("rev-parse", "HEAD", folder=checkout.worktree),
        Series([Draft([edit("kept/file", content)], "m\n")]),
    )
    run("update-ref", "refs/tested/stored", built.commit, folder=checkout.worktree)
    return built.objects["kept/file"], run("rev-parse", f"{built.commit}:kept", folder=checkout.worktree)


def raw_entries(checkout: Checkout, commit: str) -> bytes:
    """The bytes of the root folder."""
    command = ["git", "cat-file", "tree", commit]
    return subprocess.run(command, cwd=checkout.worktree, capture_output=True, check=True).stdout


def test_modes_of_older_programs_are_understood_and_stay(checkout: Checkout) -> None:
    blob, folder = stored(checkout, b"kept")
    entries = [
        (b"100644", b"a.b", blob),
        (b"040000", b"a", folder),
        (b"100664", b"a0", blob),
        (b"120000", b"b\xff", blob),
        (b"160000", b"module", "1" * len(blob)),
    ]
    theirs = foreign(checkout, *entries)
    beside = made(checkout, theirs, Series([Draft([edit("a.c", b"new")], "m\n")]))
    told = raw_entries(checkout, beside.commit)
    for mode, name, oid in entries:
        assert mode + b" " + name + b"\0" + bytes.fromhex(oid) in told
    assert list(files(checkout, beside.commit)) == ["a.b", "a.c", "a/file", "a0", "b\udcff", "module"]

    within = made(checkout, theirs, Series([Draft([edit("a/new", b"new")], "m\n")]))
    assert list(files(checkout, within.commit)) == ["a.b", "a/file", "a/new", "a0", "b\udcff", "module"]
    assert raw_entries(checkout, within.commit).count(b" a\0") == 1

    gone = made(checkout, theirs, Series([Draft([edit("a0", None), edit("a.b", None)], "m\n")]))
    assert gone.changes["a0"] == Change(Entry("100644", blob), None)
    assert list(files(checkout, gone.commit)) == ["a/file", "b\udcff", "module"]


def test_a_file_that_is_there_already_keeps_its_old_mode(checkout: Checkout) -> None:
    blob, _ = stored(checkout, b"kept")
    theirs = foreign(checkout, (b"100664", b"same", blob))
    same = made(checkout, theirs, Series([Draft([edit("same", b"kept"), edit("new", b"n")], "m\n")]))
    assert set(same.changes) == {"new"}
    assert b"100664 same\0" in raw_entries(checkout, same.commit)


@pytest.mark.parametrize(
    "entries",
    [
        [(b"100644", b"z"), (b"100644", b"b")],
        [(b"100644", b"b"), (b"100644", b"b")],
        [(b"100644", b"b"), (b"40000", b"b")],
        [(b"10x644", b"b")],
    ],
)
def test_a_folder_in_which_nothing_would_be_found_is_not_edited(
    checkout: Checkout, entries: list[tuple[bytes, bytes]]
) -> None:
    blob, folder = stored(checkout, b"kept")
    named = [(mode, name, folder if mode == b"40000" else blob) for mode, name in entries]
    theirs = foreign(checkout, *named)
    with pytest.raises(Halt, match="damaged"):
        made(checkout, theirs, Series([Draft([edit("b", None)], "m\n")]))
