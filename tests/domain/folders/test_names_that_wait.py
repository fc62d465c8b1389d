"""Files whose names alone say that a person must look, and those that stay where they are."""

from __future__ import annotations

import pytest

from scidex_console.domain.folders.resolving import LONGEST_PATH, is_recordable, resolve, with_companions
from tests.domain.folders.samples import OTHER, RULES, UUID, row, tree


@pytest.mark.parametrize(
    "name", [".gitattributes", ".gitignore", ".gitmodules", ".lfsconfig", ".GitAttributes"]
)
def test_a_file_that_steers_git_waits(name: str) -> None:
    found = resolve(row({"notebook_path": f"notebooks/{name}"}), tree(f"notebooks/{name}"), RULES)
    assert found.quarantine == "a file of its name steers git itself"


@pytest.mark.parametrize("recorded", [{"notebook_path": "notebooks/run"}, {"slug": "run"}])
def test_a_file_that_steers_git_stays_in_a_folder_that_moves(recorded: dict[str, str]) -> None:
    store = tree("notebooks/run/.gitattributes", "notebooks/run/a.ipynb", "notebooks/run/deep/.gitignore")
    found = resolve(row(recorded), store, RULES)
    assert found.files == ("notebooks/run/a.ipynb",) and not found.quarantine


def test_names_that_only_look_like_those_that_steer_git_move() -> None:
    found = resolve(row({"notebook_path": "notebooks/x.gitignore"}), tree("notebooks/x.gitignore"), RULES)
    assert found.files == ("notebooks/x.gitignore",) and not found.quarantine


@pytest.mark.parametrize("inner", ["manifest.json", "inputs/x", "outputs/x"])
def test_bookkeeping_of_what_is_not_its_own_folder_waits(inner: str) -> None:
    path = f"{OTHER}/{inner}"
    assert (
        "another's folder"
        in resolve(row({"path": path, "notebook_path": path}), tree(path), RULES).quarantine
    )
    own = f"{UUID}/{inner}"
    found = resolve(row({"notebook_path": own}), tree(own), RULES)
    assert found.files == () and not found.quarantine


@pytest.mark.parametrize(
    ("path", "recordable"),
    [
        ("a/b.csv", True),
        ("a/größe [1] .csv", True),
        ("/".join(["x" * 127] * 8), True),
        ("/".join(["x" * 127] * 8) + "xy", False),
        ("a/caf\udce9.png", False),
        ("a/line\nbreak.png", False),
    ],
)
def test_only_what_the_database_can_hold_is_recordable(path: str, recordable: bool) -> None:
    assert is_recordable(path) is recordable
    found = resolve(row({"notebook_path": "notebooks/n"}), tree(f"notebooks/n/{path}"), RULES)
    assert bool(found.quarantine) is (len(f"notebooks/n/{path}") > LONGEST_PATH or not recordable)


def test_a_companion_with_such_a_name_hinders_nothing() -> None:
    odd = "notebooks/a.\udce9html.html"
    store = tree("notebooks/a.ipynb", "notebooks/a.html", odd)
    found = with_companions(resolve(row({"notebook_path": "notebooks/a.ipynb"}), store, RULES), store, set())
    assert found.files == ("notebooks/a.ipynb", "notebooks/a.html") and not found.quarantine
