"""What git says, gathered for the verification: history, trees, index, objects, traces, the outer repository.

Everything about history is read as of one commit, so that a branch that moves meanwhile does not matter.
"""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import suppress

from scidex_console.adapters.git import history, refs, trees
from scidex_console.adapters.git.checkout import Checkout, object_id
from scidex_console.adapters.git.facts import GitFacts
from scidex_console.adapters.git.locks import FileLock
from scidex_console.adapters.git.outer import Outer
from scidex_console.adapters.git.repair import Leftovers
from scidex_console.adapters.git.soundness import Soundness, Told
from scidex_console.adapters.git.trees import GITLINK, Entry
from scidex_console.domain.commits import parse_trailers
from scidex_console.domain.errors import Halt, RepositoryError
from scidex_console.domain.lfs import POINTER_LIMIT, pointer_oid
from scidex_console.engine.verification.repository_facts import (
    OuterFacts,
    OwnCommit,
    PathDelta,
    Place,
    RepositoryFacts,
    RepositoryQuestion,
    Traces,
    TreeEntry,
)

_UNSEEN = re.compile(
    r"(?:invalid reflog entry|^missing (?P<kind>blob|tree|commit|tag)) (?P<name>[0-9a-f]{40,64})$"
)
_LOOKS = 5
"""How often `git fsck` is asked while somebody moves objects about, before what it says counts."""


class GitVerification:
    """Implements the verification's `RepositorySource`."""

    def __init__(self, checkout: Checkout, outer: Outer | None) -> None:
        self._checkout = checkout
        self._outer = outer
        self._facts = GitFacts(checkout, outer)
        self._told: Told | None = None

    def head(self) -> str:
        """Commit that is checked out, detached or not. Raises `RepositoryError` when there is none."""
        head = self._checkout.resolve("HEAD")
        if head is None:
            raise RepositoryError(
                "has no commit yet", where=str(self._checkout.worktree), fix="make a first commit"
            )
        return head

    def facts(self, question: RepositoryQuestion) -> RepositoryFacts:
        """Everything but what `fsck` says, as of the present HEAD.

        A repository too damaged to be read gives why.
        """
        head = self.head()
        try:
            return self._read(head, question)
        except (Halt, RepositoryError) as error:
            return _nothing(head, error)

    def fsck(self) -> Sequence[str]:
        """What `git fsck --strict` has to say; empty when everything is sound.

        It is asked itself unless the same is proven quicker. A commit that came while it looked, in a pack it
        had not seen, is no finding. Nor is a pack that a repack took away before it was opened: git lists the
        packs once, so it is asked anew.
        """
        if Soundness(self._checkout, excused=self._is_younger, told=lambda: self._told).is_proven():
            return []
        for _ in range(_LOOKS):
            before = self._objects_on_disk()
            said = [line for line in self._facts.fsck() if not self._is_younger(line)]
            if not said or before <= self._objects_on_disk():
                break
        return said

    def _objects_on_disk(self) -> frozenset[tuple[str, int]]:
        """Each file below git's objects, with its inode, so that one that was replaced is another."""
        with os.scandir(self._checkout.common_dir / "objects") as folders:
            paths = [folder.path for folder in folders if folder.is_dir(follow_symlinks=False)]
        found: set[tuple[str, int]] = set()
        for path in paths:
            with suppress(FileNotFoundError), os.scandir(path) as files:  # git takes away empty folders
                found.update((file.path, file.inode()) for file in files)
        return frozenset(found)

    def _is_younger(self, line: str) -> bool:
        found = _UNSEEN.search(line)
        return found is not None and self._exists(found["name"], found["kind"] or "commit")

    def _read(self, head: str, question: RepositoryQuestion) -> RepositoryFacts:
        reached = frozenset(self._checkout.commands.run("rev-list", object_id(head), "--").text().split())
        tree, commits = _entries(self._facts.tree(head)), _own_commits(self._checkout, head)
        self._told = _told(commits)
        known = {base for base in question.bases if base in reached or self._exists(base, "commit")}
        return RepositoryFacts(
            head=head,
            epoch=refs.read_epoch(self._checkout),
            tree=tree,
            index=_entries(self._facts.index()),
            commits=commits,
            first_base=self._first_base(question, known, commits),
            lost_blobs=self._lost(question, head, known - reached, _seen(tree, commits)),
            unknown_bases=frozenset(question.bases) - known,
            traces=self._traces(),
            outer=self._look_at_outer(),
        )

    def objects_at(self, places: Collection[Place]) -> Mapping[Place, str | None]:
        """Object at each (commit, path); None where there is none."""
        ordered = sorted(places)
        lines = "".join(f"{object_id(commit)}:{path}\n" for commit, path in ordered)
        answer = self._batch_check("%(objectname)", lines.encode("utf-8", "surrogateescape"))
        names = (None if line.endswith(b" missing") else line.decode() for line in answer)
        return dict(zip(ordered, names, strict=True))

    def pointers(self, blobs: Collection[str]) -> Mapping[str, str]:
        """sha256 that each of these blobs stands for, where it is a Git LFS pointer."""
        ordered = sorted(blobs)
        sizes = self._batch_check("%(objectname) %(objectsize)", "".join(f"{b}\n" for b in ordered).encode())
        small = [
            blob
            for blob, line in zip(ordered, sizes, strict=True)
            if not line.endswith(b" missing") and int(line.split(b" ")[1]) < POINTER_LIMIT
        ]
        found: dict[str, str] = {}
        for blob in small:
            oid = pointer_oid(self._checkout.commands.run("cat-file", "blob", object_id(blob)).stdout)
            if oid is not None:
                found[blob] = oid
        return found

    def _batch_check(self, wanted: str, stdin: bytes) -> list[bytes]:
        if not stdin:
            return []
        output = self._checkout.commands.run(
            "cat-file", f"--batch-check={wanted}", "--buffer", stdin=stdin, accept=(0, 128)
        )
        return output.stdout.splitlines()

    def _exists(self, name: str, kind: str) -> bool:
        typed = f"{object_id(name)}^{{{kind}}}"
        return self._checkout.commands.run("cat-file", "-e", typed, accept=(0, 1, 128)).status == 0

    def _objects(self, commit: str) -> frozenset[str]:
        """Every object that a commit reaches."""
        output = self._checkout.commands.run(
            "rev-list", "--objects", "--no-object-names", object_id(commit), "--"
        )
        return frozenset(output.stdout.decode("ascii").split())

    def _first_base(
        self, question: RepositoryQuestion, known: Collection[str], commits: Sequence[OwnCommit]
    ) -> Mapping[str, TreeEntry] | None:
        """What was there before the oldest commit of these batches.

        A batch that was brought on again names a later base than the one it had at first.
        """
        first = next(
            (c.parents[0] for c in commits if c.parents and c.trailers.batch in question.batches), None
        )
        if first is None and question.bases and question.bases[0] in known:
            first = question.bases[0]
        return _entries(self._facts.tree(first)) if first is not None else None

    def _lost(
        self, question: RepositoryQuestion, head: str, left: Collection[str], seen: Collection[str]
    ) -> Mapping[str, str]:
        """Blobs that HEAD does not reach.

        History that only grows loses none, so every object is walked only where it has not: when commits were
        left behind, or a blob is in none of our commits.
        """
        unseen = {blob: where for blob, where in question.blobs.items() if blob not in seen}
        if not left and not unseen:
            return {}
        reached = self._objects(head)
        lost = {blob: where for blob, where in unseen.items() if blob not in reached}
        for base in sorted(left):
            left_behind = self._facts.reachable_blobs(base) - reached
            lost.update((blob, f"commit {base}") for blob in left_behind if blob not in lost)
        return lost

    def _traces(self) -> Traces:
        own = self._checkout.own_dir
        folders = [own, *([self._outer.checkout.own_dir] if self._outer else [])]
        writers = [FileLock(folder / "writer.lock").holder() for folder in folders]
        return Traces(
            leftovers=tuple(
                line for folder, found in self._facts.leftovers().items() for line in _words(folder, found)
            ),
            engine=FileLock(own / "engine.lock").holder(),
            writer=next((writer for writer in writers if writer is not None), None),
        )

    def _look_at_outer(self) -> OuterFacts | None:
        if self._outer is None:
            return None
        outer = self._outer.checkout
        tip = outer.resolve("HEAD")
        pointer = self._outer.pointer()
        # The pointer may follow a commit that is younger than the one everything else is read at.
        now = self.head()
        staged = outer.commands.run("ls-files", "-s", "-z", "--", self._outer.path).fields()
        indexed = staged[0].split(" ")[1] if staged else None
        return OuterFacts(
            submodule=self._outer.path,
            commits=_own_commits(outer, tip) if tip else (),
            pointer=pointer,
            pointer_is_ancestor=pointer is not None and self._facts.is_ancestor(pointer, now),
            index_goes_back=indexed is not None
            and pointer is not None
            and indexed != pointer
            and self._facts.is_ancestor(indexed, pointer),
        )


