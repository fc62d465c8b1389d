"""The checkout as readers see it: files of its own, whatever else lies there."""

from __future__ import annotations

import ctypes
import errno
import os
import threading
from contextlib import nullcontext, suppress
from pathlib import Path

import pytest

from scidex_console.adapters.files.reading import CheckoutReading
from scidex_console.domain.errors import Halt
from scidex_console.engine.reading.promptly import WouldWait, promptly


@pytest.fixture
def store(tmp_path: Path) -> CheckoutReading:
    root = tmp_path / "store"
    for path in ("figures/b.png", "figures/a.png", "figures/old/deep/c.png", ".git/config", "top.md"):
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(b"12345")
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "secret.png").write_bytes(b"secret")
    os.symlink(tmp_path / "outside", root / "figures/out")
    os.symlink(tmp_path / "outside/secret.png", root / "figures/link.png")
    os.mkfifo(root / "figures/pipe")
    return CheckoutReading(root)


def test_names_are_of_regular_files_and_the_same_until_the_folder_changes(store: CheckoutReading) -> None:
    os.utime(store.root / "figures", (1, 1))
    names = store.names("figures")
    assert names == ("a.png", "b.png")
    assert store.names("figures") is names
    (store.root / "figures/c.png").write_bytes(b"")
    assert store.names("figures") == ("a.png", "b.png", "c.png")
    assert store.names("") == ("top.md",)
    assert store.names("no/such") is store.names("figures/out") is store.names("top.md") is None


def test_names_of_a_folder_that_changes_twice_within_a_tick_of_the_clock_are_not_kept(
    store: CheckoutReading,
) -> None:
    folder = store.root / "figures"
    (folder / "c.png").write_bytes(b"")
    changed = folder.stat().st_mtime_ns
    assert store.names("figures") == ("a.png", "b.png", "c.png")
    (folder / "d.png").write_bytes(b"")
    os.utime(folder, ns=(changed, changed))  # as file systems do whose clock has not ticked meanwhile
    assert store.names("figures") == ("a.png", "b.png", "c.png", "d.png")


def test_what_lies_below_a_folder_is_found_shallow_first_and_no_link_is_followed(
    store: CheckoutReading,
) -> None:
    assert store.below("figures", 10) == ["figures/a.png", "figures/b.png", "figures/old/deep/c.png"]
    assert store.below("figures", 1) == ["figures/a.png"]
    assert store.below("no/such", 10) == store.below("../outside", 10) == []


@pytest.mark.parametrize(
    "path",
    [
        "figures/link.png",
        "figures/out/secret.png",
        "figures/pipe",
        "figures",
        "../outside/secret.png",
        ".git/config",
    ],
)
def test_what_is_no_file_of_the_checkout_is_not_there(store: CheckoutReading, path: str) -> None:
    assert store.look(path) is store.head(path, 10) is store.open(path) is None


def test_a_file_is_read_from_its_beginning_as_far_as_asked(store: CheckoutReading) -> None:
    assert store.head("top.md", 3) == b"123"
    file, look = store.open("top.md"), store.look("top.md")
    assert file is not None and look is not None
    with file:
        assert file.read() == b"12345"
    assert (look.size, look.pointer) == (5, None)


def test_a_checkout_that_is_gone_is_an_error_and_not_an_empty_one(tmp_path: Path) -> None:
    with pytest.raises(Halt, match="the folder is gone"):
        CheckoutReading(tmp_path / "unmounted").look("a")


# --- without waiting --------------------------------------------------------------------------------------

ASKED = (
    "figures/a.png", "figures/old/deep/c.png", "top.md", "figures", "figures/none.png", "none/none.png",
    "figures/link.png", "figures/out/secret.png", "figures/pipe", ".git/config", "../outside/secret.png",
    "figures/../top.md", "top.md/x", "/etc/passwd", "", "nul\0", "\udcff", "x" * 300, "a/" * 3000,
)  # fmt: skip


@pytest.fixture
def reads_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """A file system that tells what is in memory, all of which is; not every one does (tmpfs)."""
    preadv = os.preadv
    monkeypatch.setattr(
        os, "preadv", lambda descriptor, room, offset, flags: preadv(descriptor, room, offset)
    )


@pytest.mark.parametrize("path", ASKED, ids=lambda path: repr(path)[:30])
def test_what_is_read_at_once_is_what_is_read_otherwise(
    store: CheckoutReading, reads_at_once: None, path: str
) -> None:
    expected = store.look(path), store.head(path, 3)
    descriptors = len(os.listdir("/proc/self/fd"))
    with suppress(WouldWait), store.without_waiting():
        assert (store.look(path), store.head(path, 3)) == expected
        with store.open(path) or nullcontext() as file:
            assert (file is not None) == (expected[0] is not None)
    assert len(os.listdir("/proc/self/fd")) == descriptors


def test_a_file_that_was_just_written_is_read_at_once(store: CheckoutReading, reads_at_once: None) -> None:
    if not memory_can_be_asked(store):
        pytest.skip("no openat2 with RESOLVE_CACHED here (Linux 5.12, outside of some sandboxes)")
    with store.without_waiting():
        assert store.head("figures/old/deep/c.png", 3) == b"123"


def memory_can_be_asked(store: CheckoutReading) -> bool:
    """Whether this kernel has the call."""
    with suppress(WouldWait):
        os.close(store._opener.folder(""))
        return True
    return False


def test_names_are_told_at_once_only_where_they_are_known(store: CheckoutReading) -> None:
    os.utime(store.root / "figures", (1, 1))
    with pytest.raises(WouldWait), store.without_waiting():
        store.names("figures")
    names = store.names("figures")
    with suppress(WouldWait), store.without_waiting():
        assert store.names("figures") is names
    with pytest.raises(WouldWait), store.without_waiting():
        store.below("figures", 5)


@pytest.mark.parametrize("error", [errno.ENOSYS, errno.EPERM, errno.EAGAIN])
def test_where_the_kernel_cannot_tell_or_says_no_nothing_is_read_at_once(
    store: CheckoutReading, monkeypatch: pytest.MonkeyPatch, error: int
) -> None:
    def refused(*_: object) -> int:
        ctypes.set_errno(error)
        return -1

    monkeypatch.setattr(store._opener, "_call", refused)
    for _ in range(2):
        with pytest.raises(WouldWait), store.without_waiting():
            store.look("top.md")
    assert store.look("top.md") is not None, "who may wait reads it as ever"


def test_bytes_that_are_not_in_memory_are_not_waited_for(
    store: CheckoutReading, monkeypatch: pytest.MonkeyPatch
) -> None:
    def on_disk(*_: object) -> int:
        raise BlockingIOError(errno.EAGAIN, "not in memory")

    monkeypatch.setattr(os, "preadv", on_disk)
    for read in (lambda: store.look("top.md"), lambda: store.head("top.md", 10)):
        with pytest.raises(WouldWait), store.without_waiting():
            read()
    assert store.head("top.md", 10) == b"12345"


async def test_what_would_wait_is_done_in_a_thread_and_anything_else_on_the_spot(
    store: CheckoutReading,
) -> None:
    def here() -> tuple[int, int | None]:
        return threading.get_ident(), look.size if (look := store.look("top.md")) else None

    def waiting() -> int:
        store.below("figures", 5)
        return threading.get_ident()

    ours = threading.get_ident()
    assert await promptly(store, threading.get_ident) == ours
    assert await promptly(store, waiting) != ours
    gone = CheckoutReading(store.root / "gone")
    with pytest.raises(Halt):
        await promptly(gone, gone.look, "x")
    store.below("figures", 5)  # who asks afterwards may wait again
