"""`soak …`: the guided soak of the folder migration, phase by phase."""

from __future__ import annotations

import argparse
import asyncio
import shlex
from argparse import Namespace
from typing import Any

from scidex_console.cli.arguments import Subparsers, add_command
from scidex_console.cli.context import Context
from scidex_console.cli.intents import add_action, carry_out, check_reason
from scidex_console.cli.output import Output
from scidex_console.cli.previews import add_token, check_is_now, check_token
from scidex_console.cli.services import Readers
from scidex_console.cli.soak import document, judge, override_lines, status_lines
from scidex_console.domain.errors import GateShut, Refused, StaleToken
from scidex_console.domain.intents import ActionName
from scidex_console.domain.soak.ladder import (
    Ladder,
    override_token,
    passed_over,
    way_to_begin,
    why_not_begin,
    why_not_confirm,
    why_not_override,
    why_not_sign,
)
from scidex_console.domain.soak.phases import PHASES
from scidex_console.domain.soak.report import render_soak
from scidex_console.engine.actions import ACTIONS

_SEE = "see `scidex-console soak status`"


def register(subparsers: Subparsers) -> None:
    """Describe the command and what it can be told."""
    parser = subparsers.add_parser(
        "soak",
        help="the guided soak of the folder migration, phase by phase",
        description="The phases of the folder migration: checks, clock, guide and gates.",
    )
    inner = parser.add_subparsers(title="soak commands", metavar="SOAK COMMAND", dest="what", required=True)
    add_command(
        inner,
        "status",
        run_status,
        "show the phases, and the checks of the one under way",
        details="Exits 4 while the gate is shut and waits for a person, 3 when nobody measures.",
    )
    add_command(inner, "report", run_report, "print the soak of the phase under way as Markdown")
    begin = add_action(inner, ActionName.SOAK_BEGIN, run_begin, name="begin")
    begin.add_argument("phase", metavar="PHASE", type=_phase, help="0 to 5")
    confirm = add_action(inner, ActionName.SOAK_CONFIRM, run_confirm, name="confirm")
    confirm.add_argument("step", metavar="STEP", help="a step of the guide, as `soak status` names it")
    sign = add_action(inner, ActionName.SOAK_SIGN, run_sign, name="sign")
    sign.add_argument("check", metavar="CHECK", help="a check, as `soak status` names it")
    add_token(sign)
    override = add_action(inner, ActionName.SOAK_OVERRIDE, run_override, name="override")
    override.add_argument("phase", metavar="PHASE", type=_phase, help="the phase to be let in")
    add_token(override)
    add_action(inner, ActionName.SOAK_MEASURE, run_measure, name="measure")


def _phase(text: str) -> int:
    if not text.isascii() or not text.isdigit() or int(text) >= len(PHASES):
        raise argparse.ArgumentTypeError(f"{text!r} is not a phase from 0 to {PHASES[-1].number}")
    return int(text)


def run_status(args: Namespace, context: Context) -> int:
    """Print the ladder."""

    async def work() -> int:
        async with context.services.readers(context.settings) as readers:
            ladder, engine = await readers.read.soak(), await readers.read.engine()
        verdict, code = judge(ladder, engine)
        context.output.show(
            {"soak": document(ladder, verdict)}, status_lines(ladder, verdict, context.output)
        )
        return code

    return asyncio.run(work())


def run_report(args: Namespace, context: Context) -> int:
    """Print the report."""

    async def work() -> int:
        async with context.services.readers(context.settings) as readers:
            ladder, engine = await readers.read.soak(), await readers.read.engine()
        verdict, _ = judge(ladder, engine)
        environment = context.settings.environment.name
        lines = render_soak(ladder, environment).splitlines()
        context.output.show({"environment": environment, "soak": document(ladder, verdict)}, lines)
        return 0

    return asyncio.run(work())


def run_begin(args: Namespace, context: Context) -> int:
    """Begin a phase, if the gate lets it."""
    check_reason(args)

    async def work() -> int:
        async with context.services.readers(context.settings) as readers:
            ladder = await readers.read.soak()
            if why := why_not_begin(ladder, args.phase):
                raise GateShut(why, where="soak", fix=way_to_begin(ladder, args.phase))
            return await carry_out(args, context.output, readers, None, {"phase": args.phase})

    return asyncio.run(work())


def run_confirm(args: Namespace, context: Context) -> int:
    """Confirm a step."""
    check_reason(args)

    async def work() -> int:
        async with context.services.readers(context.settings) as readers:
            if why := why_not_confirm(await readers.read.soak(), args.step):
                raise Refused(why, where="soak confirm", fix=_SEE)
            return await carry_out(args, context.output, readers, None, {"step": args.step})

    return asyncio.run(work())


def run_sign(args: Namespace, context: Context) -> int:
    """Sign for a check, about the evidence that `--token` names, or that there is now."""
    check_reason(args)

    async def work() -> int:
        async with context.services.readers(context.settings) as readers:
            ladder = await readers.read.soak()
            if why := why_not_sign(ladder, args.check):
                raise Refused(why, where="soak sign", fix=_SEE)
            [evidence] = [view.evidence for view in ladder.checks if view.check.id == args.check]
            assert evidence is not None
            context.output.note(f"the evidence: {evidence.words}")
            check_is_now(args.token, evidence.fingerprint, "the evidence")
            params = {"check": args.check, "token": evidence.fingerprint}
            return await carry_out(args, context.output, readers, None, params)

    return asyncio.run(work())


def run_override(args: Namespace, context: Context) -> int:
    """Show what would be passed over, or do exactly that."""
    check_token(args)

    async def work() -> int:
        async with context.services.readers(context.settings) as readers:
            return await _override(args, context.output, readers)

    return asyncio.run(work())


async def _override(args: Namespace, output: Output, readers: Readers) -> int:
    ladder = await readers.read.soak()
    if why := why_not_override(ladder, args.phase):
        raise Refused(why, where="soak override", fix=_SEE)
    params = {"phase": args.phase, "token": override_token(ladder, args.phase)}
    if not args.token:
        _show_override(args, output, ladder, params)
        return 0
    if args.token != params["token"]:
        error = StaleToken(
            "this token does not name what would be passed over now",
            where=f"token {args.token}",
            fix="nothing was done; look at it anew and confirm it by its own token",
        )
        if output.as_json:
            output.error(error, **_override_document(args, output, ladder, params))
        else:
            _show_override(args, output, ladder, params)
            output.error(error)
        return error.exit_code
    return await carry_out(args, output, readers, None, params)


def _show_override(args: Namespace, output: Output, ladder: Ladder, params: dict[str, Any]) -> None:
    shown = _override_document(args, output, ladder, params)
    output.show(shown, override_lines(ladder, args.phase, str(shown["confirm"])))


def _override_document(
    args: Namespace, output: Output, ladder: Ladder, params: dict[str, Any]
) -> dict[str, Any]:
    command = output.program.command(ACTIONS[args.action].command(None, params))
    confirm = f"{command} {shlex.join(['--reason', args.reason or 'TEXT'])}"
    over = {"phase": args.phase, "passes_over": passed_over(ladder, args.phase), "token": params["token"]}
    return {"preview": over, "confirm": confirm}


def run_measure(args: Namespace, context: Context) -> int:
    """Look at every check at once."""

    async def work() -> int:
        async with context.services.readers(context.settings) as readers:
            return await carry_out(args, context.output, readers, None, {})

    return asyncio.run(work())
