"""What a page shows of a file: a picture, a page in a frame, the head of a table, a notebook, text. Pure.

Everything comes from files that anybody may have written: what is made here is data for a template that
escapes it, or, of Markdown, markup that a converter without raw HTML has made.
"""

from __future__ import annotations

from dataclasses import dataclass

from scidex_console.domain.reading.contents import NotebookCell, TableHead, notebook_cells, table_head

HEAD_BYTES = 256 << 10
"""How much of a file is read for a preview."""
NOTEBOOK_BYTES = 8 << 20
"""A notebook is shown only if it is read whole."""
_ROWS = 20
_LINES = 200
_LINE = 400
_PICTURES = frozenset(
    {"image/png", "image/jpeg", "image/gif", "image/webp", "image/avif", "image/svg+xml", "image/bmp"}
)
_SEPARATED = ("text/csv", "text/tab-separated-values")


@dataclass(frozen=True)
class Picture:
    """A picture, by its file's address."""

    url: str


@dataclass(frozen=True)
class Frame:
    """A page of somebody else's, shown in a frame without scripts."""

    url: str


@dataclass(frozen=True)
class Table:
    """The head of a table."""

    head: TableHead


@dataclass(frozen=True)
class Text:
    """The beginning of a text."""

    text: str
    cut: bool


@dataclass(frozen=True)
class Markup:
    """HTML that was made here from Markdown, without any of the writer's own."""

    html: str
    cut: bool


@dataclass(frozen=True)
class Cell:
    """A cell of a notebook; a text cell as HTML."""

    cell: NotebookCell
    html: str


@dataclass(frozen=True)
class Notebook:
    """A notebook as it was saved."""

    cells: tuple[Cell, ...]


Preview = Picture | Frame | Table | Text | Markup | Notebook


def kind_of_preview(media_type: str) -> str:
    """How a file is shown: `picture`, `frame`, `table`, `notebook`, `markdown`, `text`; empty: not at all."""
    if media_type in _PICTURES:
        return "picture"
    if media_type == "text/html":
        return "frame"
    if media_type in _SEPARATED:
        return "table"
    if media_type == "application/x-ipynb+json":
        return "notebook"
    if media_type == "text/markdown":
        return "markdown"
    return (
        "text"
        if media_type.startswith("text/") or media_type in ("application/json", "application/yaml")
        else ""
    )


def preview_of(name: str, media_type: str, content: bytes, *, whole: bool) -> Preview | None:
    """What to show of the bytes a file begins with; None when they are not what the type promises."""
    kind = kind_of_preview(media_type)
    if kind == "table":
        head = table_head(name, content, is_whole=whole, rows=_ROWS)
        return Table(head) if head else None
    if kind == "notebook":
        cells = notebook_cells(content) if whole else None
        return Notebook(tuple(map(_cell, cells))) if cells else None
    text = _decoded(content, whole=whole)
    if text is None or not text.strip():
        return None
    if kind == "markdown":
        return Markup(markdown(text), not whole)
    return _text(text, whole=whole) if kind == "text" else None


def _cell(cell: NotebookCell) -> Cell:
    return Cell(cell, markdown(cell.source) if cell.kind == "markdown" else "")


def _decoded(head: bytes, *, whole: bool) -> str | None:
    if b"\0" in head:
        return None
    try:
        return head.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        if not whole and error.start >= len(head) - 4:
            return head[: error.start].decode("utf-8-sig")
        return head.decode("latin-1")


def markdown(text: str) -> str:
    """Markdown as HTML. Raw HTML in it is shown as text; pictures and odd addresses are left out."""
    from markdown_it import MarkdownIt

    converter = MarkdownIt("commonmark", {"html": False}).enable("table").disable("image")
    html: str = converter.render(text)
    return html


def _text(text: str, *, whole: bool) -> Text:
    every = text.splitlines()
    shown = "\n".join(_short(line, _LINE) for line in every[:_LINES])
    return Text(shown, len(every) > _LINES or not whole)


def _short(text: str, limit: int) -> str:
    return text if len(text) <= limit else text[: limit - 1] + "…"
