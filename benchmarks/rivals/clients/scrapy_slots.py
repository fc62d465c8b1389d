"""Scrapy with a download slot per host group: its delay, its concurrency, no randomness.

    python scrapy_slots.py PLAN

Everything else is as `scrapy startproject` leaves it: retries and redirects by its middlewares, which put a
redirected request into the slot of the host it came from.
"""

from __future__ import annotations

import hashlib
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import scrapy
from rivals.plan import AGAIN, PERSON, STORED, Plan, Said, outcome_of_status, read_plan, write_results
from scrapy.crawler import CrawlerProcess

SAID: list[Said] = []


class Figures(scrapy.Spider):
    """Fetches a plan's rows."""

    name = "figures"

    def __init__(self, plan: Plan, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.plan = plan

    async def start(self) -> AsyncIterator[Any]:
        """Every row, in the slot of its group."""
        for group, rows in self.plan.by_group():
            for row in rows:
                yield scrapy.Request(
                    row.url,
                    headers={"Accept-Encoding": "identity"},
                    meta={"download_slot": group.name, "handle_httpstatus_all": False, "row": row.id},
                    callback=self.parse,
                    errback=self.failed,
                    dont_filter=True,
                )

    def parse(self, response: Any, **_: Any) -> None:
        """An answer after all redirects and retries."""
        row = response.meta["row"]
        if not 200 <= response.status < 300:
            SAID.append(Said(row, outcome_of_status(response.status), str(response.status)))
        elif not response.headers.get("Content-Type", b"").startswith(b"image/"):
            SAID.append(Said(row, PERSON, "no image"))
        else:
            (Path(self.plan.folder) / row).write_bytes(response.body)
            SAID.append(Said(row, STORED, "", hashlib.sha256(response.body).hexdigest()))

    def failed(self, failure: Any) -> None:
        """No answer, or one that a middleware gave up on."""
        row = failure.request.meta["row"]
        given_up = failure.type.__name__ in ("IgnoreRequest", "DownloadCancelledError")
        SAID.append(Said(row, PERSON if given_up else AGAIN, repr(failure.value)))


def main() -> None:
    """Fetch a plan's rows."""
    plan = read_plan(sys.argv[1])
    slots = {
        group.name: {
            "concurrency": group.in_flight,
            "delay": 1 / group.rate if plan.throttled else 0.0,
            "randomize_delay": False,
        }
        for group in plan.groups
    }
    process = CrawlerProcess(
        {
            "DOWNLOAD_SLOTS": slots,
            "CONCURRENT_REQUESTS": plan.most_at_once,
            "DOWNLOAD_TIMEOUT": plan.read_timeout,
            "DOWNLOAD_MAXSIZE": plan.max_bytes,
            "HTTPERROR_ALLOW_ALL": True,
            "TELNETCONSOLE_ENABLED": False,
            "LOG_LEVEL": "CRITICAL",
        }
    )
    process.crawl(Figures, plan=plan)
    process.start()
    write_results(plan, SAID)


if __name__ == "__main__":
    main()
