"""The reserved host name through which another process scripts the hosts. Its requests are not logged.

- `PUT /script` with the JSON of `script.parse_script` replaces the whole script; `{}` clears it.
- `POST /forget` starts every address afresh: no attempts made, no holds.
"""

from __future__ import annotations

from typing import Final

from scidex_console.demo.hosts.answers import Answers
from scidex_console.demo.hosts.connection import ClientGone, Exchange
from scidex_console.demo.hosts.script import ScriptError, parse_script

CONTROL_HOST: Final = "control.figure-hosts.invalid"


async def control(exchange: Exchange, answers: Answers) -> None:
    """Carry out one order. 204 when done, 400 with the reason, 404 for an order that does not exist."""
    status, text = _obey(exchange, answers)
    body = text.encode()
    headers = [] if status == 204 else [("Content-Type", "text/plain"), ("Content-Length", str(len(body)))]
    try:
        await exchange.send_whole(status, headers, body)
    except ClientGone:
        return


def _obey(exchange: Exchange, answers: Answers) -> tuple[int, str]:
    match exchange.method, exchange.target:
        case "PUT", "/script":
            try:
                answers.script.replace(parse_script(exchange.body))
            except ScriptError as error:
                return 400, f"{error}\n"
            return 204, ""
        case "POST", "/forget":
            answers.memory.forget()
            return 204, ""
    return 404, "known: PUT /script, POST /forget\n"
