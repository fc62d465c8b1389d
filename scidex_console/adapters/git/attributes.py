"""Attributes by which a file in the checkout has other bytes than git keeps of it."""

from __future__ import annotations

from collections.abc import Sequence

from scidex_console.adapters.git.checkout import Checkout

_NOTHING = {
    "filter": ("unspecified", "unset", "set"),
    "working-tree-encoding": ("unspecified", "unset", "set"),
    "ident": ("unspecified", "unset"),
    "eol": ("unspecified", "unset", "set", "lf"),
}
"""Attributes that convert, and the values of each that convert nothing."""


def conversions(checkout: Checkout, paths: Sequence[str]) -> dict[str, str]:
    """What is converted at each path, such as `filter=lfs`; paths without any conversion are left out.

    Read from the checkout's `.gitattributes`, as git does; no filter runs.
    """
    if not paths:
        return {}
    asked = "".join(f"{path}\0" for path in paths).encode("utf-8", "surrogateescape")
    fields = iter(checkout.commands.run("check-attr", "--stdin", "-z", *_NOTHING, stdin=asked).fields())
    found: dict[str, list[str]] = {}
    for path, name, value in zip(fields, fields, fields, strict=True):
        if value not in _NOTHING[name]:
            found.setdefault(path, []).append(f"{name}={value}" if value != "set" else name)
    return {path: ", ".join(said) for path, said in found.items()}
