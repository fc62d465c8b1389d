"""Friendly names: what a file is called inside its artifact's folder.

Spec, "Friendly-name generation": strip the extension, slugify, at most 60 characters, lower case, ASCII,
whitespace and punctuation become `_`; an empty name falls back to `<artifact_type>_<short-id-hash>`;
conflicts inside a folder get a suffix `_n`.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata

from slugify import slugify

MAX_NAME = 60
"""Longest friendly name without its extension, in characters."""

_COMPOUND = re.compile(
    r"\.(?:(?:schema|meta|metadata|manifest)\.json|[a-z][a-z0-9]{0,7}\.(?:gz|bz2|xz|zst))$", re.IGNORECASE
)
"""Extensions in two parts. A part of a version or a date in front of a plain extension is not one."""

_EXTENSION = re.compile(r"\.[A-Za-z0-9]{1,16}$")


def split_extension(filename: str) -> tuple[str, str]:
    """Stem and extension (with its dot, as written) of a file name; a leading dot starts no extension."""
    for pattern in (_COMPOUND, _EXTENSION):
        found = pattern.search(filename)
        if found is not None and found.start() > 0:
            return filename[: found.start()], found.group()
    return filename, ""


def kind_of(path: str) -> str:
    """What kind of file a path is of: its extension in lower case."""
    return split_extension(path.rpartition("/")[2])[1].lower()


def friendly_stem(stem: str, *, artifact_type: str, artifact_id: str) -> str:
    """The friendly form of a file name's stem; never empty, at most `MAX_NAME` characters.

    `artifact_id` is the legacy id; the fallback's hash is the first 8 digits of its sha256.
    """
    name = _slug(stem)
    if name:
        return name
    digest = hashlib.sha256(artifact_id.encode("utf-8", "surrogatepass")).hexdigest()[:8]
    kind = _slug(artifact_type)[: MAX_NAME - 9].rstrip("_") or "artifact"
    return f"{kind}_{digest}"


class Names:
    """Gives out names inside one folder; no two are the same, even without case.

    Names that are kept need not be ASCII: `straße` is taken for `STRASSE`, however its letters are composed.
    """

    def __init__(self, *reserved: str) -> None:
        self._taken = {_alike(name) for name in reserved}
        self._last: dict[tuple[str, str], int] = {}

    def reserve(self, name: str) -> str:
        """A name that is given already."""
        self._taken.add(_alike(name))
        return name

    def give(self, stem: str, extension: str) -> str:
        """`stem` and `extension`, with `_2`, `_3` … behind the stem when that is taken."""
        wish = (stem.lower(), extension.lower())
        name, number = f"{stem}{extension}", self._last.get(wish, 1)
        while _alike(name) in self._taken:
            number += 1
            suffix = f"_{number}"
            name = f"{stem[: MAX_NAME - len(suffix)].rstrip('_')}{suffix}{extension}"
        self._last[wish] = number  # so that thousands of equal names do not each count from the start
        return self.reserve(name)


def _alike(name: str) -> str:
    """What a file system that ignores case may take a name for."""
    if name.isascii():
        return name.lower()
    return unicodedata.normalize("NFC", unicodedata.normalize("NFD", name).casefold())


def friendly_name(filename: str, *, artifact_type: str, artifact_id: str, names: Names) -> str:
    """The friendly name of a file, told apart from those `names` has given before."""
    stem, extension = split_extension(filename)
    name = friendly_stem(stem, artifact_type=artifact_type, artifact_id=artifact_id)
    return names.give(name, extension.lower())


def _slug(text: str) -> str:
    # By itself slugify drops apostrophes and commas between digits, and reads entities such as &amp;; the
    # specification wants `_` for every mark.
    spaced = "".join(" " if unicodedata.category(each)[0] in "PZ" else each for each in text)
    slug: str = slugify(spaced, separator="_", max_length=MAX_NAME, lowercase=True)
    return slug.strip("_")
