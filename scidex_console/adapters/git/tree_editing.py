"""The folders that a series of commits leaves behind, one commit after the other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from scidex_console.adapters.git.drafts import Edit
from scidex_console.adapters.git.folder_memory import FolderMemory, Reader
from scidex_console.adapters.git.pack_stream import object_name
from scidex_console.adapters.git.tree_object import FOLDER, Difference, Item, TreeObject, Version
from scidex_console.adapters.git.trees import Change, Entry
from scidex_console.domain.errors import Refused

_SMALL = 512
"""Bytes of a folder that is not worth a difference."""
_GROUP = 4
"""Versions told against the same one: with more the differences grow, with fewer the chains of them."""

Node = dict[bytes, "Edit | Node"]
"""Edits by name, folder in folder."""


@dataclass(frozen=True)
class StoredFolder:
    """One version of a folder, as it is to be stored."""

    object: str
    size: int
    content: bytes | None
    """Its bytes, where it is stored whole."""
    base: Version | None = None
    difference: Difference = field(default_factory=list)


@dataclass
class _Edited:
    folder: TreeObject
    name: str
    base: Version | None = None
    """The version that later ones are told against; the first is stored whole, so that git need not look
    for its base elsewhere and can work on all of its processors."""
    versions: int = 0


class TreeEditor:
    """Applies the edits of one commit after the other, beginning with a commit that exists."""

    def __init__(self, reader: Reader, memory: FolderMemory, root: str, *, object_format: str) -> None:
        self._reader = reader
        self._memory = memory
        self._object_format = object_format
        self._id_size = len(root) // 2
        self._folders: dict[str, _Edited] = {}
        self.root = root
        """The root folder's object, as far as edits have been applied."""
        self.stored: list[StoredFolder] = []
        """Every version of every folder, in the order they came about."""
        self.changes: dict[str, Change] = {}
        """What has become of each path in all commits together, where anything has."""

    def apply(self, edits: Sequence[Edit], objects: Mapping[str, str]) -> str:
        """The root folder's object after these edits; `objects` has the one to put at each path.

        Raises `Refused` where a file is in a folder's way, or a folder in a file's.
        """
        tree: Node = {}
        for edit in edits:
            *folders, name = edit.path.encode("utf-8", "surrogateescape").split(b"/")
            node = tree
            for folder in folders:
                deeper = node.setdefault(folder, {})
                if isinstance(deeper, Edit):
                    raise _in_the_way(edit)
                node = deeper
            if name in node:
                raise _in_the_way(edit)
            node[name] = edit
        written = self._write("", Item(FOLDER, self.root), tree, objects)
        self.root = written.object
        return self.root

    def remember(self) -> None:
        """The folders as they are now are worth knowing for the next series."""
        for path, edited in self._folders.items():
            self._memory.give_back(path, edited.name, edited.folder)

    def _write(self, path: str, there: Item | None, node: Node, objects: Mapping[str, str]) -> Item:
        edited = self._open(path, there)
        items: dict[bytes, Item | None] = {}
        for name, wanted in node.items():
            before = edited.folder.find(name)
            if isinstance(wanted, Edit):
                after = self._item(wanted, before, objects)
                if after != before:  # else its entry stays as it is, byte for byte
                    items[name] = after
                continue
            if before is not None and before.mode != FOLDER:
                raise _in_the_way(_any_edit(wanted))
            below = f"{path}/{_text(name)}" if path else _text(name)
            written = self._write(below, before, wanted, objects)
            items[name] = written if len(self._folders[below].folder) else None
        edited.folder.change(items)
        return Item(FOLDER, self._store(edited))

    def _open(self, path: str, there: Item | None) -> _Edited:
        known = self._folders.get(path)
        if known is not None and there is not None and known.name == there.object:
            return known
        if there is None:
            edited = _Edited(TreeObject(id_size=self._id_size), "")
        else:
            folder = self._memory.take(path, there.object) or self._reader.folder(there.object)
            edited = _Edited(folder, there.object)
        self._folders[path] = edited
        return edited

    def _item(self, edit: Edit, before: Item | None, objects: Mapping[str, str]) -> Item | None:
        if before is not None and before.mode == FOLDER:
            raise _in_the_way(edit)
        after = None if edit.removal else Item(edit.mode, objects[edit.path])
        if before != after:
            self.changes[edit.path] = Change(_entry(before), _entry(after))
        return after

    def _store(self, edited: _Edited) -> str:
        folder = edited.folder
        naming = object_name(self._object_format, "tree", folder.size)
        for chunk in folder.chunks:
            naming.update(chunk)
        name = naming.hexdigest()
        if edited.base is None or folder.size < _SMALL:
            stored = StoredFolder(name, folder.size, b"".join(folder.chunks))
        else:
            stored = StoredFolder(name, folder.size, None, edited.base, folder.since(edited.base))
        self.stored.append(stored)
        edited.name = name
        if edited.versions % _GROUP == 0:
            edited.base = edited.folder.version(name)
        edited.versions += 1
        return name


def _entry(item: Item | None) -> Entry | None:
    return Entry(item.mode, item.object) if item is not None else None


def _text(name: bytes) -> str:
    return name.decode("utf-8", "surrogateescape")


def _any_edit(node: Node) -> Edit:
    """One of the edits below."""
    first = next(iter(node.values()))
    return first if isinstance(first, Edit) else _any_edit(first)


def _in_the_way(edit: Edit) -> Refused:
    return Refused("git has a file where a folder is needed, or the other way round", where=edit.path)
