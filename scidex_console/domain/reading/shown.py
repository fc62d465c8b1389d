"""Which of an artifact's files a viewer shows."""

from __future__ import annotations

from scidex_console.domain.folders.names import kind_of, split_extension
from scidex_console.domain.reading.found import FoundArtifact, FoundFile

IMAGES = frozenset({".png", ".jpg", ".jpeg", ".gif", ".webp", ".svg", ".avif"})
"""Extensions of images that browsers draw. An SVG may hold scripts: it is served as such, or not at all."""
_PAGES = frozenset({".html", ".htm"})
_PREVIEWS = ("preview", "thumbnail", "thumb")


def rendered_page(found: FoundArtifact) -> FoundFile | None:
    """The rendered page of a notebook: the accessory of its name, or else the first page at all."""
    pages = [file for file in found.accessories if kind_of(file.name) in _PAGES and not file.is_pointer]
    stem = split_extension(found.primary.name)[0] if found.primary else ""
    return next(
        (page for page in pages if split_extension(page.name)[0] == stem), pages[0] if pages else None
    )


def shown_image(found: FoundArtifact) -> FoundFile | None:
    """The image of a figure: the primary file, or a preview of one that browsers do not draw."""
    if found.primary and _is_image(found.primary):
        return found.primary
    images = [file for file in found.accessories if _is_image(file)]
    previews = (file for file in images if split_extension(file.name)[0].startswith(_PREVIEWS))
    return next(previews, images[0] if images else None)


def schema_of(found: FoundArtifact) -> FoundFile | None:
    """The schema of a dataset, where it has one."""
    return next((file for file in found.accessories if kind_of(file.name) == ".schema.json"), None)


def _is_image(file: FoundFile) -> bool:
    return kind_of(file.name) in IMAGES and not file.is_pointer
