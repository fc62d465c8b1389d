"""What makes a store that grew over years awkward, worked into a tidy plan.

Files claimed by several rows and files no row claims, hashes of bytes that have since been rewritten, Git LFS
pointers, empty files, equal bytes under two names, names with blanks, brackets, accents and dots, files that
were moved once, rows whose file is gone, titles full of control characters.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace
from functools import partial

from scidex_console.demo.artifacts.model import (
    SUBMODULE,
    Artifact,
    ContentKind,
    HashUse,
    StoredFile,
    recorded,
)
from scidex_console.demo.artifacts.words import NAUGHTY_TITLES

_UNUSUAL_STEMS = (
    "figure one (final) [v2]",
    "abbildung_für_größe",
    "データ_図3",
    "many.dots.in.a.name",
    "-leading-hyphen",
    'it\'s "quoted" & $HOME',
    "back\\slash",
    "trailing blank ",
    "tab\there",
    "emoji_🧠",
    "n" * 200,
    "percent%20escaped%2Fname",
    "#hash;semicolon,comma",
)

LOOSE_FILES = (
    StoredFile("README.md", ContentKind.MARKDOWN, "readme"),
    StoredFile("figures/.gitkeep", ContentKind.EMPTY, ""),
    StoredFile("figures/tmp_preview.png", ContentKind.PNG, "loose preview"),
    StoredFile("notebooks/scratch/Untitled.ipynb", ContentKind.NOTEBOOK, "loose notebook"),
    StoredFile("datasets/old/export (1).csv", ContentKind.CSV, "loose export"),
    StoredFile("analyses/sess_SDA-2025-03-31-abandoned/notes.md", ContentKind.MARKDOWN, "loose notes"),
    StoredFile("tools/rebuild_index.py", ContentKind.SCRIPT, "loose tool", executable=True),
)
"""Files no row claims."""


class Oddities:
    """Works oddities into a list of artifacts, in place; each artifact gets one at most."""

    def __init__(self, artifacts: list[Artifact], rng: random.Random) -> None:
        self._artifacts = artifacts
        self._rng = rng
        self._deck = [
            place
            for place, artifact in enumerate(artifacts)
            if artifact.files and artifact.files[0].kind is not ContentKind.PAPER_FIGURE
        ]
        rng.shuffle(self._deck)
        self._with_files = len(self._deck)

    def work_in(self) -> None:
        """Everything, in numbers that suit the size of the store."""
        self._change(self._some(0.004), _any, _stale)
        self._change(self._some(0.01), _of_type("model"), _lfs)
        self._change(self._some(0.002), _of_type("dataset"), _empty)
        self._change(self._some(0.008), _of_type("notebook", "model"), _gone)
        self._change(self._some(0.02), _of_type("figure"), self._moved)
        for stem in _UNUSUAL_STEMS[: self._some(0.05)]:
            self._change(1, _of_type("figure", "dataset"), partial(_named, stem=stem))
        self._share(self._some(0.01))
        self._repeat(self._some(0.01))
        self._title()

    def _some(self, share: float) -> int:
        return max(1, round(share * self._with_files))

    def _draw(self, suits: Callable[[Artifact], bool]) -> int | None:
        """Take the next artifact that suits out of the deck."""
        for position, place in enumerate(self._deck):
            if suits(self._artifacts[place]):
                return self._deck.pop(position)
        return None

    def _change(
        self, count: int, suits: Callable[[Artifact], bool], change: Callable[[Artifact], Artifact]
    ) -> None:
        for _ in range(count):
            place = self._draw(suits)
            if place is None:
                return
            self._artifacts[place] = change(self._artifacts[place])

    def _moved(self, artifact: Artifact) -> Artifact:
        first = artifact.files[0]
        before = (
            f"site/{first.path}" if self._rng.random() < 0.5 else f"figures/legacy/{artifact.id}.{first.kind}"
        )
        return replace(artifact, files=(replace(first, earlier_path=before), *artifact.files[1:]))

    def _share(self, count: int) -> None:
        """One dataset's file is claimed by one or two more rows."""
        for number in range(count):
            owner = self._draw(_of_type("dataset"))
            if owner is None:
                return
            file = self._artifacts[owner].files[0]
            self._change(1 + number % 2, _of_type("dataset", "model"), partial(_claiming, file=file))

    def _repeat(self, count: int) -> None:
        """Two figures have the same bytes under two names."""
        for _ in range(count):
            original = self._draw(_of_type("figure"))
            if original is None:
                return
            file = self._artifacts[original].files[0]
            self._change(1, partial(_is_figure_of, kind=file.kind), partial(_with_key, key=file.key))

    def _title(self) -> None:
        """Naughty titles, on paper figures first of all since those are on the screen first."""
        places = list(range(len(self._artifacts)))
        self._rng.shuffle(places)
        count = min(len(places) // 8, max(len(NAUGHTY_TITLES) + 1, len(places) // 100))
        for number, place in enumerate(places[:count]):
            title = (*NAUGHTY_TITLES, None)[number % (len(NAUGHTY_TITLES) + 1)]
            self._artifacts[place] = replace(self._artifacts[place], title=title)


def _any(artifact: Artifact) -> bool:
    return True


def _of_type(*types: str) -> Callable[[Artifact], bool]:
    return lambda artifact: artifact.artifact_type in types


def _is_figure_of(artifact: Artifact, kind: ContentKind) -> bool:
    return artifact.artifact_type == "figure" and artifact.files[0].kind is kind


def _stale(artifact: Artifact) -> Artifact:
    """Its hash is of what the file held before."""
    first = replace(artifact.files[0], rewritten=True)
    return replace(artifact, files=(first, *artifact.files[1:]), hash_use=HashUse.STALE, records_sha256=False)


def _lfs(artifact: Artifact) -> Artifact:
    path = artifact.files[0].path.rpartition(".")[0] + ".h5"
    file = StoredFile(path, ContentKind.LFS_POINTER, artifact.id)
    return replace(_relocated(artifact, file), hash_use=HashUse.FILE, records_sha256=False)


def _empty(artifact: Artifact) -> Artifact:
    file = replace(artifact.files[0], kind=ContentKind.EMPTY)
    return replace(artifact, files=(file, *artifact.files[1:]))


def _gone(artifact: Artifact) -> Artifact:
    """The row names a file the store no longer has."""
    metadata = {**artifact.metadata, f"{artifact.artifact_type}_path": recorded(artifact.files[0].path)}
    metadata.pop("rendered_path", None)
    return replace(
        artifact, files=(), file_path=None, metadata=metadata, hash_use=HashUse.KEY, records_sha256=False
    )


def _named(artifact: Artifact, stem: str) -> Artifact:
    folder, _, name = artifact.files[0].path.rpartition("/")
    file = replace(artifact.files[0], path=f"{folder}/{stem}.{name.rpartition('.')[2]}")
    return _relocated(artifact, file)


def _claiming(artifact: Artifact, file: StoredFile) -> Artifact:
    return replace(
        _relocated(replace(artifact, files=artifact.files[:1]), file),
        hash_use=HashUse.FILE,
        records_sha256=True,
    )


def _with_key(artifact: Artifact, key: str) -> Artifact:
    return replace(artifact, files=(replace(artifact.files[0], key=key), *artifact.files[1:]))


def _relocated(artifact: Artifact, file: StoredFile) -> Artifact:
    """The artifact with another primary file; whatever named the old one in its row names the new one."""
    old, new = artifact.files[0].path, file.path

    def renamed(value: object) -> object:
        if isinstance(value, str):
            return {old: new, f"{SUBMODULE}/{old}": recorded(new)}.get(value, value)
        return value

    metadata = {key: renamed(value) for key, value in artifact.metadata.items()}
    if "slug" in metadata:
        metadata["slug"] = new.rpartition("/")[2].rpartition(".")[0]
    chain = artifact.provenance_chain
    return replace(
        artifact,
        files=(file, *artifact.files[1:]),
        metadata=metadata,
        file_path=recorded(new) if artifact.file_path else None,
        provenance_chain=[{key: renamed(value) for key, value in step.items()} for step in chain]
        if chain
        else None,
    )
