"""Strings that mean harm, by accident or not, in every place of a database where somebody else may write."""

from __future__ import annotations

import re
import unicodedata
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
from psycopg import sql
from psycopg.types.json import Jsonb

Connection = psycopg.Connection[tuple[Any, ...]]
NOW = datetime.now(UTC)

MARK = "31337"
"""Stands in every sequence that only a string of ours can have brought to the terminal."""

NAUGHTY = (
    f"csi \x1b[{MARK}mred\x1b[2J\x1b[6n",
    f"osc \x1b]0;{MARK}\x07 title",
    f"clip \x1b]52;c;{MARK}\x1b\\",
    f"dcs \x1bP{MARK}q\x1b\\",
    f"c1 \x9b{MARK}m \x9d0;x\x9c \x85 \x90",
    "bell \x07\x08\x08\x08 back \x7f del",
    "line\r\nfeed\x0b\x0c\ttab \u2028 \u2029",
    "bidi \u202egnp.exe\u202c \u2066iso\u2069 \u061c",
    "markup [red]x[/red] [/] [@click=app.quit]q[/] [link=http://e]l",
    "rich :smile: [bold",
    "zero\u200bwidth\u200d\u2060\ufeff joiners",
    "soft\u00adhyphen \u034f\u115f\u1160\u3164\uffa0 fillers",
    "emoji 👩\u200d👩\u200d👧 👍🏽 🇩🇪🇫🇷 ❤️ 1️⃣ 🫠",
    "combining Z͑ͫ̓ͪ̂ͫ̽͏̴̙̤̞͉͚̯̞̠͍A̴̵̜̰͔ͫ͗͢L̠ͨͧͩ͘G̴̻͈͍͔̹̑͗̎̅",
    "wide 図の説明 ﾃｽﾄ 한국어 ＡＢＣ",
    "indic हिन्दी தமிழ் ไทย",
    "tags \U000e0041\U000e0042 private \ue000 \U0010ffff",
    "selectors a\U000e0100\U000e01ef b\ufe0e",
    "quotes ' \" ` $(touch x) ; \\ %s %(id)s {0} {x} ${HOME}",
    "sql '; DROP TABLE artifacts; --",
    "<script>alert(1)</script> <!-- &lt; |a|b|",
    "long " + "x" * 4000,
    "long words " + "word " * 800,
    "cjk long " + "説" * 2000,
    "-rf --flag ~/.. ../../../etc/passwd",
    " leading and trailing ",
    "\x1b",
    "…",
)

_ALLOWED = re.compile(
    r"\x1b\[[0-9;:?<>=]*\$?[A-Za-z]"  # cursor, colours, modes, and the question what the terminal can do
    r"|\x1b[78=>]"
    r"|\x1b\(B"
    r"|\x1b\]22;[a-z]+\x07"  # the shape of the pointer
    r"|\x1b\]52;c;[A-Za-z0-9+/]*=*\x07"  # what `y` copies
)
_HARMLESS = frozenset("\r\n\x0f")


@contextmanager
def filled(url: str) -> Iterator[None]:
    """Write them as titles, addresses, file names, errors, names and reasons of a store.

    An engine seems to be at work as long as the block lasts.
    """
    with psycopg.connect(url, autocommit=True) as connection:
        for number, text in enumerate(NAUGHTY):
            _write(connection, number, text)
        connection.execute(
            "UPDATE scidex_console.engine SET started_at = now(), heartbeat_at = now() + interval '1 hour', "
            "running = true, holder = %s, environment = %s, authorization_ref = %s, note = %s, writes = true",
            [NAUGHTY[0], NAUGHTY[1][:20], NAUGHTY[4], NAUGHTY[2]],
        )
        for job, state in (("figures", "paused"), ("folders", "halted")):
            put(
                connection,
                "scidex_console.run",
                job=job,
                state=state,
                operator=NAUGHTY[7],
                origin=NAUGHTY[5],
                reason=NAUGHTY[8],
                halt_reason=NAUGHTY[6],
                waits_on=NAUGHTY[3],
                started_at=NOW,
            )
        connection.execute("SELECT pg_advisory_lock(740196003, 1)")  # an engine's
        yield


