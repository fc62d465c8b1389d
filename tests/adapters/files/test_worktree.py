"""Files appear in the checkout whole, replace nothing, and go only while they are what was put there."""

from __future__ import annotations

import errno
import hashlib
import os
from pathlib import Path

import pytest

from scidex_console.adapters.files import worktree
from scidex_console.domain.errors import Halt, Refused, UnsafePath
from tests.adapters.files.conftest import Room


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


async def test_placed_file_appears_and_the_staged_one_stays(room: Room) -> None:
    staged = await room.put("site/figures/papers/fig-1.png", b"image")
    assert room.files() == {"site/figures/papers/fig-1.png": b"image"}
    assert room.staging.holds(staged.name, staged.sha256)
    found = room.checkout.digest("site/figures/papers/fig-1.png")
    assert found is not None
    assert (found.sha256, found.size) == (staged.sha256, 5)
    assert room.checkout.exists("site/figures/papers/fig-1.png")


@pytest.mark.parametrize(
    "path",
    ["-dash.png", "with space.png", 'q"uote.png', "ünï.png", "tab\t.png", "x" * 255, "a/" * 60 + "deep"],
)
async def test_odd_names_are_placed_and_removed_as_they_are(room: Room, path: str) -> None:
    staged = await room.put(path, b"odd")
    assert room.files() == {path: b"odd"}
    assert room.checkout.remove(path, staged.sha256)
    assert room.files() == {}


@pytest.mark.parametrize(
    "path", ["../out", "/etc/x", "a/../../b", ".git/config", "a/.GIT/x", "line\nbreak", "", "a//b", "x" * 256]
)
async def test_paths_that_leave_the_checkout_are_refused(room: Room, path: str) -> None:
    staged = await room.stage(b"image")
    with pytest.raises(UnsafePath):
        room.checkout.place(staged.name, path, staged.sha256)
    with pytest.raises(UnsafePath):
        room.checkout.remove(path, staged.sha256)
    assert not room.checkout.exists(path)
    assert room.checkout.digest(path) is None


async def test_placing_again_after_a_crash_adopts_our_own_link(room: Room) -> None:
    staged = await room.put("a/b.png", b"image")
    inode = (room.root / "a/b.png").stat().st_ino
    room.checkout.place(staged.name, "a/b.png", staged.sha256)
    assert (room.root / "a/b.png").stat().st_ino == inode
    room.staging.discard([staged.name])
    room.checkout.place(staged.name, "a/b.png", staged.sha256)
    assert room.files() == {"a/b.png": b"image"}


async def test_a_file_of_somebody_else_is_not_adopted_even_with_the_same_bytes(room: Room) -> None:
    (room.root / "b.png").write_bytes(b"image")
    staged = await room.stage(b"image")
    with pytest.raises(Refused, match="somebody else"):
        room.checkout.place(staged.name, "b.png", staged.sha256)
    assert room.files() == {"b.png": b"image"}


async def test_another_file_is_never_replaced(room: Room) -> None:
    (room.root / "b.png").write_bytes(b"theirs")
    (room.root / "folder").mkdir()
    staged = await room.stage(b"ours!!")
    with pytest.raises(Refused, match="another file is there"):
        room.checkout.place(staged.name, "b.png", staged.sha256)
    with pytest.raises(Refused, match="not a regular file"):
        room.checkout.place(staged.name, "folder", staged.sha256)
    assert room.files() == {"b.png": b"theirs"}
    assert room.staging.names() == {staged.name}


