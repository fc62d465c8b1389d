"""httpx with a limiter per host group, as a careful script has it.

    python httpx_limited.py (aiolimiter | pyrate) PLAN

One limiter and one semaphore per group. aiolimiter is set up as its manual advises against bursts (one
request per interval); pyrate-limiter as its manual begins (so many per second, a sliding window). A redirect
is followed by httpx. Who is told to come back later waits, and asks once more.
"""

from __future__ import annotations

import asyncio
import hashlib
import ssl
import sys
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

import httpx
from rivals.plan import (
    AGAIN,
    PERSON,
    STORED,
    Group,
    Plan,
    Row,
    Said,
    outcome_of_status,
    read_plan,
    write_results,
)

Acquire = Callable[[], Awaitable[object]]


def main() -> None:
    """Fetch a plan's rows."""
    plan = read_plan(sys.argv[2])
    limiter = {"aiolimiter": _aiolimiter, "pyrate": _pyrate}[sys.argv[1]]
    write_results(plan, asyncio.run(_fetch(plan, limiter if plan.throttled else _none)))


def _aiolimiter(group: Group) -> Acquire:
    from aiolimiter import AsyncLimiter

    return AsyncLimiter(1, 1 / group.rate).acquire


def _pyrate(group: Group) -> Acquire:
    from pyrate_limiter import Duration, Limiter, Rate

    limiter = Limiter(Rate(max(1, round(group.rate)), Duration.SECOND))
    return lambda: limiter.try_acquire_async(group.name)


def _none(_: Group) -> Acquire:
    async def at_once() -> None:
        return None

    return at_once


async def _fetch(plan: Plan, limiter: Callable[[Group], Acquire]) -> list[Said]:
    said: list[Said] = []
    trust = ssl.create_default_context(cafile=plan.ca_file)
    limits = httpx.Limits(
        max_connections=plan.most_at_once, max_keepalive_connections=plan.most_at_once, keepalive_expiry=60
    )
    headers = {"Accept-Encoding": "identity"}
    timeout = httpx.Timeout(plan.read_timeout, pool=None)
    async with httpx.AsyncClient(
        verify=trust, limits=limits, timeout=timeout, headers=headers, follow_redirects=True
    ) as client:

        async def work(rows: Iterator[Row], acquire: Acquire) -> None:
            for row in rows:
                await acquire()
                result, wait = await _one(client, plan, row)
                if wait:
                    await asyncio.sleep(wait)
                    await acquire()
                    result, _ = await _one(client, plan, row)
                said.append(result)

        tasks = []
        for group, rows in plan.by_group():
            waiting, acquire = iter(rows), limiter(group)
            tasks += [work(waiting, acquire) for _ in range(group.in_flight)]
        await asyncio.gather(*tasks)
    return said


async def _one(client: httpx.AsyncClient, plan: Plan, row: Row) -> tuple[Said, float]:
    try:
        async with asyncio.timeout(plan.deadline), client.stream("GET", row.url) as answer:
            if not answer.is_success:
                asked = answer.headers.get("Retry-After", "")
                outcome = outcome_of_status(answer.status_code)
                return Said(row.id, outcome, str(answer.status_code)), float(
                    asked
                ) if asked.isdigit() else 0.0
            if not answer.headers.get("Content-Type", "").startswith("image/"):
                return Said(row.id, PERSON, "no image"), 0.0
            return await _kept(answer, plan, row), 0.0
    except (httpx.TooManyRedirects, httpx.UnsupportedProtocol, httpx.DecodingError) as error:
        return Said(row.id, PERSON, repr(error)), 0.0
    except (httpx.HTTPError, TimeoutError) as error:
        return Said(row.id, AGAIN, repr(error)), 0.0


async def _kept(answer: httpx.Response, plan: Plan, row: Row) -> Said:
    digest, size = hashlib.sha256(), 0
    path = Path(plan.folder) / row.id
    with path.open("wb") as file:
        async for chunk in answer.aiter_bytes():
            size += len(chunk)
            if size > plan.max_bytes:
                break
            file.write(chunk)
            digest.update(chunk)
    if size > plan.max_bytes:
        path.unlink()
        return Said(row.id, PERSON, "too large")
    return Said(row.id, STORED, "", digest.hexdigest())


if __name__ == "__main__":
    main()
