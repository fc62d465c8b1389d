"""Laying out artifacts' folders in a real checkout: nothing replaced, nothing followed, nothing lost."""

from __future__ import annotations

import hashlib
import os
import subprocess
from pathlib import Path

import pytest

from scidex_console.adapters.files.folders import CheckoutFolders
from scidex_console.domain.errors import Halt, Refused, UnsafePath


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "checkout"
    (root / "figures").mkdir(parents=True)
    (root / "figures/a.png").write_bytes(b"image")
    (tmp_path / "drafts").mkdir()
    return root


@pytest.fixture
def folders(root: Path, tmp_path: Path) -> CheckoutFolders:
    return CheckoutFolders(root, drafts=tmp_path / "drafts")


def test_examined_file_is_named_as_git_names_it(folders: CheckoutFolders, root: Path) -> None:
    for content in (b"", b"image", b"x" * 3_000_000):
        (root / "f").write_bytes(content)
        found = folders.examine("f")
        named = subprocess.run(
            ["git", "hash-object", "--no-filters", str(root / "f")],
            capture_output=True,
            text=True,
            check=True,
        )
        assert found is not None
        assert (found.sha256, found.blob, found.size) == (sha256(content), named.stdout.strip(), len(content))
        assert found.pointer is None


def test_examined_pointer_tells_what_it_stands_for(folders: CheckoutFolders, root: Path) -> None:
    (root / "m.h5").write_text(
        f"version https://git-lfs.github.com/spec/v1\noid sha256:{'a' * 64}\nsize 1234\n"
    )
    found = folders.examine("m.h5")
    assert found is not None and found.pointer is not None
    assert (found.pointer.sha256, found.pointer.size) == ("a" * 64, 1234)


@pytest.mark.parametrize("kind", ["missing", "folder", "link", "dangling", "pipe"])
def test_what_is_no_regular_file_is_not_examined(folders: CheckoutFolders, root: Path, kind: str) -> None:
    place = root / "thing"
    match kind:
        case "folder":
            place.mkdir()
        case "link":
            place.symlink_to("figures/a.png")
        case "dangling":
            place.symlink_to("nowhere")
        case "pipe":
            os.mkfifo(place)
    assert folders.examine("thing") is None


def test_shared_file_is_the_same_file_under_two_names(folders: CheckoutFolders, root: Path) -> None:
    (root / "figures/a.png").chmod(0o755)
    for _ in range(2):  # the second time adopts what a crash left
        folders.share("figures/a.png", "uuid/accessories/a.png")
    assert (root / "uuid/accessories/a.png").samefile(root / "figures/a.png")


def test_copied_file_is_its_own_file_with_the_same_mode(folders: CheckoutFolders, root: Path) -> None:
    (root / "figures/a.png").chmod(0o755)
    for _ in range(2):
        folders.copy("figures/a.png", "uuid/a.png", sha256(b"image"))
    copy = root / "uuid/a.png"
    assert copy.read_bytes() == b"image" and not copy.samefile(root / "figures/a.png")
    assert copy.stat().st_mode & 0o777 == 0o755


def test_nothing_that_is_there_is_replaced(folders: CheckoutFolders, root: Path) -> None:
    (root / "uuid").mkdir()
    (root / "uuid/a.png").write_bytes(b"somebody's")
    (root / "uuid/inputs").symlink_to("elsewhere")
    with pytest.raises(Refused):
        folders.share("figures/a.png", "uuid/a.png")
    with pytest.raises(Refused):
        folders.copy("figures/a.png", "uuid/a.png", sha256(b"image"))
    with pytest.raises(Refused):
        folders.lay("uuid/a.png", b"ours")
    with pytest.raises(Refused):
        folders.lay_link("uuid/inputs", "../../other")
    with pytest.raises(Refused):
        folders.lay("uuid/inputs", b"ours")
    assert (root / "uuid/a.png").read_bytes() == b"somebody's"
    assert os.readlink(root / "uuid/inputs") == "elsewhere"


def test_manifest_is_laid_whole_and_replaced_only_over_the_known_one(
    folders: CheckoutFolders, root: Path, tmp_path: Path
) -> None:
    manifest = root / "uuid/manifest.json"
    for _ in range(2):
        folders.lay("uuid/manifest.json", b"{}")
    with pytest.raises(Refused):
        folders.lay("uuid/manifest.json", b"{1}", over=sha256(b"another"))
    assert manifest.read_bytes() == b"{}"
    folders.lay("uuid/manifest.json", b"{1}", over=sha256(b"{}"))
    assert manifest.read_bytes() == b"{1}"
    with pytest.raises(Refused):
        folders.lay("uuid/gone.json", b"{1}", over=sha256(b"{}"))
    assert list((tmp_path / "drafts").iterdir()) == []


