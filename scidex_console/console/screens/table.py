"""The screens, a line each: number key, title, what it shows, and how it is made."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module

from scidex_console.console.keys import Key
from scidex_console.console.screens.main_screen import Console, MainScreen


@dataclass(frozen=True)
class Entry:
    """One screen."""

    key: str
    title: str
    explain: str
    kind: str
    """Its class, in the module that is called as its title is."""

    @property
    def name(self) -> str:
        """What its key is called."""
        return f"screen_{self.module}"

    @property
    def module(self) -> str:
        """The module of its class, in this room."""
        return self.title.lower().replace(" ", "_")

    def make(self, around: Console) -> MainScreen:
        """The screen. Its module is loaded only now: a console that starts shows the first one alone."""
        module = import_module(f"scidex_console.console.screens.{self.module}")
        screen = getattr(module, self.kind)(around)
        assert isinstance(screen, MainScreen)
        return screen


SCREENS = (
    Entry("1", "Overview", "Health, pace, hosts, and what went wrong lately.", "OverviewScreen"),
    Entry("2", "Hosts", "Each host group: holds, budget and override, pace.", "HostsScreen"),
    Entry("3", "Attempts", "Every attempt at a figure, by class, host, time and text.", "AttemptsScreen"),
    Entry("4", "Migration log", "What became of each artifact's folder, and why not.", "MigrationLogScreen"),
    Entry("5", "Batches", "What went through both stores, to be looked at and taken back.", "BatchesScreen"),
    Entry("6", "Triage", "What waits for a person, the evidence, and decisions.", "TriageScreen"),
    Entry("7", "Soak", "The phases of the folder migration: checks, clock, guide and gates.", "SoakScreen"),
    Entry("8", "Activity", "Who did what, who watches now, and the note of a shift.", "ActivityScreen"),
    Entry("9", "Readers", "Who reads artifacts by which way: shares, counts, times.", "ReadersScreen"),
    Entry("0", "Service", "What the read service answered: requests, times, errors.", "ServiceScreen"),
)

SCREEN_KEYS = tuple(
    Key(entry.key, entry.key, entry.title.lower(), entry.explain, command=entry.name, footer=False)
    for entry in SCREENS
)
