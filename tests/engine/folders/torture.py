"""A repository of everything that names, modes, attributes and links can be, as real stores have them."""

from __future__ import annotations

import hashlib
import os
import unicodedata
from collections.abc import Mapping
from pathlib import Path

from tests.engine.folders.any_store import git
from tests.engine.folders.tiny import Content, Link, Script, write_files

BIG = b"\x89HDF" + b"weights" * 1000
IDENT = b"$Id$\nprint(1)\n"
UUID = "0b5c1d9e-7c3c-4a4f-9f0e-1f4a5b6c7d8e"
NOT_UTF8 = os.fsdecode(b"odd/caf\xe9 \xff.png")

_CLEAN = (
    'test -n "$ANYBODY" || exit 1; f=$(mktemp); cat > $f; '
    "if head -c 7 $f | grep -aq version; then cat $f; else "
    "printf 'version https://git-lfs.github.com/spec/v1\\noid sha256:%s\\nsize %s\\n' "
    "$(sha256sum < $f | cut -c1-64) $(wc -c < $f); fi; rm $f"
)
"""What Git LFS does with a file that comes into git; fails where anybody else runs it."""


def pointer(content: bytes) -> bytes:
    """What git holds of a file kept by Git LFS."""
    oid = hashlib.sha256(content).hexdigest()
    return f"version https://git-lfs.github.com/spec/v1\noid sha256:{oid}\nsize {len(content)}\n".encode()


NAMES = (
    "plain.png",
    " leading.png",
    "trailing ",
    "trailing.png ",
    "two  blanks  .png",
    "[1] {a,b} (c) *?.png",
    ":(glob)magic.png",
    ":!not.png",
    "-rf.png",
    "--help",
    "many.dots.in.a.name.tar.gz",
    "...",
    ".hidden",
    "~tilde~",
    "#hash#.png",
    "größe_データ_🧬.png",
    "".join(chr(c) for c in (0x202E, 0x67, 0x6E, 0x70)) + ".png",
    "\u200bzero width.png",
    "'single' and \"double\".png",
    "back\\slash\\n.png",
    "tab\there.png",
    "carriage\rreturn.png",
    "bell\x07.png",
    "del\x7f.png",
    "percent%20%s.png",
    "a to b.png",
    "a => b.png",
    "{a => b}.png",
    "data:like.png",
    "http:",
    "n" * 255,
    "é" * 125 + ".png",
    "日" * 85,
    "CON",
    "NUL.txt",
    "manifest.json",
    "accessories",
    "inputs",
    "x.part",
    "0",
    "HEAD",
    "index.lock",
    "name.with trailing dot.",
)
"""Names of files that may be migrated."""

CONTENTS: dict[str, Content] = {
    **{f"figures/{name}": f"content of {number}".encode() for number, name in enumerate(NAMES)},
    # Nothing is moved of these without a person.
    "figures/new\nline.png": b"a line break",
    "figures/Case.png": b"upper",
    "figures/case.png": b"lower",
    NOT_UTF8: b"latin 1",
    "odd/beside.png": b"beside a name that is no UTF-8",
    f"figures/{unicodedata.normalize('NFC', 'pré.png')}": b"composed",
    f"figures/{unicodedata.normalize('NFD', 'pré.png')}": b"decomposed",
    # Contents.
    "figures/empty.png": b"",
    "figures/empty too.png": b"",
    "figures/tool": Script(b"#!/bin/sh\n"),
    "figures/same 1.png": b"same",
    "figures/same 2.png": b"same",
    "figures/same tool": Script(b"same"),
    "notebooks/run.ipynb": b"{}",
    "notebooks/run.html": b"<html></html>",
    "notebooks/run.ipynb.bak": b"{}",
    # Folders.
    f"{UUID}/manifest.json": b'{"not": "ours"}',
    f"{UUID}/deep/{UUID}/data.csv": b"a,b\n",
    f"{UUID[:2]}/{UUID}/table.csv": b"c,d\n",
    f"analyses/{UUID}/manifest.json": b"{}",
    f"analyses/{UUID}/accessories/accessories/x.csv": b"e,f\n",
    f"analyses/{UUID}/inputs": b"a file",
    "deep/" + "/".join(f"{n:03}" for n in range(60)) + "/bottom.csv": b"deep\n",
    "long/" + "/".join(hashlib.sha512(b"%d" % n).hexdigest() for n in range(24)) + "/bottom.csv": b"long\n",
    # Links.
    "links/to a file.png": Link("../figures/plain.png"),
    "links/to a tool": Link("../figures/tool"),
    "links/to a folder": Link("../notebooks"),
    "links/to a link": Link("to a file.png"),
    "links/dangling.png": Link("nowhere.png"),
    "links/outside": Link("../../../../outside.txt"),
    "links/absolute": Link("/etc/hostname"),
    "links/loop": Link("loop"),
    # Git LFS.
    "models/.gitattributes": b"*.h5 filter=lfs diff=lfs merge=lfs -text\n",
    "models/pointer.h5": pointer(b"not fetched"),
    "models/smudged.h5": pointer(BIG),
    "models/fetched.h5": pointer(b"fetched, not checked out"),
    "weights/everywhere.bin": pointer(BIG),
    # What git converts or ignores.
    ".gitattributes": b"* text=auto\n*.crlf text eol=crlf\n*.id ident\n*.bin filter=lfs -text\n"
    b"*.u16 text working-tree-encoding=UTF-16LE\nfigures/*.txt text eol=crlf\n",
    ".gitignore": b"*.log\nmanifest.json\n[0-9a-f]*-*-*\naccessories\ninputs\n",
    "tables/.gitignore": b"*\n",
    "tables/ignored.log": b"ignored, and tracked all the same\n",
    "tables/lines.crlf": b"one\ntwo\n",
    "tables/source.id": IDENT,
    "tables/wide.u16": "breit\n".encode("utf-16-le"),
    "tables/mixed.tsv": b"one\r\ntwo\n",
    "figures/by folder.txt": b"one\ntwo\n",
}


