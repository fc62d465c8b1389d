"""Which attributes make the checkout's bytes other than git's."""

from __future__ import annotations

from scidex_console.adapters.git.repository import GitArtifactRepository
from tests.adapters.git.world import World, git


def test_conversions_are_told_by_path_and_others_left_out(
    world: World, repository: GitArtifactRepository
) -> None:
    (world.artifacts / ".gitattributes").write_text(
        "* text=auto\n*.h5 filter=lfs diff=lfs -text\n*.crlf text eol=crlf\n*.id ident\n"
        "*.u16 working-tree-encoding=UTF-16LE\n*.lf eol=lf\nraw/** !filter\n*.png binary\n"
    )
    odd = "models/caf\udce9 [x].h5"
    paths = ["a.csv", "a.h5", "a.crlf", "a.id", "a.u16", "a.lf", "a.png", "raw/a.h5", odd]
    assert repository.conversions(paths) == {
        "a.h5": "filter=lfs",
        "a.crlf": "eol=crlf",
        "a.id": "ident",
        "a.u16": "working-tree-encoding=UTF-16LE",
        odd: "filter=lfs",
    }
    assert repository.conversions([]) == {}


def test_a_file_is_hashed_as_git_would_keep_it_at_another_path(
    world: World, repository: GitArtifactRepository
) -> None:
    (world.artifacts / ".gitattributes").write_text("* -text\ntexts/* text\n")
    (world.artifacts / "odd é [x].csv").write_bytes(b"x\r\n")
    as_it_is = git(world.artifacts, "hash-object", "--stdin", "--no-filters", stdin=b"x\r\n")
    with_line_feeds = git(world.artifacts, "hash-object", "--stdin", "--no-filters", stdin=b"x\n")
    assert repository.stored_as("odd é [x].csv", "raw/a.csv") == as_it_is
    assert repository.stored_as("odd é [x].csv", "texts/a.csv") == with_line_feeds
    assert repository.stored_as("gone.csv", "texts/a.csv") == "", "it went meanwhile: nothing to fall over"
