"""`schema apply | revert | status`: the database's shape."""

from __future__ import annotations

import asyncio
from argparse import Namespace
from collections.abc import Iterator, Sequence

from scidex_console.cli.arguments import Subparsers, add_command
from scidex_console.cli.context import Context
from scidex_console.cli.output import Output
from scidex_console.cli.services import Schema, SchemaStatus, SchemaVersion
from scidex_console.domain.errors import UsageError


def register(subparsers: Subparsers) -> None:
    """Describe the command."""
    parser = add_command(
        subparsers,
        "schema",
        run,
        "apply, revert or show the database's shape",
        details="apply and revert may be repeated. status exits 1 while something is pending.",
    )
    parser.add_argument("what", metavar="apply|revert|status", choices=("apply", "revert", "status"))
    parser.add_argument(
        "--lose-migrated-state",
        action="store_true",
        help="revert although migrated artifacts, journal and attempts would be lost",
    )


def run(args: Namespace, context: Context) -> int:
    """Do it and print the versions concerned."""
    if args.lose_migrated_state and args.what != "revert":
        raise UsageError("--lose-migrated-state goes with revert only", where=f"schema {args.what}")

    async def work() -> int:
        async with context.services.schema(context.settings) as schema:
            return await _do(args, schema, context.output)

    return asyncio.run(work())


async def _do(args: Namespace, schema: Schema, output: Output) -> int:
    if args.what == "status":
        status = await schema.status()
        output.show(_document(status), _status_lines(output, status))
        return 0 if status.current else 1
    if args.what == "apply":
        done = await schema.apply()
    else:
        done = await schema.revert(lose_migrated_state=args.lose_migrated_state)
    key = "applied" if args.what == "apply" else "reverted"
    nothing = "nothing was pending" if args.what == "apply" else "nothing was applied"
    lines = [f"{key} {version.version} {version.name}" for version in done] or [nothing]
    output.show({key: [_version(version) for version in done]}, lines)
    return 0


def _document(status: SchemaStatus) -> dict[str, object]:
    return {
        "server_version": status.server_version,
        "needed": status.needed,
        "current": status.current,
        "versions": [_version(version) for version in status.versions],
    }


def _version(version: SchemaVersion) -> dict[str, object]:
    return {
        "version": version.version,
        "name": version.name,
        "applied_at": version.applied_at,
        "applied_by": version.applied_by,
        "changed": version.changed,
    }


def _status_lines(output: Output, status: SchemaStatus) -> Iterator[str]:
    yield f"PostgreSQL {status.server_version}; this version needs schema version {status.needed}"
    yield from output.table(
        ("VERSION", "NAME", "STATE", "APPLIED", "BY"),
        [_row(version) for version in status.versions],
        elastic="NAME",
    )
    if not status.current:
        yield (
            output.program.told("not as needed: run `scidex-console schema apply`")
            if _pending(status.versions)
            else "not as needed"
        )


def _row(version: SchemaVersion) -> tuple[object, ...]:
    state = "pending" if version.applied_at is None else "changed" if version.changed else "applied"
    return (version.version, version.name, state, version.applied_at, version.applied_by)


def _pending(versions: Sequence[SchemaVersion]) -> bool:
    return any(version.applied_at is None for version in versions)
