"""The engine's soak, put together from the settings."""

from __future__ import annotations

from scidex_console import __version__
from scidex_console.adapters.files.leftovers import names_at_top
from scidex_console.adapters.git.repository import GitArtifactRepository
from scidex_console.adapters.http.probing import HttpServiceProbe
from scidex_console.adapters.postgres.soak_facts import PostgresSoakFacts
from scidex_console.adapters.postgres.soak_store import PostgresSoak
from scidex_console.domain.cleanup import strays
from scidex_console.domain.soak.records import SoakRules
from scidex_console.engine.ports.soak import ServiceProbe
from scidex_console.engine.pulse import Pulse
from scidex_console.engine.soak.probing import ServiceLook
from scidex_console.engine.soak.rounds import SoakOptions, SoakRounds
from scidex_console.engine.threads import in_thread
from scidex_console.settings import Settings

_ANY_ADDRESS = frozenset({"0.0.0.0", "::", ""})  # noqa: S104 - what is listened on, not by us


def soak_rounds(
    settings: Settings,
    store: PostgresSoak,
    facts: PostgresSoakFacts,
    repository: GitArtifactRepository,
    probe: ServiceProbe,
    pulse: Pulse,
) -> SoakRounds:
    """What measures the phase under way."""
    soak, layout = settings.soak, settings.folders.layout()
    enforced = soak.is_enforced(production=settings.environment.production)
    options = SoakOptions(
        times=soak.times(),
        rules=SoakRules(enforced, soak.measure_every.total_seconds()),
        alpha=soak.alpha,
    )

    async def list_strays() -> tuple[str, ...]:
        tracked = await in_thread(repository.top_level)
        there = await in_thread(names_at_top, repository.checkout.worktree)
        return strays([*tracked, *there], layout)

    return SoakRounds(store, facts, list_strays, ServiceLook(probe), pulse, options)


def service_probe(settings: Settings) -> HttpServiceProbe:
    """What asks the read service, where the configuration says that it is."""
    return HttpServiceProbe(service_address(settings), version=__version__)


def service_address(settings: Settings) -> str:
    """Where the engine reaches the read service: as told, or where `serve` listens on this machine."""
    if settings.soak.service_url:
        return settings.soak.service_url
    host = settings.serve.host
    if host in _ANY_ADDRESS:
        host = "127.0.0.1"
    return f"http://{f'[{host}]' if ':' in host else host}:{settings.serve.port}"
