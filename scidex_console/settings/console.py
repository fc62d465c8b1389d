"""`[console]`: how the console looks, how much it sends, and what it does when something is wrong."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field, PlainSerializer, PlainValidator

from scidex_console.settings.keys import KeysSettings
from scidex_console.settings.session import Session
from scidex_console.settings.values import SECTION

SLOW_REFRESHES = 1.0
"""Refreshes a second, at most, over a slow link."""


def _auto(value: Any) -> bool | None:
    if value is None or value == "auto":
        return None
    if isinstance(value, bool):
        return value
    raise ValueError('"auto", true or false')


Auto = Annotated[
    bool | None,
    PlainValidator(_auto),
    PlainSerializer(lambda value: "auto" if value is None else value, when_used="json"),
]
"""On, off, or (None) as the session is."""


@dataclass(frozen=True)
class Notice:
    """What is done when a run halts, a breaker opens or a gate fails."""

    bell: bool
    command: tuple[str, ...] = ()
    """Program and arguments; the text is put in the place of `{text}`, or added at the end."""


def _notice(value: Any) -> Notice:
    if isinstance(value, Notice):
        return value
    if value in ("bell", "none"):
        return Notice(bell=value == "bell")
    if isinstance(value, list | tuple) and value and all(_is_argument(part) for part in value) and value[0]:
        return Notice(bell=False, command=tuple(value))
    raise ValueError(
        '"bell", "none", or a program and its arguments as a list, such as ["notify-send", "{text}"]'
    )


def _is_argument(part: object) -> bool:
    return isinstance(part, str) and "\0" not in part


NoticeField = Annotated[
    Notice,
    PlainValidator(_notice),
    PlainSerializer(
        lambda notice: list(notice.command) or ("bell" if notice.bell else "none"), when_used="json"
    ),
]


class ConsoleSettings(BaseModel):
    """`[console]`: the terminal console."""

    model_config = SECTION

    theme: Literal["dark", "light", "contrast", "ansi", "none"] = Field(
        default="dark",
        description='Colours: "dark", "light", "contrast" (high contrast), "ansi" (the terminal\'s own '
        'sixteen) or "none"; $NO_COLOR means "none" whatever stands here.',
    )
    max_refresh_per_second: Annotated[float, Field(strict=True, gt=0, le=10, allow_inf_nan=False)] = Field(
        default=2.0, description="Most refreshes a second, however much changes."
    )
    low_bandwidth: Auto = Field(
        default=None,
        description="Whether to send little: the terminal's own colours, one refresh a second. "
        '"auto": over SSH.',
    )
    mouse: Auto = Field(
        default=None, description='Whether the mouse points at panes and rows. "auto": but not over SSH.'
    )
    notify: NoticeField = Field(
        default=Notice(bell=True),
        description='What is done when a run halts, a breaker opens or a gate fails: "bell", "none", or a '
        "program and its arguments as a list, never through a shell.",
    )
    keys: KeysSettings = Field(default=KeysSettings(), description="Other keys, by the name of what they do.")

    def is_slow(self, session: Session) -> bool:
        """Whether little is to be sent in this session."""
        return bool(session.ssh_peer) if self.low_bandwidth is None else self.low_bandwidth

    def has_mouse(self, session: Session) -> bool:
        """Whether the mouse is taken in this session."""
        return not session.ssh_peer if self.mouse is None else self.mouse

    def look_for(self, session: Session) -> str:
        """Name of the theme: over a slow link the terminal's own colours take the place of true ones."""
        return "ansi" if self.is_slow(session) and self.theme in ("dark", "light") else self.theme

    def refreshes_for(self, session: Session) -> float:
        """Refreshes a second at most."""
        most = self.max_refresh_per_second
        return min(most, SLOW_REFRESHES) if self.is_slow(session) else most