def test_links_are_laid_once_even_where_they_lead_nowhere(folders: CheckoutFolders, root: Path) -> None:
    for _ in range(2):
        folders.lay_link("uuid/inputs/other", "../../other")
    assert os.readlink(root / "uuid/inputs/other") == "../../other"
    assert folders.holds("uuid/inputs/other", sha256(b"../../other"), link=True)
    assert not folders.holds("uuid/inputs/other", sha256(b"../../other"), link=False)


def test_taken_away_only_while_it_is_what_it_was(folders: CheckoutFolders, root: Path) -> None:
    folders.share("figures/a.png", "uuid/a.png")
    assert not folders.take_away("figures/a.png", sha256(b"other"), link=False)
    assert (root / "figures/a.png").exists()
    # Written to under either name, it is still the same file: the second name keeps every byte.
    (root / "figures/a.png").write_bytes(b"longer image")
    assert folders.take_away("figures/a.png", sha256(b"image"), link=False, twin="uuid/a.png")
    assert not (root / "figures").exists(), "an emptied folder goes"
    assert (root / "uuid/a.png").read_bytes() == b"longer image"
    assert folders.take_away("figures/a.png", sha256(b"image"), link=False), "gone already"
    folders.lay_link("uuid/outputs/x", "../../x")
    assert not folders.take_away("uuid/outputs/x", sha256(b"../../y"), link=True)
    assert folders.take_away("uuid/outputs/x", sha256(b"../../x"), link=True)
    assert not (root / "uuid/outputs").exists()


def test_file_replaced_by_another_of_other_bytes_stays(folders: CheckoutFolders, root: Path) -> None:
    folders.share("figures/a.png", "uuid/a.png")
    (root / "figures/a.png").unlink()
    (root / "figures/a.png").write_bytes(b"a newer one")
    assert not folders.take_away("figures/a.png", sha256(b"image"), link=False, twin="uuid/a.png")
    assert (root / "figures/a.png").read_bytes() == b"a newer one"


def test_no_symbolic_link_is_followed(folders: CheckoutFolders, root: Path, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "a.png").write_bytes(b"image")
    (root / "way").symlink_to(outside)
    for act in (
        lambda: folders.examine("way/a.png"),
        lambda: folders.share("way/a.png", "uuid/a.png"),
        lambda: folders.share("figures/a.png", "way/b.png"),
        lambda: folders.lay("way/manifest.json", b"{}"),
        lambda: folders.lay_link("way/link", "x"),
    ):
        with pytest.raises(UnsafePath):
            act()
    assert not folders.take_away("way/a.png", sha256(b"image"), link=False)
    assert [path.name for path in outside.iterdir()] == ["a.png"]


@pytest.mark.parametrize("path", ["../a", "/etc/passwd", ".git/config", "a/../../b", ""])
def test_paths_that_leave_the_checkout_are_refused(folders: CheckoutFolders, path: str) -> None:
    for act in (
        lambda: folders.examine(path),
        lambda: folders.share("figures/a.png", path),
        lambda: folders.lay(path, b""),
        lambda: folders.lay_link(path, "x"),
    ):
        with pytest.raises(UnsafePath):
            act()
    assert not folders.take_away(path, "", link=False), "what may not be touched stays, and holds up nothing"


def test_where_links_are_not_possible_the_file_is_copied(
    folders: CheckoutFolders, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = os.link

    def refuse(source: object, *args: object, **options: object) -> None:
        if "src_dir_fd" in options:
            raise OSError(18, "Invalid cross-device link")
        real(source, *args, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(os, "link", refuse)
    folders.share("figures/a.png", "uuid/a.png")
    assert (root / "uuid/a.png").read_bytes() == b"image"
    assert folders.take_away("figures/a.png", sha256(b"image"), link=False, twin="uuid/a.png")


def test_a_checkout_that_is_not_mounted_halts(tmp_path: Path) -> None:
    with pytest.raises(Halt):
        CheckoutFolders(tmp_path / "gone", drafts=tmp_path).examine("a")
