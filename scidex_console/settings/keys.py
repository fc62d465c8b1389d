"""`[console.keys]`: another key for an action or a command of the console."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import BaseModel, Field, PlainValidator, model_validator

from scidex_console.settings.values import SECTION

_NAMED = re.compile(
    r"((ctrl|alt)\+)?[a-z]|f([1-9]|1\d|2[0-4])|[!-+./:-~-]|space|ctrl\+(left|right|up|down|home|end)"
)
_TAKEN = frozenset({"j", "k", "ctrl+c", "ctrl+q", "ctrl+i", "ctrl+m", "ctrl+j", "ctrl+h", "ctrl+z"})
"""Keys that move a cursor, leave, or that a terminal sends for Tab, Enter and Backspace."""


@dataclass(frozen=True)
class _Chosen:
    """A key as somebody wrote it, and all the keys as they then are."""

    name: str
    value: Any
    usual: str
    keys: Mapping[str, Any]

    def __str__(self) -> str:
        return f'"{self.value}"' if isinstance(self.value, str) else str(self.value)


def _checked(given: Any) -> str:
    if isinstance(given, str):  # a default
        return given
    chosen: _Chosen = given
    key = chosen.value
    if not isinstance(key, str) or not _NAMED.fullmatch(key):
        raise ValueError('a key such as "S", "ctrl+s", "f6" or "!"')
    if key in _TAKEN:
        raise ValueError(f'another key: "{key}" moves the cursor, leaves, or is Tab, Enter or Backspace')
    others = [name for name, other in chosen.keys.items() if other == key and name != chosen.name]
    if others and key != chosen.usual:  # as they are, keys of different screens may be the same
        raise ValueError(f"another key: this one is that of {others[0]}")
    return key


Key = Annotated[str, PlainValidator(_checked)]


def _key(default: str, what: str) -> Any:
    return Field(default=default, description=f"{what}.")


class KeysSettings(BaseModel):
    """What each key is called here is what help and palette call it by its default."""

    model_config = SECTION

    start: Key = _key("s", "Starts a run")
    step: Key = _key("n", "Steps")
    pause_or_resume: Key = _key("p", "Pauses, or goes on")
    cancel: Key = _key("c", "Ends the run")
    retry: Key = _key("r", "Makes failed rows due again")
    rollback: Key = _key("b", "Takes a batch back")
    redo: Key = _key("B", "Brings a batch on again")
    throttle: Key = _key("t", "Lowers the budget of a host group")
    withdraw: Key = _key("w", "Withdraws an open intent")
    other_job: Key = _key("o", "Makes the keys act upon the other job")
    copy_command: Key = _key("y", "Copies a command line")
    read_now: Key = _key("f5", "Reads the database now")
    in_full: Key = _key("x", "Shows whole what had to be cut")
    palette: Key = _key("ctrl+p", "Finds an action by its name")
    help: Key = _key("?", "Shows every key")
    leave: Key = _key("q", "Leaves the console")
    filter: Key = _key("/", "Shows only what is asked for")
    handover: Key = _key("h", "Shows the note of a shift")
    everything: Key = _key("e", "Shows what the engine did as well")
    soak_begin: Key = _key("g", "Begins a phase of the soak")
    soak_confirm: Key = _key("C", "Confirms a step of the soak's guide")
    soak_sign: Key = _key("S", "Signs a check of the soak off")
    soak_override: Key = _key("O", "Overrides the gate of a phase")
    soak_measure: Key = _key("m", "Measures every check of the soak")
    readers_set: Key = _key("v", "Changes a share of reads")
    do_step: Key = _key("D", "Does what the guide's next step asks for")
    decide_accept: Key = _key("a", "Accepts a file as it is")
    decide_restore: Key = _key("r", "Brings back a past version of a file")
    decide_database_only: Key = _key("d", "Gives an artifact a folder without its file")
    decide_redownload: Key = _key("f", "Asks for a figure again")
    decide_leave: Key = _key("l", "Keeps a note and changes nothing")
    decide_adopt: Key = _key("a", "Registers a file that no row claims")
    decide_keep: Key = _key("o", "Keeps such a file below orphans/")
    decide_delete: Key = _key("d", "Deletes such a file")
    open_orphans: Key = _key("o", "Lists the files that no row claims")
    undo_decision: Key = _key("u", "Takes a decision back")
    show_image: Key = _key("i", "Draws a file that is an image")
    attempts: Key = _key("a", "Shows the attempts of a host group")
    problems: Key = _key("e", "Shows only what went wrong")
    mark: Key = _key("space", "Marks a row")
    unmark: Key = _key("*", "Takes all marks away")

    @model_validator(mode="before")
    @classmethod
    def _all_at_once(cls, given: Any) -> Any:
        """Let each key be judged beside all the others."""
        if not isinstance(given, dict):
            return given
        usual = cls.usual()
        keys = {**usual, **given}
        return {name: _Chosen(name, value, usual.get(name, ""), keys) for name, value in given.items()}

    @classmethod
    def usual(cls) -> Mapping[str, str]:
        """The keys by their names, as they are without any setting."""
        return {name: info.default for name, info in cls.model_fields.items()}

    def changed(self) -> Mapping[str, str]:
        """The keys that are not the usual ones, by name."""
        return {name: key for name, key in self.model_dump().items() if key != self.usual()[name]}
