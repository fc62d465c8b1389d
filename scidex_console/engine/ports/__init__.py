"""What the engine needs from outside, as Protocols.

Adapters implement them structurally and know nothing of one another. Everything that blocks (git, hashing,
the file system) is synchronous here and leaves the event loop by `asyncio.to_thread`; the database and the
network are asynchronous. All adapters raise the errors of `domain.errors` only.
"""

from scidex_console.engine.ports.cleanup import CleanupDesk, OrphanPreview, Vacuumed
from scidex_console.engine.ports.database import (
    DueFigure,
    Fence,
    FigureRow,
    FigureStore,
    GateStore,
    Housekeeping,
    IntentStore,
    Journal,
    RunStore,
    SurveyedFigure,
    SwitchResult,
    WriterQueue,
)
from scidex_console.engine.ports.files import StagedWriter, Staging, Worktree
from scidex_console.engine.ports.folders import (
    Census,
    DueFolder,
    ExaminedFile,
    FolderFiles,
    FolderGap,
    FolderStore,
    Refusal,
)
from scidex_console.engine.ports.network import FigureSource, Gate, RobotsFile, RobotsStore
from scidex_console.engine.ports.readers import (
    AttemptFilter,
    AttemptOrder,
    Attendance,
    Feed,
    IntentDesk,
    ReadModel,
)
from scidex_console.engine.ports.repository import (
    ArtifactRepository,
    CommitDraft,
    CommitInfo,
    Committed,
    PastVersion,
    PathChange,
    Repacked,
)
from scidex_console.engine.ports.soak import FailureLog, SoakFacts, SoakStore
from scidex_console.engine.ports.system import Clock
from scidex_console.engine.ports.triage import DecisionStore, Picture, TriageDesk, TriageStore

__all__ = [
    "ArtifactRepository",
    "AttemptFilter",
    "AttemptOrder",
    "Attendance",
    "Census",
    "CleanupDesk",
    "Clock",
    "CommitDraft",
    "CommitInfo",
    "Committed",
    "DecisionStore",
    "DueFigure",
    "DueFolder",
    "ExaminedFile",
    "FailureLog",
    "Feed",
    "Fence",
    "FigureRow",
    "FigureSource",
    "FigureStore",
    "FolderFiles",
    "FolderGap",
    "FolderStore",
    "Gate",
    "GateStore",
    "Housekeeping",
    "IntentDesk",
    "IntentStore",
    "Journal",
    "OrphanPreview",
    "PastVersion",
    "PathChange",
    "Picture",
    "ReadModel",
    "Refusal",
    "Repacked",
    "RobotsFile",
    "RobotsStore",
    "RunStore",
    "SoakFacts",
    "SoakStore",
    "StagedWriter",
    "Staging",
    "SurveyedFigure",
    "SwitchResult",
    "TriageDesk",
    "TriageStore",
    "Vacuumed",
    "Worktree",
    "WriterQueue",
]
