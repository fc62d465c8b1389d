"""How this program is run here: the words that every command line it hands out begins with.

A command line that a person copies must work as it stands, in any folder: with the whole path of the program
when its name alone would not find it, and with the configuration file that was named.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from scidex_console.cli.arguments import PROGRAM

_HANDED_OUT = re.compile(rf"`{PROGRAM}(?= (demo\b)?|`)")
_MODULE = "scidex_console"
_URL_VARIABLE = "SCIDEX_CONSOLE__DATABASE__URL"
_AS_MODULE = ("__main__.py", "main.py")


def _no_file() -> Path | None:
    return None


@dataclass(frozen=True)
class Program:
    """The program as it was called."""

    path: str = PROGRAM
    """Its name or path, quoted for a shell."""
    named_config: Callable[[], Path | None] = _no_file
    """The configuration file that was named, by `--config` or in the environment; asked when first needed."""

    @cached_property
    def prefix(self) -> str:
        """What a command line begins with: the program, and the configuration that was named."""
        config = self.named_config()
        return f"{self.path} --config {shlex.quote(str(config.absolute()))}" if config else self.path

    def command(self, line: str) -> str:
        """A command line that begins with the program's usual name, as it must be typed here."""
        return self.prefix + line.removeprefix(PROGRAM)

    def told(self, text: str) -> str:
        """The text with the command lines in it, between backticks, as they must be typed here.

        `demo` needs no configuration, so its command lines name none. A setting that the environment gives is
        named by its variable.
        """
        if _URL_VARIABLE in os.environ:
            text = text.replace("[database] url", f"${_URL_VARIABLE}")
        return _HANDED_OUT.sub(lambda match: f"`{self.path if match[1] else self.prefix}", text)


def path_of(argument: str) -> str:
    """How to run the program again that was run as `argument` (the first word of its command line)."""
    path = Path(argument)
    if path.name in _AS_MODULE and path.parent.name in (_MODULE, "cli"):
        return f"{shlex.quote(sys.executable)} -m {_MODULE}"
    if path.name != PROGRAM:
        return PROGRAM  # called by another program
    found = shutil.which(PROGRAM)
    if found is not None and path.exists() and path.samefile(found):
        return PROGRAM
    return shlex.quote(str(path.absolute()))
