"""Real figure addresses, and the mix of them a demo world is made of.

The facts lie in `demo/data/figure_addresses.tsv`; `demo/data/SOURCES.md` says where they come from.
"""

from __future__ import annotations

import math
import random
import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from importlib import resources
from urllib.parse import urlsplit

EUROPE_PMC = "europepmc.org"
EUROPE_PMC_SHARE = 0.7
"""Share of the world's figures that Europe PMC is asked for."""

_IMAGE_ENDINGS = frozenset({"jpg", "jpeg", "png", "gif", "webp", "svg", "tif", "tiff"})
_LONG = 250


@dataclass(frozen=True)
class Address:
    """One figure address, with where the fact comes from."""

    url: str
    host: str
    """Host name in lower case."""
    composed: bool
    """True when the address was put together from real parts, not found written out."""
    source: str

    @property
    def oddities(self) -> frozenset[str]:
        """What is unusual about the address: the classes a world must contain to be like the real one."""
        return oddities_of(self.url)


def oddities_of(url: str) -> frozenset[str]:
    """Name everything about `url` that a careless client stumbles over."""
    parts = urlsplit(url)
    name = parts.path.rsplit("/", 1)[-1]
    ending = name.rpartition(".")[2].lower() if "." in name else ""
    found = {
        "no-scheme": not parts.scheme,
        "ftp": parts.scheme == "ftp",
        "escapes": "%" in url,
        "broken-escape": re.search(r"%(?![0-9A-Fa-f]{2})", url) is not None,
        "query": bool(parts.query),
        "parameter": ";" in parts.path,
        "double-slash": "//" in parts.path,
        "long": len(url) > _LONG,
        "no-ending": not ending,
        f"ending-{ending}": ending in _IMAGE_ENDINGS - {"jpg", "png", "gif"},
        "other-ending": bool(ending) and ending not in _IMAGE_ENDINGS,
    }
    return frozenset(oddity for oddity, present in found.items() if present)


@cache
def all_addresses() -> tuple[Address, ...]:
    """Every packaged address, in file order; none occurs twice."""
    table = resources.files("scidex_console.demo.data").joinpath("figure_addresses.tsv")
    rows = table.read_text(encoding="utf-8").splitlines()[1:]
    return tuple(_address(*row.split("\t")) for row in rows)


def _address(url: str, basis: str, source: str) -> Address:
    return Address(url, (urlsplit(url).hostname or "").lower(), basis == "composed", source)


@cache
def all_hosts() -> tuple[str, ...]:
    """Every host name of the packaged addresses, sorted."""
    return tuple(sorted({address.host for address in all_addresses()}))


def choose_addresses(count: int, seed: int) -> list[Address]:
    """Choose the addresses of a world with `count` figures; the same for the same arguments.

    Seven in ten are Europe PMC's. The rest is spread over all other hosts by the square root of what each
    has, so that the big ones dominate without hiding the small ones; every host and every oddity gets its
    place as long as `count` leaves room. Nothing is repeated.

    Raises ValueError when `count` is negative or beyond what the facts can fill.
    """
    if not 0 <= count <= len(all_addresses()):
        raise ValueError(f"cannot choose {count} figure addresses: there are {len(all_addresses())}")
    rng = random.Random(f"figure-addresses:{seed}")
    ours = [address for address in all_addresses() if address.host == EUROPE_PMC]
    others = [address for address in all_addresses() if address.host != EUROPE_PMC]
    from_others = min(len(others), count - min(len(ours), round(count * EUROPE_PMC_SHARE)))
    from_ours = count - from_others
    # The recorded one stands before the composed ones in the file; it is always part of the world.
    chosen = ours[: min(1, from_ours)] + rng.sample(ours[1:], max(0, from_ours - 1))
    chosen += _spread(others, from_others, rng)
    rng.shuffle(chosen)
    return chosen


def _spread(addresses: list[Address], count: int, rng: random.Random) -> list[Address]:
    """Choose `count`: first one of every host, then one of every oddity, then by the hosts' shares."""
    shuffled = rng.sample(addresses, len(addresses))
    wanted = [*_firsts(shuffled), *_by_share(shuffled, count)]
    return list(dict.fromkeys(wanted))[:count]


def _firsts(addresses: Iterable[Address]) -> list[Address]:
    hosts: dict[str, Address] = {}
    oddities: dict[str, Address] = {}
    for address in addresses:
        hosts.setdefault(address.host, address)
        for oddity in sorted(address.oddities):
            oddities.setdefault(oddity, address)
    return [*hosts.values(), *oddities.values()]


def _by_share(addresses: list[Address], count: int) -> list[Address]:
    """All addresses, those first that keep the hosts' shares even when the list is cut at any length."""
    places: dict[str, list[Address]] = defaultdict(list)
    for address in addresses:
        places[address.host].append(address)
    turns: list[tuple[float, str, Address]] = []
    for host, members in places.items():
        weight = math.sqrt(len(members))
        # A host's share is used up when its addresses are: beyond the square-root share everyone is equal.
        turns += [((position + 0.5) / weight, host, address) for position, address in enumerate(members)]
    turns.sort(key=lambda turn: turn[:2])
    return [address for _, _, address in turns]