LEFT = (
    f"{UUID}/manifest.json",
    next(path for path in CONTENTS if path.startswith("long/")),
    "figures/by folder.txt",
    "models/pointer.h5",
    "models/smudged.h5",
    "models/fetched.h5",
    "tables/lines.crlf",
    "tables/source.id",
    "tables/wide.u16",
)
"""What waits for a person besides links, line breaks, twins and files that steer git."""


def build(folder: Path, *, equal_names: int = 200, duplicates: int = 200) -> Path:
    """Commit all of it to a new repository, and with it a repository inside the repository."""
    root, inner = folder / "torture", folder / "inner"
    for place in (root, inner):
        place.mkdir(parents=True)
        git(place, "init", "-q", "-b", "main")
    write_files(inner, {"inside.csv": b"of another repository\n"})
    write_files(root, CONTENTS)
    write_files(root, _many(equal_names, duplicates))
    for place in (inner, root):
        git(place, "add", "-A", "-f")
        if place is root:
            git(root, "submodule", "--quiet", "add", "--", str(inner), "datasets/inner")
        git(place, "commit", "-q", "-m", "as it is", date="2025-06-01T12:00:00Z")
    return root


def _many(equal_names: int, duplicates: int) -> Mapping[str, Content]:
    equal = {f"samples/{n:05}/result.json": f'{{"n": {n}}}'.encode() for n in range(equal_names)}
    same = {f"copies/{n % 20:02}/copy {n}.csv": b"always,the,same\n" for n in range(duplicates)}
    packed = {f"analyses/equal/{n:04}/table.csv": f"{n}\n".encode() for n in range(equal_names // 4)}
    return {**equal, **same, **packed}


def fetch_large_files(checkout: Path) -> None:
    """As after `git lfs pull`: the files themselves in the checkout, which git takes for unchanged."""
    git(checkout, "config", "filter.lfs.clean", _CLEAN)
    git(checkout, "config", "filter.lfs.smudge", 'test -n "$ANYBODY" && cat')
    git(checkout, "config", "filter.lfs.required", "true")
    for path in ("models/smudged.h5", "weights/everywhere.bin"):
        (checkout / path).write_bytes(BIG)
        os.utime(checkout / path, (1_700_000_000, 1_700_000_000))
    store = Path(os.fsdecode(git(checkout, "rev-parse", "--absolute-git-dir")).strip()) / "lfs/objects"
    for content in (BIG, b"fetched, not checked out"):
        oid = hashlib.sha256(content).hexdigest()
        write_files(store, {f"{oid[:2]}/{oid[2:4]}/{oid}": content})
    git(checkout, "add", "--", "models/smudged.h5", "weights/everywhere.bin")
