"""The past of one file, followed over its moves."""

from __future__ import annotations

from scidex_console.adapters.git.repository import GitArtifactRepository
from tests.adapters.git.world import World, git


def test_past_of_a_file_is_followed_over_moves_newest_first(
    world: World, repository: GitArtifactRepository
) -> None:
    root = repository.checkout.worktree
    (root / "figures").mkdir(exist_ok=True)
    blobs = []
    for number, name in enumerate(["one.csv", "one.csv", "two ö.csv"]):
        if number == 2:
            git(root, "mv", "figures/one.csv", f"figures/{name}")
        else:
            (root / f"figures/{name}").write_bytes(b"a,b\n" * 50 + bytes([number]))
        git(root, "add", "-A", "figures")
        git(root, "commit", "-qm", f"Step {number}\x1b[31m")
        blobs.append(git(root, "rev-parse", f"HEAD:figures/{name}").strip())
    found = repository.past_versions("figures/two ö.csv", limit=10)
    assert [(v.subject.split("\x1b")[0], v.path, v.blob) for v in found] == [
        ("Step 2", "figures/two ö.csv", blobs[2]),
        ("Step 1", "figures/one.csv", blobs[1]),
        ("Step 0", "figures/one.csv", blobs[0]),
    ]
    assert [v.mode for v in found] == ["100644"] * 3
    assert len(repository.past_versions("figures/two ö.csv", limit=2)) == 2


def test_name_of_a_file_is_taken_literally(world: World, repository: GitArtifactRepository) -> None:
    root = repository.checkout.worktree
    for name in ("a[b].csv", ":(glob)*", "-n"):
        (root / name).write_bytes(name.encode())
    git(root, "add", "-A")
    git(root, "commit", "-qm", "Odd names")
    for name in ("a[b].csv", ":(glob)*", "-n"):
        assert [v.path for v in repository.past_versions(name, limit=5)] == [name]
    assert repository.past_versions("nothing.csv", limit=5) == []
