"""Who reads artifacts, and by which way a read came to its files."""

from __future__ import annotations

from enum import StrEnum


class ReaderKind(StrEnum):
    """A consumer of artifacts, in the specification's order (topological by dependency)."""

    RESOLVE = "resolve"
    API = "api"
    NOTEBOOK = "notebook"
    FIGURE = "figure"
    DATASET = "dataset"
    LINKS = "links"
    EMBED = "embed"
    SEARCH = "search"


class Source(StrEnum):
    """The way by which a read found what it gives."""

    FOLDER = "folder"
    """By the row's folder fields."""
    LEGACY = "legacy"
    """By a path that the row records, or by the folder of its type."""
    DATABASE = "database"
    """By the row alone: the artifact has no file, or none was found."""


TITLES = {
    ReaderKind.RESOLVE: "resolve_artifact()",
    ReaderKind.API: "/api/artifacts",
    ReaderKind.NOTEBOOK: "notebook viewer",
    ReaderKind.FIGURE: "figure viewer",
    ReaderKind.DATASET: "dataset viewer",
    ReaderKind.LINKS: "graph links",
    ReaderKind.EMBED: "{{artifact:ID}} embeds",
    ReaderKind.SEARCH: "search results",
}
"""What each stands for, in words that fit a column."""
