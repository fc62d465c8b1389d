"""The proof in pieces doubts whatever `git fsck --strict` finds, and trusts what is sound."""

from __future__ import annotations

import random
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from scidex_console.adapters.git import verification_facts
from scidex_console.adapters.git.checkout import Checkout
from scidex_console.adapters.git.facts import GitFacts
from scidex_console.adapters.git.soundness import Soundness, Told
from scidex_console.adapters.git.verification_facts import GitVerification
from scidex_console.domain.commits import CommitKind
from scidex_console.engine.verification.repository_facts import RepositoryQuestion
from tests.adapters.git.world import World, git, trailers
from tests.samples import every

Damage = Callable[[World], str]
"""Does it, and says what `git fsck` must name."""


@pytest.fixture
def grown(world: World) -> World:
    """History in two packs and in loose objects, with an annotated tag."""
    for number in range(4):
        world.write(f"figures/fig-{number}.png", random.Random(number).randbytes(3000))
        _commit(world, f"Add figure {number}")
        if number < 2:
            git(world.artifacts, "tag", "-m", "A tag", f"v{number}")
            git(world.artifacts, "repack", "-q", "-d")
    return world


def _commit(world: World, subject: str) -> str:
    git(world.artifacts, "add", ".")
    git(world.artifacts, "commit", "-q", "-m", subject)
    return git(world.artifacts, "rev-parse", "HEAD")


def _checkout(world: World) -> Checkout:
    return Checkout.find(world.artifacts)


def _proven(world: World) -> bool:
    return Soundness(_checkout(world), worth=0).is_proven()


def _packs(world: World) -> list[Path]:
    return sorted((world.git_dir / "objects/pack").glob("*.pack"))


def _loose(world: World, name: str) -> Path:
    oid = git(world.artifacts, "rev-parse", name)
    path = world.git_dir / "objects" / oid[:2] / oid[2:]
    path.chmod(0o644)
    return path


def _write(world: World, kind: str, content: bytes) -> str:
    return git(world.artifacts, "hash-object", "-t", kind, "-w", "--stdin", "--literally", stdin=content)


def _tree(world: World, *entries: tuple[str, str, str]) -> str:
    """A tree as it is told, however wrong: mode, name, object."""
    content = b"".join(f"{mode} {name}\0".encode() + bytes.fromhex(oid) for mode, name, oid in entries)
    return _write(world, "tree", content)


def _branch(world: World, tree: str) -> str:
    commit = git(world.artifacts, "commit-tree", tree, "-m", "Odd")
    git(world.artifacts, "update-ref", "refs/heads/odd", commit)
    return tree


def _blob(world: World) -> str:
    return git(world.artifacts, "rev-parse", "HEAD:README")


def corrupt_loose_object(world: World) -> str:
    path = _loose(world, "HEAD:figures/fig-3.png")
    path.write_bytes(path.read_bytes()[:-9])
    return path.name


def exchanged_loose_object(world: World) -> str:
    path = _loose(world, "HEAD:figures/fig-3.png")
    path.write_bytes(_loose(world, "HEAD:figures/fig-2.png").read_bytes())
    return path.name


def garbage_among_loose_objects(world: World) -> str:
    path = _loose(world, "HEAD").parent / "not-an-object"
    path.write_bytes(b"x")
    return path.name


