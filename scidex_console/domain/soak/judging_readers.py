"""Checks that are told by who reads: answers and their times, shares of reads, and a service that is asked.

Where nothing is on record, nothing is made up: the check cannot be measured yet, says why, and may be signed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

from scidex_console.domain.soak.facts import Facts, LatencyFacts, ReadFacts, Times
from scidex_console.domain.soak.standing import Reading, Standing

LONGEST_P99_MS = 500.0
"""Spec: "p99 < 500ms maintained"."""
MOST_SLOWER = 1.2
"""Times the 99th percentile of before; buckets of time span 12 %, so less than that tells nothing."""
LEAST_NOTICED_MS = 50.0
"""Below a tenth of the limit a percentile that has grown is noise."""
LEAST_READ_SHARE = 95.0
LEAST_READS = 100
"""So few answers or reads say nothing of a percentile, or of a share."""
_SHOWN = 3
_SIGN = "until then a person signs, with evidence"


def _unmeasured(why: str) -> Reading:
    return Reading(Standing.UNMEASURED, f"{why}; {_SIGN}")


def _latency(facts: Facts) -> Reading:
    """Spec: "No reduction in artifact-serving latency (p99 < 500ms maintained)"."""
    found = facts.latency
    if found is None or found.during.p99_ms is None or found.during.answers < LEAST_READS:
        number = found.during.answers if found else 0
        return _unmeasured(f"no figure yet: {number:,} answers were counted since the phase began")
    words, p99 = _times(found), found.during.p99_ms
    if p99 >= LONGEST_P99_MS:
        return Reading(Standing.FAILING, f"too slow: {words}", p99)
    before = found.before
    if before.p99_ms is None or before.answers < LEAST_READS:
        why = f"quick enough, but only {before.answers:,} answers from before to compare with: {words}"
        return Reading(Standing.UNMEASURED, f"{why}; {_SIGN}", p99)
    if p99 > max(before.p99_ms * MOST_SLOWER, LEAST_NOTICED_MS):
        return Reading(Standing.FAILING, f"slower than before: {words}", p99)
    return Reading(Standing.PASSING, words, p99)


def _times(found: LatencyFacts) -> str:
    return f"{found.source}: before {_one(found.before)}; since {_one(found.during)}"


def _one(times: Times) -> str:
    if times.p50_ms is None or times.p99_ms is None:
        return "none"
    return f"p50 {_ms(times.p50_ms)}, p99 {_ms(times.p99_ms)} of {times.answers:,} answers"


def _ms(time: float) -> str:
    return f"{time:,.0f} ms" if time >= 100 else f"{time:.3g} ms"


def _consumers(facts: Facts) -> Reading:
    """All eight are switched: each has the whole share, and no process that reads has the flag off."""
    found = facts.reads
    if found is None or not found.reads:
        return _unmeasured("no read was counted: whether SciDEX's own consumers are switched, it must tell")
    whole = [each.reader for each in found.readers if each.share >= 100]
    words = f"{len(whole)} of {len(found.readers)} have the whole share"
    rest = [f"{each.reader} {each.share:g} %" for each in found.readers if each.share < 100]
    words += f"; not yet: {', '.join(rest)}" if rest else ""
    if found.flags_off:
        words += f"; the flag is off in {', '.join(found.flags_off)}"
    met = not rest and not found.flags_off
    return Reading(Standing.PASSING if met else Standing.PENDING, words, float(len(whole)))


def _read_share(facts: Facts) -> Reading:
    """Spec: "at least 95 % reads use folder paths"; for every reader that reads at all."""
    found = facts.reads
    if found is None or found.reads < LEAST_READS:
        return _few_reads(found)
    # Rounded down, so that only 95 of 100 are 95 %.
    share = found.folder * 10_000 // found.reads / 100
    low = [
        f"{each.reader} {each.folder * 10_000 // each.reads / 100:g} %"
        for each in found.readers
        if each.reads and each.folder * 100 < LEAST_READ_SHARE * each.reads
    ]
    words = f"{share:g} % of {found.reads:,} reads since {found.since:%Y-%m-%d %H:%M} UTC"
    words += f"; below {LEAST_READ_SHARE:g} %: {', '.join(low)}" if low else ""
    return Reading(Standing.PENDING if low else Standing.PASSING, words, share)


def _no_legacy_reads(facts: Facts) -> Reading:
    found = facts.reads
    if found is None or found.reads < LEAST_READS:
        return _few_reads(found)
    other = found.reads - found.folder
    words = f"{other:,} of {found.reads:,} reads since {found.since:%Y-%m-%d %H:%M} UTC used no folder path"
    by = [f"{each.reader} {each.reads - each.folder:,}" for each in found.readers if each.reads > each.folder]
    words += f": {', '.join(by)}" if by else ""
    return Reading(Standing.FAILING if other else Standing.PASSING, words, float(other))


def _few_reads(found: ReadFacts | None) -> Reading:
    since = f" since {found.since:%Y-%m-%d %H:%M} UTC" if found else ""
    return _unmeasured(f"no figure yet: {found.reads if found else 0:,} reads were counted{since}")


def _probed(check_id: str, facts: Facts) -> Reading:
    """What the service answered that was asked."""
    found = facts.probes.get(check_id)
    if facts.probe_trouble or found is None:
        return _unmeasured(facts.probe_trouble or "no figure yet: the read service was not asked")
    if not found.asked:
        return _unmeasured("no figure yet: there is no artifact to ask for")
    if not found.wrong:
        return Reading(Standing.PASSING, f"all of {found.asked} addresses answered as they must", 0.0)
    named = "; ".join(found.wrong[:_SHOWN]) + (" …" if len(found.wrong) > _SHOWN else "")
    words = f"{len(found.wrong)} of {found.asked} addresses do not answer as they must: {named}"
    return Reading(Standing.FAILING, words, float(len(found.wrong)))


PROBED = ("redirects", "canonical", "sitemap", "public_urls")
"""Checks of phase 4 for which the service is asked."""
READERS_MEASURED: Mapping[str, Callable[[Facts], Reading]] = {
    "latency": _latency,
    "consumers": _consumers,
    "read_share": _read_share,
    "readers": _no_legacy_reads,
    **{check_id: partial(_probed, check_id) for check_id in PROBED},
}
