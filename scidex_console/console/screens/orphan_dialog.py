"""A decision about files that no row claims: what it would do to each, and what has to be typed for it."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

from textual.widget import Widget
from textual.widgets import Input

from scidex_console.console.presentation.orphans import FILE_COLUMNS
from scidex_console.console.screens.decision_dialog import DecisionDialog
from scidex_console.console.screens.dialog import Surroundings
from scidex_console.console.screens.dialog_parts import Field
from scidex_console.domain.orphans import path_of
from scidex_console.domain.triage import Decision
from scidex_console.engine.ports import OrphanPreview


class OrphanDialog(DecisionDialog):
    """The list is the plan; deleting has to be typed, and adopting may name a type."""

    NOUN = "file"
    COLUMNS = FILE_COLUMNS

    def __init__(
        self, around: Surroundings, patterns: Sequence[str], found: OrphanPreview, *, note: str = ""
    ) -> None:
        items = tuple(replace(i, artifact_id=path_of(i.artifact_id), path="") for i in found.preview.items)
        super().__init__(around, replace(found.preview, items=items), note=note)
        self._patterns = patterns
        self._found = found

    def title_words(self) -> str:
        """What is decided."""
        return f"{str(self.preview.decision).capitalize()} what no row claims"

    def explained(self) -> str:
        """What the decision is about."""
        return "Applies a decision about files that no row claims; undoing it is a decision of its own."

    def fields(self) -> Iterable[Widget]:
        """The words of a deletion; the type that files are adopted as."""
        if self._found.phrase:
            yield Field("to confirm", "typed", placeholder=f"type: {self._found.phrase}")
        if self.preview.decision is Decision.ADOPT:
            told = "by each file's kind; or one for all, such as dataset"
            yield Field("type", "type", value=self._found.artifact_type, placeholder=told)

    def params(self) -> dict[str, Any]:
        """The plan. Raises ValueError when nothing would be done, or what has to be typed is not."""
        if self._typed("type") != self._found.artifact_type:
            return self.params_so_far()  # another plan, which is shown before anything is done
        if not self.preview.applied:
            raise ValueError(f"nothing would change: {self.preview.refused[0].refused}")
        if self._found.phrase and self._typed("typed") != self._found.phrase:
            raise ValueError(f"what is deleted has to be typed: {self._found.phrase}")
        return self.params_so_far()

    def params_so_far(self) -> dict[str, Any]:
        """The plan as it is shown."""
        return {
            "kind": str(self.preview.decision),
            "files": list(self._patterns),
            "type": self._typed("type"),
            "typed": self._typed("typed"),
            "undoes": None,
            "token": self.preview.token,
        }

    def twin(self) -> str:
        """The command line that does the same."""
        params = self.params_so_far()
        words = ["cleanup", "decide", params["kind"], *params["files"]]
        words += ["--type", params["type"]] if params["type"] else []
        words += ["--token", params["token"], "--reason", self.reason() or "TEXT"]
        words += ["--typed", params["typed"] or self._found.phrase] if self._found.phrase else []
        return f"{self._program} {shlex.join(words)}"

    def _typed(self, field: str) -> str:
        found = self.query(f"#{field}").results(Input)
        return next((each.value.strip() for each in found), "")