def corrupt_byte_in_a_pack(world: World) -> str:
    pack = max(_packs(world), key=lambda pack: pack.stat().st_size)
    pack.chmod(0o644)
    content = bytearray(pack.read_bytes())
    content[len(content) // 2] ^= 0x55
    pack.write_bytes(content)
    return pack.stem


def corrupt_checksum_of_a_pack(world: World) -> str:
    pack = _packs(world)[0]
    pack.chmod(0o644)
    pack.write_bytes(pack.read_bytes()[:-1] + b"x")
    return pack.stem


def corrupt_checksum_of_an_object_in_a_pack_index(world: World) -> str:
    index = _packs(world)[0].with_suffix(".idx")
    index.chmod(0o644)
    content = bytearray(index.read_bytes())
    count = int.from_bytes(content[8 + 255 * 4 : 8 + 256 * 4], "big")
    content[8 + 256 * 4 + 20 * count] ^= 0x55
    index.write_bytes(content)
    return index.stem


def lost_pack(world: World) -> str:
    for file in (world.git_dir / "objects/pack").glob(f"{_packs(world)[0].stem}.*"):
        file.unlink()
    return "missing"


def missing_blob(world: World) -> str:
    path = _loose(world, "HEAD:figures/fig-2.png")
    path.unlink()
    return f"missing blob {path.parent.name}{path.name}"


def missing_blob_that_only_the_index_has(world: World) -> str:
    world.write("figures/staged.png", b"staged")
    git(world.artifacts, "add", ".")
    path = _loose(world, ":figures/staged.png")
    path.unlink()
    return path.name


def missing_tree(world: World) -> str:
    path = _loose(world, "HEAD:figures")
    path.unlink()
    return f"missing tree {path.parent.name}{path.name}"


def missing_parent(world: World) -> str:
    path = _loose(world, "HEAD~1")
    path.unlink()
    return f"missing commit {path.parent.name}{path.name}"


def entry_twice_in_a_tree(world: World) -> str:
    blob = _blob(world)
    return _branch(world, _tree(world, ("100644", "a", blob), ("100644", "a", blob)))


def unsorted_tree(world: World) -> str:
    blob = _blob(world)
    return _branch(world, _tree(world, ("100644", "b", blob), ("100644", "a", blob)))


def git_directory_in_a_tree(world: World) -> str:
    return _branch(world, _tree(world, ("100644", ".git", _blob(world))))


def unusual_mode_in_a_tree(world: World) -> str:
    return _branch(world, _tree(world, ("100664", "a", _blob(world))))


def tree_that_ends_early(world: World) -> str:
    tree = _write(world, "tree", b"100644 a\0" + bytes(7))
    commit = f"tree {tree}\nauthor A <a@b> 1 +0000\ncommitter A <a@b> 1 +0000\n\nOdd\n"
    git(world.artifacts, "update-ref", "refs/heads/odd", _write(world, "commit", commit.encode()))
    return tree


def tree_that_calls_a_tree_a_file(world: World) -> str:
    tree = git(world.artifacts, "rev-parse", "HEAD:figures")
    _branch(world, _tree(world, ("100644", "a", tree)))
    return tree


def tree_that_calls_a_file_a_tree(world: World) -> str:
    _branch(world, _tree(world, ("40000", "a", _blob(world))))
    return _blob(world)


def tree_that_calls_a_missing_object_a_file(world: World) -> str:
    _branch(world, _tree(world, ("100644", "a", "12" * 20)))
    return "12" * 20


def unreached_tree_that_calls_a_tree_a_file(world: World) -> str:
    inner = _tree(world, ("100644", "b", _blob(world)))
    _tree(world, ("100644", "a", inner))
    return inner


def unreached_unsorted_tree(world: World) -> str:
    blob = _blob(world)
    return _tree(world, ("100644", "b", blob), ("100644", "a", blob))


def commit_without_author(world: World) -> str:
    tree = git(world.artifacts, "rev-parse", "HEAD^{tree}")
    commit = _write(world, "commit", f"tree {tree}\ncommitter A <a@b> 1 +0000\n\nOdd\n".encode())
    git(world.artifacts, "update-ref", "refs/heads/odd", commit)
    return commit


def commit_with_a_bad_date(world: World) -> str:
    tree = git(world.artifacts, "rev-parse", "HEAD^{tree}")
    people = "author A <a@b> 01 +0000\ncommitter A <a@b> 01 +0000\n"
    commit = _write(world, "commit", f"tree {tree}\n{people}\nOdd\n".encode())
    git(world.artifacts, "update-ref", "refs/heads/odd", commit)
    return commit


def tag_that_calls_a_tree_a_file(world: World) -> str:
    tree = git(world.artifacts, "rev-parse", "HEAD:figures")
    tag = f"object {tree}\ntype blob\ntag odd\ntagger A <a@b> 1 +0000\n\nOdd\n"
    git(world.artifacts, "update-ref", "refs/tags/odd", _write(world, "tag", tag.encode()))
    return tree


def submodule_that_would_run_a_command(world: World) -> str:
    blob = _write(world, "blob", b'[submodule "x"]\n\tpath = x\n\turl = -u./run\n')
    git(world.artifacts, "update-ref", "refs/tags/early", blob)
    git(world.artifacts, "repack", "-q", "-d")
    _branch(world, _tree(world, ("100644", ".gitmodules", blob)))
    return blob


def attributes_with_an_endless_line(world: World) -> str:
    blob = _write(world, "blob", b"* " + b"x" * 4000 + b"\n")
    git(world.artifacts, "update-ref", "refs/tags/early", blob)
    git(world.artifacts, "repack", "-q", "-d")
    _branch(world, _tree(world, ("100644", ".gitattributes", blob)))
    return blob


def reference_to_nothing(world: World) -> str:
    (world.git_dir / "refs/heads/odd").write_text("12" * 20 + "\n")
    return "refs/heads/odd"


def branch_at_a_file(world: World) -> str:
    (world.git_dir / "refs/heads/odd").write_text(_blob(world) + "\n")
    return "refs/heads/odd"


def reflog_of_a_lost_commit(world: World) -> str:
    lost = git(world.artifacts, "commit-tree", "HEAD^{tree}", "-m", "Lost")
    git(world.artifacts, "update-ref", "--create-reflog", "refs/heads/odd", lost)
    git(world.artifacts, "update-ref", "refs/heads/odd", "HEAD")
    _loose(world, lost).unlink()
    return lost


def corrupt_index(world: World) -> str:
    index = world.git_dir / "index"
    content = bytearray(index.read_bytes())
    content[40] ^= 0x55
    index.write_bytes(content)
    return "index"


def corrupt_commit_graph(world: World) -> str:
    git(world.artifacts, "commit-graph", "write", "--reachable")
    graph = world.git_dir / "objects/info/commit-graph"
    graph.chmod(0o644)
    content = bytearray(graph.read_bytes())
    content[-30] ^= 0x55
    graph.write_bytes(content)
    return "commit-graph"


DAMAGES: list[Damage] = [
    corrupt_loose_object,
    exchanged_loose_object,
    garbage_among_loose_objects,
    corrupt_byte_in_a_pack,
    corrupt_checksum_of_a_pack,
    corrupt_checksum_of_an_object_in_a_pack_index,
    lost_pack,
    missing_blob,
    missing_blob_that_only_the_index_has,
    missing_tree,
    missing_parent,
    reference_to_nothing,
    branch_at_a_file,
    reflog_of_a_lost_commit,
    corrupt_index,
    corrupt_commit_graph,
]
BAD_OBJECTS: list[Damage] = [
    entry_twice_in_a_tree,
    unsorted_tree,
    git_directory_in_a_tree,
    unusual_mode_in_a_tree,
    tree_that_ends_early,
    tree_that_calls_a_tree_a_file,
    tree_that_calls_a_file_a_tree,
    tree_that_calls_a_missing_object_a_file,
    unreached_tree_that_calls_a_tree_a_file,
    unreached_unsorted_tree,
    commit_without_author,
    commit_with_a_bad_date,
    tag_that_calls_a_tree_a_file,
    submodule_that_would_run_a_command,
    attributes_with_an_endless_line,
]


def _doubted(world: World, named: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """`git fsck` names it, the pieces doubt, and what is said in the end is what `git fsck` says."""
    checkout = _checkout(world)
    said = GitFacts(checkout, None).fsck()
    assert any(named in line for line in said), said
    monkeypatch.setattr(verification_facts, "Soundness", _of_any_size)
    assert not _proven(world)
    knowing = GitVerification(checkout, None)
    assert knowing.fsck() == said
    knowing.facts(RepositoryQuestion([], {}))
    assert knowing.fsck() == said


def _of_any_size(
    checkout: Checkout, excused: Callable[[str], bool], told: Callable[[], Told | None]
) -> Soundness:
    return Soundness(checkout, excused=excused, told=told, worth=0)


@pytest.mark.parametrize("damage", every([*DAMAGES, *BAD_OBJECTS], 3))
def test_damage_is_doubted_and_named(grown: World, damage: Damage, monkeypatch: pytest.MonkeyPatch) -> None:
    assert _proven(grown)
    _doubted(grown, damage(grown), monkeypatch)


@pytest.mark.parametrize("damage", BAD_OBJECTS)
@pytest.mark.sweep
def test_bad_object_in_a_pack_is_doubted_and_named(
    grown: World, damage: Damage, monkeypatch: pytest.MonkeyPatch
) -> None:
    named = damage(grown)
    loose = (f"{f.parent.name}{f.name}" for f in (grown.git_dir / "objects").glob("??/*"))
    names = "".join(f"{name}\n" for name in loose).encode()
    git(grown.artifacts, "pack-objects", "-q", str(grown.git_dir / "objects/pack/pack"), stdin=names)
    git(grown.artifacts, "prune-packed", "-q")
    assert not list((grown.git_dir / "objects").glob("??/*"))
    _doubted(grown, named, monkeypatch)


def test_sound_stores_are_proven_however_their_objects_lie(grown: World) -> None:
    assert _proven(grown)
    git(grown.artifacts, "commit-graph", "write", "--reachable")
    git(grown.artifacts, "repack", "-q", "-d")
    assert len(_packs(grown)) > 2 and _proven(grown)
    git(grown.artifacts, "multi-pack-index", "write")
    assert _proven(grown)
    git(grown.artifacts, "repack", "-q", "-a", "-d")
    assert len(_packs(grown)) == 1 and _proven(grown)


def test_what_nothing_reaches_is_looked_at_and_no_doubt_by_itself(grown: World) -> None:
    grown.write("figures/more.png", b"more")
    _commit(grown, "Forgotten")
    git(grown.artifacts, "reset", "-q", "--hard", "HEAD~1")
    git(grown.artifacts, "reflog", "expire", "--expire=now", "--all")
    git(grown.artifacts, "mktag", "--no-strict", stdin=_tag_of(grown))
    assert "dangling" in git(grown.artifacts, "fsck", "--connectivity-only")
    assert _proven(grown)


def _tag_of(world: World) -> bytes:
    commit = git(world.artifacts, "rev-parse", "HEAD")
    return f"object {commit}\ntype commit\ntag x\ntagger A <a@b> 1 +0000\n\nA tag\n".encode()


def test_attributes_in_another_pack_than_the_trees_that_have_them_are_read_beside_them(grown: World) -> None:
    grown.write(".gitattributes", b"*.bin filter=lfs\n")
    _commit(grown, "Add attributes")
    git(grown.artifacts, "repack", "-q", "-d")
    grown.write("figures/later.png", b"later")
    _commit(grown, "Add a figure later")
    git(grown.artifacts, "repack", "-q", "-d")
    assert _proven(grown)


def _own_commit(world: World, tree: str) -> str:
    """A commit of this tool's on top of the branch, of a tree as it is told."""
    told = trailers(kind=CommitKind.APPLY)
    message = (
        f"Odd\n\nScidex-Op: {told.op}\nScidex-Batch: {told.batch}\nScidex-Kind: apply\nScidex-Epoch: 1\n"
    )
    commit = git(world.artifacts, "commit-tree", tree, "-p", "HEAD", "-m", message)
    git(world.artifacts, "update-ref", "refs/heads/main", commit)
    return commit


@pytest.mark.parametrize("inner", ["", "folder"])
def test_a_tree_that_a_commit_of_ours_calls_a_file_is_doubted_by_what_was_told(
    grown: World, inner: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = ("README", "figures", "notebooks")
    objects = {name: git(grown.artifacts, "rev-parse", f"HEAD:{name}") for name in names}
    sound = _own_commit(grown, _tree(grown, ("100644", "A", objects["README"])))
    told = _told_of(grown)
    assert told.commits == {sound} and told.files == {objects["README"]}
    assert Soundness(_checkout(grown), told=lambda: told, worth=0).is_proven()
    tree = _tree(grown, ("100644", "A", objects["README"]), ("100644", "B", objects["figures"]))
    odd = _own_commit(grown, _tree(grown, ("40000", inner, tree)) if inner else tree)
    told = _told_of(grown)
    assert told.commits == {sound, odd} and objects["figures"] in told.files
    _doubted(grown, objects["figures"], monkeypatch)
    assert not Soundness(_checkout(grown), told=lambda: told, worth=0).is_proven()


def _told_of(world: World) -> Told:
    asked = GitVerification(_checkout(world), None)
    asked.facts(RepositoryQuestion([], {}))
    told = asked._told
    assert told is not None
    return told


def test_a_commit_that_came_while_git_looked_is_no_doubt(grown: World) -> None:
    lost = reflog_of_a_lost_commit(grown)
    assert not _proven(grown)

    def comes_now(line: str) -> bool:
        git(grown.artifacts, "commit-tree", "HEAD^{tree}", "-m", "Lost")
        return line.endswith(f"invalid reflog entry {lost}")

    assert Soundness(_checkout(grown), excused=comes_now, worth=0).is_proven()


def test_a_pack_that_came_meanwhile_is_looked_at(grown: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """A concurrent repack must take no object out of sight."""
    seen: list[Path] = []
    check = Soundness._pack_is_sound

    def and_somebody_repacks(self: Soundness, pack: Path, threads: int) -> bool:
        seen.append(pack)
        if len(seen) == 1:
            git(grown.artifacts, "repack", "-q", "-d")
        return check(self, pack, threads)

    monkeypatch.setattr(Soundness, "_pack_is_sound", and_somebody_repacks)
    before = set(_packs(grown))
    assert Soundness(_checkout(grown), worth=0, processors=1).is_proven()
    assert len(seen) == len(before) + 1 and set(seen) == set(_packs(grown))


def test_packs_that_keep_coming_are_left_to_git_fsck(grown: World, monkeypatch: pytest.MonkeyPatch) -> None:
    check = Soundness._pack_is_sound

    def and_somebody_commits(self: Soundness, pack: Path, threads: int) -> bool:
        grown.write(f"figures/{pack.stem}.png", pack.name.encode())
        _commit(grown, "Another")
        git(grown.artifacts, "repack", "-q", "-d")
        return check(self, pack, threads)

    monkeypatch.setattr(Soundness, "_pack_is_sound", and_somebody_commits)
    assert not Soundness(_checkout(grown), worth=0, processors=1).is_proven()


def test_small_stores_borrowed_objects_and_promised_ones_are_left_to_git_fsck(
    grown: World, tmp_path: Path
) -> None:
    assert not Soundness(_checkout(grown)).is_proven(), "a single git fsck is quicker"
    promise = _packs(grown)[0].with_suffix(".promisor")
    promise.touch()
    assert not _proven(grown)
    promise.unlink()
    assert _proven(grown)
    git(tmp_path, "clone", "-q", "--bare", "--template=", str(grown.artifacts), "lender.git")
    (grown.git_dir / "objects/info/alternates").write_text(f"{tmp_path}/lender.git/objects\n")
    assert not _proven(grown)


def test_it_writes_nothing(grown: World) -> None:
    def everything() -> dict[Path, int]:
        return {path: path.lstat().st_mtime_ns for path in grown.git_dir.rglob("*")}

    before = everything()
    assert _proven(grown)
    assert everything() == before


def test_another_object_format(tmp_path: Path) -> None:
    folder = tmp_path / "sha256"
    git(tmp_path, "init", "-q", "--template=", "--object-format=sha256", "sha256")
    for number in range(2):
        (folder / f"{number}.txt").write_text(str(number))
        git(folder, "add", ".")
        git(folder, "commit", "-q", "-m", f"Add {number}")
        git(folder, "repack", "-q", "-d")
    (folder / "loose.txt").write_text("loose")
    git(folder, "add", ".")
    git(folder, "commit", "-q", "-m", "Loose")
    checkout = Checkout.find(folder)
    assert checkout.object_format == "sha256"
    assert Soundness(checkout, worth=0).is_proven()
    pack = next((folder / ".git/objects/pack").glob("*.pack"))
    pack.chmod(0o644)
    pack.write_bytes(pack.read_bytes()[:-1] + b"x")
    assert not Soundness(checkout, worth=0).is_proven()


def test_pack_that_a_repack_took_away_before_it_was_opened_is_no_finding(
    grown: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first `git fsck` finds a pack without its index; by its end all is in another pack."""
    hidden = _packs(grown)[0].with_suffix(".idx")
    real = shutil.which("git")
    steps = (
        f'case " $* " in *" fsck "*) [ -e {tmp_path}/asked ] || {{ touch {tmp_path}/asked',
        f'mv {hidden} {tmp_path}/idx; {real} "$@"; status=$?; mv {tmp_path}/idx {hidden}',
        f"{real} -C {grown.artifacts} repack -q -a -d; exit $status",
        f'}};; esac; exec {real} "$@"',
    )
    between = tmp_path / "bin/git"
    between.parent.mkdir()
    between.write_text("\n".join(["#!/bin/sh", *steps, ""]))
    between.chmod(0o755)
    monkeypatch.setenv("PATH", str(between.parent), prepend=":")
    assert GitVerification(_checkout(grown), None).fsck() == []
    assert (tmp_path / "asked").exists() and not hidden.exists()