def put(connection: Connection, table: str, **values: object) -> object:
    """Insert one row; its first column."""
    statement = sql.SQL("INSERT INTO {} ({}) VALUES ({}) RETURNING *").format(
        sql.Identifier(*table.split(".")),
        sql.SQL(", ").join(map(sql.Identifier, values)),
        sql.SQL(", ").join(map(sql.Placeholder, values)),
    )
    row = connection.execute(statement, values).fetchone()
    return row[0] if row else None


def _write(connection: Connection, number: int, text: str) -> None:
    artifact_id = f"{number:02d} {text}"[:300]
    group = f"{number:02d}{text}"[:100]
    url = f"https://ok{number:02d}.example/{text if number % 2 else ''}"
    described = Jsonb({"image_url": url, "caption": text, text[:40]: text})
    put(connection, "artifacts", id=artifact_id, artifact_type="paper_figure", title=text, metadata=described)
    for outcome, status in (("dead", 404), ("transient", 503)):
        attempt = put(
            connection,
            "scidex_console.fetch_attempt",
            artifact_id=artifact_id,
            title=text,
            url=url,
            host=text[:200],
            host_group=group,
            outcome=outcome,
            status=status,
            reason=text,
            requests=1,
            started_at=NOW,
            took_ms=9,
            epoch=1,
        )
    put(
        connection,
        "scidex_console.figure",
        artifact_id=artifact_id,
        url=url,
        host_group=group,
        state="transient",
        last_attempt_id=attempt,
    )
    put(
        connection,
        "artifact_migration_log",
        artifact_id=artifact_id,
        status="error" if number % 2 else text[:60],
        errors=Jsonb({"reason": text, "path": [text]}),
        took_ms=3,
    )
    put(
        connection,
        "scidex_console.host_state",
        host_group=group,
        rate=1,
        in_flight_limit=1,
        hold_cause=text,
        hold_until=NOW + timedelta(hours=1),
        override_by=text,
        override_reason=text,
        override_until=NOW + timedelta(hours=1),
    )
    _write_acts(connection, number, text)
    batch = put(
        connection,
        "scidex_console.batch",
        uid=uuid.uuid4(),
        job="figures",
        state="cleaned",
        epoch=1,
        base_commit="b" * 40,
        commit_id="c" * 40,
        push_state=text,
        settled_at=NOW,
    )
    put(
        connection,
        "scidex_console.operation",
        batch_id=batch,
        artifact_id=artifact_id,
        state="done",
        fields=[text],
        before=Jsonb({text[:60]: text}),
        after=Jsonb({text[:60]: None}),
        path=text,
        staged="s",
        sha256="a" * 64,
        size_bytes=9,
        reason=text,
    )


def _write_acts(connection: Connection, number: int, text: str) -> None:
    put(
        connection,
        "scidex_console.intent",
        action="retry",
        job="figures",
        params=Jsonb({"text": text[:200], "n": number}),
        state="done",
        operator=text,
        origin=text,
        reason=text,
        version="1",
        outcome=text,
        also_by=[text],
        settled_at=NOW,
    )
    put(
        connection,
        "scidex_console.audit",
        operator=text,
        origin=text,
        reason=text,
        version="1",
        authorization_ref=text,
        action="intent:retry",
        job="figures",
        before=Jsonb({text[:60]: text}),
        after=Jsonb({"params": {"group": text}, "x": [text]}),
        outcome=text,
    )
    put(
        connection,
        "scidex_console.presence",
        session=uuid.uuid4(),
        operator=text,
        account=text[:60],
        origin=text,
        pid=1,
        screen=text[:40],
        version="1",
        active_at=NOW,
    )


def raw_in(output: bytes) -> list[str]:
    """What reached the terminal that must not have; empty when all is well."""
    text = output.decode("utf-8", errors="strict")
    found = [sequence for sequence in _ALLOWED.findall(text) if MARK in sequence or sequence.endswith("6n")]
    rest = _ALLOWED.sub("", text)
    for char in sorted(set(rest) - _HARMLESS):
        if unicodedata.category(char) in ("Cc", "Cf", "Cs", "Zl", "Zp"):
            at = rest.index(char)
            found.append(f"U+{ord(char):04X} in {rest[max(0, at - 20) : at + 20]!r}")
    return found
