"""One artifact of each type but the paper figure, named and stored as SciDEX has done it over the years.

Notebooks are files named by a UUID, figures by a slug, datasets flat tables, analyses folders named by their
session; hypotheses, claims and knowledge graph entities live in the database alone. Rows say in different
ways, or not at all, where their files are.
"""

from __future__ import annotations

import itertools
import random
import uuid
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, TypeVar

from scidex_console.demo.artifacts.model import Artifact, ContentKind, HashUse, StoredFile, recorded
from scidex_console.demo.artifacts.words import entity_names, sentence, slug, topic

_LANES = ("atlas", "agora", "exchange", "forge", "senate")
_Choice = TypeVar("_Choice")


class Drafter:
    """Drafts artifacts one after the other; no id and no path is given out twice."""

    def __init__(self, rng: random.Random) -> None:
        self._rng = rng
        self._names: set[str] = set()
        self._ids: set[str] = set()
        entities = entity_names()
        rng.shuffle(entities)
        self._entities = itertools.cycle(entities)
        self._drafts: dict[str, Callable[[datetime], Artifact]] = {
            "figure": self._figure,
            "notebook": self._notebook,
            "dataset": self._dataset,
            "analysis": self._analysis,
            "model": self._model,
            "hypothesis": self._hypothesis,
            "claim": self._claim,
            "kg_entity": self._entity,
        }

    def draft(self, artifact_type: str, born: datetime) -> Artifact:
        """The next artifact of a type, created at `born`."""
        return self._drafts[artifact_type](born)

    # Types with files

    def _figure(self, born: datetime) -> Artifact:
        subject = topic(self._rng)
        name = _once(slug(subject), self._names)
        kind = self._rng.choice((ContentKind.PNG, ContentKind.PNG, ContentKind.SVG))
        identity = self._pick(f"figure-{self._hex(6)}", f"fig_{name}", f"figure-{self._uuid()}")
        file = StoredFile(f"figures/{name}.{kind}", kind, identity)
        return self._with_files(identity, "figure", f"Figure: {subject}", born, (file,))

    def _notebook(self, born: datetime) -> Artifact:
        subject, name = topic(self._rng), self._uuid()
        identity = self._pick(f"notebook-{name}", name, f"nb-SDA-{born:%Y-%m-%d}-{self._hex(6)}")
        files = [StoredFile(f"notebooks/{name}.ipynb", ContentKind.NOTEBOOK, identity)]
        if self._rng.random() < 0.6:
            files.append(StoredFile(f"notebooks/{name}.html", ContentKind.HTML, identity))
        return self._with_files(identity, "notebook", f"Notebook: {subject}", born, tuple(files))

    def _dataset(self, born: datetime) -> Artifact:
        subject = topic(self._rng)
        name = _once(slug(subject) + "_data", self._names)
        identity = self._pick(f"dataset-{self._uuid()}", f"dataset-{name}", f"ds_{self._hex(10)}")
        files = [StoredFile(f"datasets/{name}.csv", ContentKind.CSV, identity)]
        if self._rng.random() < 0.15:
            files.append(StoredFile(f"datasets/{name}.schema.json", ContentKind.JSON, identity))
        return self._with_files(identity, "dataset", f"Dataset: {subject}", born, tuple(files))

    def _analysis(self, born: datetime) -> Artifact:
        subject = topic(self._rng)
        session = _once(f"SDA-{born:%Y-%m-%d}-gap-{born:%Y%m%d-%H%M%S}-{self._hex(4)}", self._names)
        identity = self._pick(f"sess_{session}", f"analysis-{session}")
        folder = f"analyses/sess_{session}"
        files = [StoredFile(f"{folder}/report.md", ContentKind.MARKDOWN, identity)]
        for number in range(1, self._rng.randrange(2, 5)):
            files.append(StoredFile(f"{folder}/figure_{number}.png", ContentKind.PNG, f"{identity}/{number}"))
        if self._rng.random() < 0.5:
            files.append(StoredFile(f"{folder}/report.html", ContentKind.HTML, identity))
        if self._rng.random() < 0.4:
            files.append(StoredFile(f"{folder}/run.py", ContentKind.SCRIPT, identity, executable=True))
        artifact = self._with_files(identity, "analysis", f"Analysis: {subject}", born, tuple(files))
        artifact.metadata["analysis_path"] = recorded(folder)
        return artifact

    def _model(self, born: datetime) -> Artifact:
        subject = topic(self._rng)
        name = _once(slug(subject) + "_model", self._names)
        kind = self._rng.choice((ContentKind.JSON, ContentKind.PICKLE))
        ending = "json" if kind is ContentKind.JSON else "pkl"
        identity = self._pick(f"model-{self._uuid()}", f"model_{name}")
        files = [StoredFile(f"models/{name}.{ending}", kind, identity)]
        if self._rng.random() < 0.3:
            files.append(StoredFile(f"models/{name}.md", ContentKind.MARKDOWN, identity))
        return self._with_files(identity, "model", f"Model of {subject}", born, tuple(files))

    # Types the database alone holds

    def _hypothesis(self, born: datetime) -> Artifact:
        subject = topic(self._rng)
        identity = self._pick(
            f"hypothesis-h-{self._hex(8)}", f"h-{self._hex(8)}", f"hypothesis-{self._uuid()}"
        )
        score = round(self._rng.uniform(0.2, 0.95), 3)
        metadata = {"statement": sentence(self._rng), "composite_score": score}
        return self._row(identity, "hypothesis", f"Targeting {subject}", born, metadata)

    def _claim(self, born: datetime) -> Artifact:
        statement = sentence(self._rng)
        metadata = {"claim": statement, "pmids": [str(self._rng.randrange(10**7, 4 * 10**7))]}
        return self._row(f"claim-{self._hex(12)}", "claim", statement, born, metadata)

    def _entity(self, born: datetime) -> Artifact:
        identity = next(self._entities)
        metadata = {"entity_type": self._pick("gene", "pathway", "process", "cell_type", "disease")}
        return self._row(identity, "kg_entity", identity.replace("_", " ").title(), born, metadata)

    # Rows

    def _with_files(
        self, identity: str, artifact_type: str, title: str, born: datetime, files: tuple[StoredFile, ...]
    ) -> Artifact:
        path = files[0].path
        metadata: dict[str, Any] = {"generated_by": self._pick(*_LANES)}
        file_path: str | None = None
        chain: list[dict[str, Any]] | None = None
        hash_use = self._pick(HashUse.FILE, HashUse.FILE, HashUse.KEY, HashUse.NONE)
        where = self._rng.random()
        if where < 0.65:
            short = self._rng.random() < 0.1
            metadata[f"{artifact_type}_path"] = path if short else recorded(path)
        if 0.55 < where < 0.85:
            file_path = recorded(path)
        if 0.85 < where < 0.93:
            chain = self._chain(born, {"path": recorded(path)})
        if where > 0.93:  # the row does not say: to be found in its type's folder
            metadata["slug"] = path.rpartition("/")[2].partition(".")[0]
        else:
            chain = chain or (self._chain(born, {}) if self._rng.random() < 0.3 else None)
        if len(files) > 1 and files[1].kind is ContentKind.HTML:
            metadata["rendered_path"] = recorded(files[1].path)
        return self._row(
            identity, artifact_type, title, born, metadata, chain, file_path, files, hash_use,
            # A key over title and metadata says nothing of the file, so the recovery recorded its hash.
            hash_use is HashUse.KEY or self._rng.random() < 0.25,
        )  # fmt: skip

    def _row(
        self,
        identity: str,
        artifact_type: str,
        title: str,
        born: datetime,
        metadata: dict[str, Any],
        chain: list[dict[str, Any]] | None = None,
        file_path: str | None = None,
        files: tuple[StoredFile, ...] = (),
        hash_use: HashUse | None = None,
        records_sha256: bool = False,
    ) -> Artifact:
        touched = born + timedelta(seconds=round(self._rng.expovariate(1 / 86_400), 3))
        use = hash_use or self._pick(HashUse.KEY, HashUse.NONE)
        return Artifact(
            _once(identity, self._ids), artifact_type, title, born, touched, metadata,
            chain, file_path, files, use, records_sha256,
        )  # fmt: skip

    def _chain(self, born: datetime, extra: dict[str, Any]) -> list[dict[str, Any]]:
        step = {"action": "created", "actor": self._pick(*_LANES), "at": born.isoformat(), **extra}
        return [step, {"action": "registered", "actor": "artifact_registry", "at": born.isoformat()}]

    def _pick(self, *choices: _Choice) -> _Choice:
        return self._rng.choice(choices)

    def _hex(self, digits: int) -> str:
        return f"{self._rng.getrandbits(4 * digits):0{digits}x}"

    def _uuid(self) -> str:
        return str(uuid.UUID(int=self._rng.getrandbits(128), version=4))


def _once(name: str, taken: set[str]) -> str:
    """The name, with a number when it was given out before."""
    unique, number = name, 1
    while unique in taken:
        number += 1
        unique = f"{name}_{number}"
    taken.add(unique)
    return unique
