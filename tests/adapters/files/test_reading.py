"""The checkout as readers see it: files of its own, whatever else lies there."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from scidex_console.adapters.files.reading import CheckoutReading
from scidex_console.domain.errors import Halt


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
    names = store.names("figures")
    assert names == ("a.png", "b.png")
    assert store.names("figures") is names
    (store.root / "figures/c.png").write_bytes(b"")
    assert store.names("figures") == ("a.png", "b.png", "c.png")
    assert store.names("") == ("top.md",)
    assert store.names("no/such") is store.names("figures/out") is store.names("top.md") is None


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
