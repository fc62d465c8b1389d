"""`tokens create | list | revoke`: who may add files over HTTP."""

from __future__ import annotations

import asyncio
import secrets
from argparse import Namespace

from scidex_console.cli.arguments import Subparsers, add_command
from scidex_console.cli.context import Context
from scidex_console.cli.output import NOTHING, moment
from scidex_console.domain.bearers import TokenView, digest_of, is_token_name, token_of
from scidex_console.domain.errors import Refused, UsageError


def register(subparsers: Subparsers) -> None:
    """Describe the command and what it does."""
    parser = subparsers.add_parser(
        "tokens",
        help="say who may add files over HTTP",
        description="Make, list and revoke the tokens of those who may add files over HTTP.",
    )
    parser.set_defaults(run=lambda args, context: parser.error("name one of create, list, revoke"))
    below = parser.add_subparsers(title="what", metavar="WHAT", dest="what")
    details = "It is shown this once; only its hash is kept."
    _named(add_command(below, "create", run_create, "make a token", details=details))
    add_command(below, "list", run_list, "list tokens, revoked ones too")
    _named(add_command(below, "revoke", run_revoke, "let a token count no more"))


def _named(parser: Subparsers) -> None:
    parser.add_argument("token_name", metavar="NAME", help="whose it is; every commit and audit row bears it")
    parser.add_argument("--reason", metavar="TEXT", required=True, help="why; kept with it")


def run_create(args: Namespace, context: Context) -> int:
    """Make a token and print it."""
    name = args.token_name
    if not is_token_name(name):
        raise UsageError(
            f"{name!r} is no name for a token",
            where="tokens",
            fix="take up to 40 small letters, digits, '.', '_' and '-'",
        )
    token = token_of(secrets.token_urlsafe(32))
    digest = digest_of(token)
    assert digest is not None, "it was made a moment ago"

    async def work() -> None:
        async with context.services.readers(context.settings) as readers:
            if not await readers.tokens.create(name, digest, reason=_reason(args)):
                raise Refused("there is or was a token of this name", where=name, fix="choose another name")

    asyncio.run(work())
    context.output.note("keep it: it is not shown again")
    context.output.show({"token": token, "name": name}, [token])
    return 0


def run_revoke(args: Namespace, context: Context) -> int:
    """Let a token count no more."""
    name = args.token_name

    async def work() -> None:
        async with context.services.readers(context.settings) as readers:
            if not await readers.tokens.revoke(name, reason=_reason(args)):
                raise Refused(
                    "no token of this name counts", where=name, fix="see `scidex-console tokens list`"
                )

    asyncio.run(work())
    context.output.show({"revoked": name}, [f"{name} counts no more"])
    return 0


def run_list(args: Namespace, context: Context) -> int:
    """List all tokens."""
    del args

    async def work() -> list[TokenView]:
        async with context.services.readers(context.settings) as readers:
            return list(await readers.tokens.tokens())

    tokens = asyncio.run(work())
    rows = [
        (
            each.name,
            moment(each.created_at),
            each.created_by,
            moment(each.revoked_at) if each.revoked_at else NOTHING,
            each.reason,
        )
        for each in tokens
    ]
    heads = ("NAME", "CREATED", "BY", "REVOKED", "REASON")
    lines = context.output.table(heads, rows, elastic="REASON") if rows else ["no token was made yet"]
    context.output.show({"tokens": tokens}, lines)
    return 0


def _reason(args: Namespace) -> str:
    reason: str = args.reason.strip()
    if not reason:
        raise UsageError("a reason is needed, which is kept with it", where="tokens", fix="add --reason TEXT")
    return reason
