"""What the checkout's `.gitattributes` say of paths, as git reads them. No filter runs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from scidex_console.adapters.git.checkout import Checkout

_NOTHING = {
    "filter": ("unspecified", "unset", "set"),
    "working-tree-encoding": ("unspecified", "unset", "set"),
    "ident": ("unspecified", "unset"),
    "eol": ("unspecified", "unset", "set", "lf"),
}
"""Attributes by which the checkout has other bytes than git keeps, with the values that convert nothing."""


def assigned(checkout: Checkout, paths: Iterable[str], *names: str) -> Iterator[tuple[str, str, str]]:
    """Path, attribute and value, for each of these attributes at each path."""
    asked = "".join(f"{path}\0" for path in paths).encode("utf-8", "surrogateescape")
    fields = iter(checkout.commands.run("check-attr", "--stdin", "-z", *names, stdin=asked).fields())
    return zip(fields, fields, fields, strict=True)


def conversions(checkout: Checkout, paths: Sequence[str], *, line_ends: bool = False) -> dict[str, str]:
    """What is converted at each path, such as `filter=lfs`; paths without any conversion are left out."""
    if not paths:
        return {}
    nothing = {**_NOTHING, "text": ("unspecified", "unset")} if line_ends else _NOTHING
    found: dict[str, list[str]] = {}
    for path, name, value in assigned(checkout, dict.fromkeys(paths), *nothing):
        if value not in nothing[name]:
            found.setdefault(path, []).append(f"{name}={value}" if value != "set" else name)
    return {path: ", ".join(said) for path, said in found.items()}


def stored_as(checkout: Checkout, path: str, other: str) -> str:
    """The object git would make of the file at `path`, were it at `other`; empty if it cannot be read."""
    file = checkout.worktree / path
    return checkout.commands.run("hash-object", f"--path={other}", "--", str(file), accept=(0, 128)).text()
