"""What a partial update of the screen sends: the spans that changed, and nothing left of them.

Textual begins each span where its widget begins, so that one changed figure at the end of a table's row sends
the whole row.
"""

from __future__ import annotations

from rich.console import Console, RenderableType
from rich.control import Control
from textual._compositor import ChopsUpdate
from textual.strip import Strip


def exactly(renderable: RenderableType | None) -> RenderableType | None:
    """The same update, cut to its spans where it is a partial one."""
    if isinstance(renderable, ChopsUpdate):
        return ExactUpdate(renderable.chops, renderable.spans, renderable.chop_ends)
    return renderable


class ExactUpdate(ChopsUpdate):
    """A partial update that sends its spans alone."""

    def render_segments(self, console: Console) -> str:
        """Each part of each span at its place."""
        return "".join(
            Control.move_to(x, y).segment.text + strip.render(console)
            for y, x1, x2 in self.spans
            for x, strip in self._parts(y, x1, x2)
        )

    def _parts(self, y: int, x1: int, x2: int) -> list[tuple[int, Strip]]:
        """What is to be drawn between two columns of a line: widgets lie side by side."""
        parts = []
        for end, (x, strip) in zip(self.chop_ends[y], self.chops[y].items(), strict=False):
            first, last = max(x, x1), min(end, x2)
            if strip is not None and first < last:
                parts.append((first, strip.crop(first - x, last - x)))
        return parts
