"""Dark, light, high contrast, the terminal's own sixteen colours, and no colour at all."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from textual.theme import Theme

from scidex_console.domain.errors import UsageError


@dataclass(frozen=True)
class Look:
    """How the console is coloured."""

    theme: str
    """Name of the Textual theme."""
    colour: bool = True
    """False sends no colour at all, only bold and reverse."""


DARK = Theme(
    name="scidex-dark",
    primary="#2f6fb0",
    secondary="#1c3756",
    accent="#f0b24b",
    warning="#f0b24b",
    error="#d9465f",
    success="#4ebf71",
    foreground="#e4e4e4",
    background="#121212",
    surface="#1c1c1c",
    panel="#2b2f36",
    dark=True,
    variables={
        "dim-text": "#9097a1",
        "badge-ok-text": "#000000",
        "badge-warn-text": "#000000",
        "badge-bad": "#c2334d",
        "badge-bad-text": "#ffffff",
    },
)
LIGHT = Theme(
    name="scidex-light",
    primary="#1f5f9e",
    secondary="#c9dcef",
    accent="#8a4b00",
    warning="#9a5b00",
    error="#b3122f",
    success="#17692f",
    foreground="#1a1a1a",
    background="#fafafa",
    surface="#f0f0f0",
    panel="#dfe3e8",
    dark=False,
    variables={
        "dim-text": "#5c636d",
        "badge-ok-text": "#ffffff",
        "badge-warn-text": "#ffffff",
        "badge-bad": "#b3122f",
        "badge-bad-text": "#ffffff",
    },
)
CONTRAST = Theme(
    name="scidex-contrast",
    primary="#0050b0",
    secondary="#001c40",
    accent="#ffe100",
    warning="#ffd000",
    error="#ff6b6b",
    success="#4dff7c",
    foreground="#ffffff",
    background="#000000",
    surface="#000000",
    panel="#1f1f1f",
    dark=True,
    variables={
        "dim-text": "#d0d0d0",
        "text-success": "#4dff7c",
        "text-warning": "#ffd000",
        "text-error": "#ff8a8a",
        "text-accent": "#ffe100",
        "badge-ok-text": "#000000",
        "badge-warn-text": "#000000",
        "badge-bad": "#ff6b6b",
        "badge-bad-text": "#000000",
    },
)

THEMES = (DARK, LIGHT, CONTRAST)
LOOKS: Mapping[str, Look] = {
    "dark": Look(DARK.name),
    "light": Look(LIGHT.name),
    "contrast": Look(CONTRAST.name),
    "ansi": Look("ansi-dark"),
    "none": Look("ansi-dark", colour=False),
}


def look_named(name: str, *, no_color: bool) -> Look:
    """The look of that name; `no_color` (the environment's NO_COLOR) wins over it."""
    if name not in LOOKS:
        raise UsageError(f"{name!r} is no theme", fix=f"choose one of {', '.join(LOOKS)}")
    return LOOKS["none"] if no_color else LOOKS[name]
