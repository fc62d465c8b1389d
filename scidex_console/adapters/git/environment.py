"""What every git command runs under, so that nothing planted in a repository runs with it.

A repository's own configuration can name programs: hooks, a file system monitor, content filters, diff
drivers, askers of passwords, ssh commands, transports. Every one of them is overridden here by settings of
the command's own environment, which win over all files. No command of ours converts content; where git
could still look at a file through a filter, `without_filters` empties that filter too.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence

from scidex_console.domain.commits import AUTHOR_EMAIL, AUTHOR_NAME

NO_TRANSPORT = "none"
"""For commands that have no business with a network: not even a promised object is fetched."""
TRANSPORTS = "file:git:ssh:http:https"
"""For pushing. `ext::` and other helpers that run commands stay out, whatever the configuration allows."""

_SETTINGS: tuple[tuple[str, str], ...] = (
    ("core.hooksPath", os.devnull),
    ("core.fsmonitor", "false"),
    ("core.untrackedCache", "false"),
    ("core.splitIndex", "false"),
    # By its patterns git would take away files that we have laid; whether it is set is asked of the files.
    ("core.sparseCheckout", "false"),
    ("core.attributesFile", os.devnull),
    ("core.autocrlf", "false"),
    ("core.safecrlf", "false"),
    ("core.pager", "cat"),
    ("core.editor", "false"),
    ("core.askPass", ""),
    ("core.quotePath", "false"),
    # Objects and index are on disk before a reference needs them; `sync` then flushes everything else.
    ("core.fsync", "added,reference"),
    ("core.filesRefLockTimeout", "1000"),
    ("credential.helper", ""),
    ("commit.gpgSign", "false"),
    ("tag.gpgSign", "false"),
    ("push.gpgSign", "false"),
    ("push.followTags", "false"),
    ("push.recurseSubmodules", "no"),
    ("submodule.recurse", "false"),
    ("diff.external", ""),
    ("diff.ignoreSubmodules", "none"),
    ("log.showSignature", "false"),
    ("gc.auto", "0"),
    ("gc.autoDetach", "false"),
    ("maintenance.auto", "false"),
    ("merge.directoryRenames", "false"),
)

_VARIABLES: dict[str, str] = {
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_ATTR_NOSYSTEM": "1",
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_ASKPASS": "",
    "SSH_ASKPASS_REQUIRE": "never",
    "GIT_EDITOR": "false",
    "GIT_SEQUENCE_EDITOR": "false",
    "GIT_PAGER": "cat",
    # Both win over the configuration, which could name any command.
    "GIT_SSH_COMMAND": "ssh -o BatchMode=yes",
    "GIT_PROXY_COMMAND": "",
    "GIT_NO_REPLACE_OBJECTS": "1",
    "GIT_NO_LAZY_FETCH": "1",
    "GIT_LITERAL_PATHSPECS": "1",
    "GIT_AUTHOR_NAME": AUTHOR_NAME,
    "GIT_AUTHOR_EMAIL": AUTHOR_EMAIL,
    "GIT_COMMITTER_NAME": AUTHOR_NAME,
    "GIT_COMMITTER_EMAIL": AUTHOR_EMAIL,
    "LC_ALL": "C",
    "LANGUAGE": "C",
}

Settings = Sequence[tuple[str, str]]


def variables(*, transports: str = NO_TRANSPORT, settings: Settings = ()) -> dict[str, str]:
    """Environment of a command: the fixed part, with further git settings on top."""
    found = dict(_VARIABLES)
    found["GIT_ALLOW_PROTOCOL"] = transports
    every = (*_SETTINGS, *settings)
    found["GIT_CONFIG_COUNT"] = str(len(every))
    for number, (name, value) in enumerate(every):
        found[f"GIT_CONFIG_KEY_{number}"] = name
        found[f"GIT_CONFIG_VALUE_{number}"] = value
    return found


def discovering() -> dict[str, str]:
    """Environment for finding a repository: here the operator's own `safe.directory` counts.

    Only for commands that read no content and run nothing.
    """
    found = variables()
    del found["GIT_CONFIG_NOSYSTEM"], found["GIT_CONFIG_GLOBAL"]
    return found


def scrubbed(wanted: dict[str, str]) -> list[str]:
    """The `env` prefix that takes away every git variable of our own process that is not `wanted`."""
    foreign = sorted(name for name in os.environ if name.startswith("GIT_") and name not in wanted)
    if not foreign:
        return []
    return ["env", *(part for name in foreign for part in ("-u", name))]


def without_filters(drivers: Iterable[str]) -> Settings:
    """Settings that make the named content filters do nothing."""
    return [
        setting
        for driver in drivers
        for setting in (
            (f"filter.{driver}.clean", ""),
            (f"filter.{driver}.smudge", ""),
            (f"filter.{driver}.process", ""),
            (f"filter.{driver}.required", "false"),
        )
    ]