def _own_commits(checkout: Checkout, tip: str) -> Sequence[OwnCommit]:
    """Commits that bear our trailers, oldest first, each with what it changed against its first parent."""
    marked = [
        (commit, trailers)
        for commit in history.commits(checkout, "--topo-order", "--reverse", history.MARKED, tip)
        if (trailers := parse_trailers(commit.message)) is not None
    ]
    if not marked:
        return ()
    parents = {commit.id: commit.parents[0] if commit.parents else None for commit, _ in marked}
    changed = trees.changes_by_commit(checkout, parents)
    return [
        OwnCommit(
            commit.id,
            trailers,
            {
                path: PathDelta(_entry(change.before), _entry(change.after))
                for path, change in changed[commit.id].items()
            },
            commit.parents,
        )
        for commit, trailers in marked
    ]


def _told(commits: Sequence[OwnCommit]) -> Told:
    """What these commits' differences from their first parents call a file."""
    made = (delta.after for commit in commits for delta in commit.changes.values())
    files = (entry.object for entry in made if entry is not None and entry.mode != GITLINK)
    return Told(frozenset(commit.id for commit in commits), frozenset(files))


def _seen(tree: Mapping[str, TreeEntry], commits: Sequence[OwnCommit]) -> frozenset[str]:
    """Objects that HEAD's history reaches, as far as its tree and our commits tell."""
    made = (delta.after for commit in commits for delta in commit.changes.values())
    return frozenset(entry.object for entry in (*tree.values(), *made) if entry is not None)


def _nothing(head: str, error: Halt | RepositoryError) -> RepositoryFacts:
    nothing = Traces((), None, None)
    return RepositoryFacts(head, 0, {}, {}, (), None, {}, frozenset(), nothing, None, unreadable=error)


def _entries(found: Mapping[str, Entry]) -> Mapping[str, TreeEntry]:
    return {path: TreeEntry(entry.mode, entry.object) for path, entry in found.items()}


def _entry(entry: Entry | None) -> TreeEntry | None:
    return None if entry is None else TreeEntry(entry.mode, entry.object)


def _words(folder: str, found: Leftovers) -> Iterator[str]:
    if found.index_lock:
        yield f"index.lock of this tool in {folder}"
    for name in found.temporary_refs:
        yield f"temporary reference {name} in {folder}"
    for path in found.files:
        yield f"{path.name} in {path.parent}"
