"""An image drawn with half blocks: two pixels a cell; shades of grey as letters where there is no colour."""

from __future__ import annotations

from rich.segment import Segment
from rich.style import Style
from textual.geometry import Size
from textual.strip import Strip
from textual.widget import Widget

from scidex_console.engine.ports import Picture

_UPPER = "▀"
_SHADES = " .:-=+*#%@"


class PictureView(Widget):
    """Draws a picture once it has one."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._picture: Picture = ()

    def show(self, picture: Picture) -> None:
        """Draw this one."""
        self._picture = picture
        self.refresh(layout=True)

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        """A row for two of pixels."""
        return len(self._picture)

    def get_content_width(self, container: Size, viewport: Size) -> int:
        """A column for each pixel."""
        return len(self._picture[0]) if self._picture else 0

    def render_line(self, y: int) -> Strip:
        """One row of cells."""
        cells = self._picture[y] if y < len(self._picture) else ()
        if self.app.no_color:
            return Strip([Segment("".join(_shade(upper, lower) for upper, lower in cells))])
        return Strip(
            [Segment(_UPPER, Style(color=_hex(upper), bgcolor=_hex(lower))) for upper, lower in cells]
        )


def _hex(colour: tuple[int, int, int]) -> str:
    return "#{:02x}{:02x}{:02x}".format(*colour)


def _shade(upper: tuple[int, int, int], lower: tuple[int, int, int]) -> str:
    """Dark is a full letter: most figures are ink on white paper."""
    light = sum(upper) + sum(lower)
    return _SHADES[(1530 - light) * (len(_SHADES) - 1) // 1530]
