"""For SciDEX code that makes artifacts: register one, commit its files, find it again.

    from scidex_console.artifacts import commit_artifact, register_artifact

    artifact = register_artifact("figure", title="Dose response", filename="dose response.png")
    commit_artifact(artifact_id=artifact.artifact_id, paths=["/tmp/dose response.png", "/tmp/data.csv"])

Everything here is synchronous and may be called from any thread. The functions of this module share one
open `ArtifactStore` per process, by the configuration that the command line would find; `ArtifactStore.open`
is for code that wants another one, or that wants to close it. What goes wrong is a `ConsoleError`: `what`,
`where` and `fix` say what, where, and how to mend it. See docs/artifacts.md.
"""

from scidex_console.artifacts import paths
from scidex_console.artifacts.records import Artifact
from scidex_console.artifacts.shared import (
    add_accessories,
    commit_artifact,
    get_capsule_manifest,
    register_artifact,
    resolve_artifact,
)
from scidex_console.artifacts.store import ArtifactStore
from scidex_console.domain.artifact_commits import CommitResult
from scidex_console.domain.errors import ConsoleError

__all__ = [
    "Artifact",
    "ArtifactStore",
    "CommitResult",
    "ConsoleError",
    "add_accessories",
    "commit_artifact",
    "get_capsule_manifest",
    "paths",
    "register_artifact",
    "resolve_artifact",
]