async def test_file_that_appears_in_the_last_moment_is_not_replaced(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    staged = await room.stage(b"ours")
    monkeypatch.setattr(
        worktree,
        "reach",
        lambda place: (room.root / "a/b.png").write_bytes(b"theirs") if "ready" in place else None,
    )
    with pytest.raises(Refused, match="another file is there"):
        room.checkout.place(staged.name, "a/b.png", staged.sha256)
    assert room.files() == {"a/b.png": b"theirs"}


async def test_staged_file_that_is_gone_or_changed_is_not_placed(room: Room) -> None:
    staged = await room.stage(b"image")
    with pytest.raises(Refused, match="other bytes than were staged"):
        room.checkout.place(staged.name, "a.png", sha256(b"other"))
    (room.staging.root / staged.name).unlink()
    for name in (staged.name, f"../staging/{staged.name}", ".."):
        with pytest.raises(Refused, match="gone"):
            room.checkout.place(name, "a.png", staged.sha256)
    assert room.files() == {}


async def test_staged_file_swapped_while_it_is_placed_is_refused(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    staged = await room.stage(b"image")
    other = await room.stage(b"other")

    def swap(place: str) -> None:
        if place == "files.place.folder_ready":
            (room.staging.root / other.name).rename(room.staging.root / staged.name)

    monkeypatch.setattr(worktree, "reach", swap)
    with pytest.raises(Refused, match="swapped"):
        room.checkout.place(staged.name, "a.png", staged.sha256)


async def test_symbolic_links_are_not_followed(room: Room, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    (elsewhere / "deep").mkdir(parents=True)
    (elsewhere / "deep/secret.png").write_bytes(b"secret")
    (room.root / "figures").symlink_to(elsewhere)
    (room.root / "leaf.png").symlink_to(elsewhere / "deep/secret.png")
    (room.root / "dangling.png").symlink_to(tmp_path / "nowhere")
    (room.root / "loop").symlink_to("loop")
    staged = await room.stage(b"secret")

    for path in ("figures/new.png", "figures/deep/secret.png", "loop/x.png"):
        with pytest.raises(UnsafePath, match="symbolic link"):
            room.checkout.place(staged.name, path, staged.sha256)
        assert not room.checkout.remove(path, staged.sha256)
        assert not room.checkout.exists(path)
        assert room.checkout.digest(path) is None
    for path in ("leaf.png", "dangling.png"):
        with pytest.raises(Refused, match="not a regular file"):
            room.checkout.place(staged.name, path, staged.sha256)
        assert not room.checkout.remove(path, staged.sha256)
        assert room.checkout.digest(path) is None
    assert not (tmp_path / "nowhere").exists()
    assert sorted(path.name for path in elsewhere.rglob("*")) == ["deep", "secret.png"]
    assert os.path.lexists(room.root / "leaf.png")


@pytest.mark.parametrize(
    "recorded",
    ["x" * 5000, "a/" * 3000 + "b.png", "/" + "y" * 300, "nul\0.png", "a\udcff.png"],
    ids=["name", "path", "absolute", "nul", "surrogate"],
)
def test_a_recorded_path_that_no_file_can_have_opens_nowhere(room: Room, recorded: str) -> None:
    assert not room.checkout.opens_elsewhere(recorded)


def test_a_recorded_path_behind_a_folder_that_is_shut_to_us_may_open_for_others(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    def shut(path: Path) -> bool:
        raise PermissionError(errno.EACCES, "Permission denied", str(path))

    monkeypatch.setattr(Path, "is_file", shut)
    assert room.checkout.opens_elsewhere("/home/somebody/figure.png")


async def test_folder_swapped_for_a_link_while_we_walk_leads_nowhere_else(
    room: Room, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The folder that was opened is the one that is written, wherever its name leads by then."""
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (room.root / "figures").mkdir()
    staged = await room.stage(b"image")

    def swap(place: str) -> None:
        if place == "files.place.folder_ready":
            (room.root / "figures").rename(room.root / "moved")
            (room.root / "figures").symlink_to(elsewhere)

    monkeypatch.setattr(worktree, "reach", swap)
    room.checkout.place(staged.name, "figures/a.png", staged.sha256)
    assert list(elsewhere.iterdir()) == []
    assert (room.root / "moved/a.png").read_bytes() == b"image"


async def test_file_in_the_place_of_a_folder_is_unsafe(room: Room) -> None:
    (room.root / "figures").write_bytes(b"a file")
    staged = await room.stage(b"image")
    with pytest.raises(UnsafePath, match="symbolic link or a file"):
        room.checkout.place(staged.name, "figures/a.png", staged.sha256)


def test_pipes_and_folders_are_no_files(room: Room) -> None:
    os.mkfifo(room.root / "pipe")
    (room.root / "folder").mkdir()
    for path in ("pipe", "folder", "none", "none/deeper"):
        assert not room.checkout.exists(path)
        assert room.checkout.digest(path) is None
    assert not room.checkout.remove("pipe", sha256(b""))
    assert room.checkout.remove("none/deeper", sha256(b""))
    assert (room.root / "pipe").exists()


def test_empty_file_is_a_file(room: Room) -> None:
    (room.root / "empty").touch()
    found = room.checkout.digest("empty")
    assert found is not None and (found.sha256, found.size) == (sha256(b""), 0)


async def test_only_the_very_bytes_are_removed(room: Room) -> None:
    staged = await room.put("a/b.png", b"image")
    (room.root / "a/b.png").unlink()
    (room.root / "a/b.png").write_bytes(b"edited")
    assert not room.checkout.remove("a/b.png", staged.sha256)
    assert room.files() == {"a/b.png": b"edited"}


@pytest.mark.parametrize("swapped", [b"theirs", b"image"])
async def test_file_swapped_between_check_and_removal_stays(
    room: Room, monkeypatch: pytest.MonkeyPatch, swapped: bytes
) -> None:
    staged = await room.put("a.png", b"image")

    def swap(place: str) -> None:
        if place == "files.remove.checked":
            (room.root / "new").write_bytes(swapped)
            (room.root / "new").rename(room.root / "a.png")

    monkeypatch.setattr(worktree, "reach", swap)
    assert not room.checkout.remove("a.png", staged.sha256)
    assert room.files() == {"a.png": swapped}


async def test_folders_that_become_empty_go_but_the_topmost_stays(room: Room) -> None:
    first = await room.put("site/figures/p1/a.png", b"a")
    second = await room.put("site/figures/p2/b.png", b"b")
    assert room.checkout.remove("site/figures/p1/a.png", first.sha256)
    assert sorted(str(p.relative_to(room.root)) for p in room.root.rglob("*")) == [
        "site",
        "site/figures",
        "site/figures/p2",
        "site/figures/p2/b.png",
    ]
    assert room.checkout.remove("site/figures/p2/b.png", second.sha256)
    assert sorted(str(p.relative_to(room.root)) for p in room.root.rglob("*")) == ["site"]
    assert room.checkout.remove("site/figures/p2/b.png", second.sha256)


async def test_checkout_that_is_gone_halts_instead_of_looking_empty(room: Room) -> None:
    staged = await room.put("a.png", b"image")
    room.root.rename(room.root.with_name("unmounted"))
    for look in (
        lambda: room.checkout.exists("a.png"),
        lambda: room.checkout.digest("a.png"),
        lambda: room.checkout.remove("a.png", staged.sha256),
        lambda: room.checkout.place(staged.name, "a.png", staged.sha256),
    ):
        with pytest.raises(Halt, match="the folder is gone"):
            look()


async def test_what_was_placed_is_withdrawn_and_the_same_bytes_of_somebody_else_stay(room: Room) -> None:
    staged = await room.put("a/ours.png", b"image")
    (room.root / "a/theirs.png").write_bytes(b"image")
    assert not room.checkout.withdraw("a/theirs.png", staged.sha256)
    assert room.checkout.withdraw("a/ours.png", staged.sha256)
    assert not room.checkout.withdraw("a/ours.png", staged.sha256)
    assert room.files() == {"a/theirs.png": b"image"}
    with pytest.raises(UnsafePath):
        room.checkout.withdraw("../out", staged.sha256)
