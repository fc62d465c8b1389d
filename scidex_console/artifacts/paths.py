"""Where an artifact's files are, without asking the database.

Spec (folders, phase 1): `artifact_dir`, `artifact_primary_path` and `artifact_accessory_path`; the folders by
type of before are still there as constants, and say by a DeprecationWarning what takes their place.

An artifact whose row named another folder before `folders.shard` was settled lies there: the row's
`artifact_dir` (`resolve_artifact(…).folder`) has the last word.
"""

from __future__ import annotations

import warnings
from functools import cache
from pathlib import Path

from scidex_console.domain.folders.layout import ACCESSORIES, MANIFEST, RESERVED, is_uuid
from scidex_console.domain.paths import is_safe
from scidex_console.settings import Settings, load_settings

LEGACY_FOLDERS = {
    "FIGURE_DIR": "figures",
    "NOTEBOOK_DIR": "notebooks",
    "DATASET_DIR": "datasets",
    "MODEL_DIR": "models",
    "ANALYSIS_DIR": "analyses",
    "HYPOTHESIS_DIR": "hypotheses",
    "DASHBOARD_DIR": "dashboards",
    "PROTOCOL_DIR": "protocols",
    "KG_ENTITY_DIR": "kg_entities",
}
"""The constants of before folders, and the folder of each inside the artifact repository."""


def artifact_dir(artifact_id: str) -> Path:
    """The folder of an artifact, by its UUID. Raises ValueError for what is none."""
    uuid = artifact_id.lower()
    if not is_uuid(uuid):
        raise ValueError(
            f"{artifact_id!r} is no artifact's UUID: resolve_artifact({artifact_id!r}).artifact_id tells it"
        )
    settings = _settings()
    return settings.repository.need_path() / settings.folders.layout().folder(uuid)


def artifact_primary_path(artifact_id: str, filename: str) -> Path:
    """A primary file of that name. Raises ValueError for a UUID or a name that cannot be one."""
    if filename.lower() in RESERVED:
        raise ValueError(f"{filename!r} is no name for a primary file: the folder keeps something else there")
    return artifact_dir(artifact_id) / _one_name(filename)


def artifact_accessory_path(artifact_id: str, filename: str) -> Path:
    """An accessory of that name. Raises ValueError for a UUID or a name that cannot be one."""
    return artifact_dir(artifact_id) / ACCESSORIES / _one_name(filename)


def artifact_manifest_path(artifact_id: str) -> Path:
    """The manifest. Raises ValueError for a UUID that is none."""
    return artifact_dir(artifact_id) / MANIFEST


def __getattr__(name: str) -> Path:
    folder = LEGACY_FOLDERS.get(name)
    if folder is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    instead = "artifact_primary_path(artifact_id, filename)"
    settings = _settings()
    if not settings.folders.reads_legacy:
        raise AttributeError(f"{name} is gone (folders.legacy is off): use {instead}")
    warnings.warn(f"{name} is deprecated: use {instead}", DeprecationWarning, stacklevel=2)
    return settings.repository.need_path() / folder


def __dir__() -> list[str]:
    return sorted([*globals(), *LEGACY_FOLDERS])


def _one_name(filename: str) -> str:
    if "/" in filename or not is_safe(filename):
        raise ValueError(f"{filename!r} is not the name of one file")
    return filename


@cache
def _settings() -> Settings:
    """The configuration that the command line would find; read once."""
    return load_settings()
