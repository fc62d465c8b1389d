"""Orders about readers: a share is changed live, by name and with a reason."""

from __future__ import annotations

from typing import Any

from scidex_console.domain.errors import Refused, StaleToken
from scidex_console.domain.intents import Intent
from scidex_console.domain.reading.kinds import ReaderKind
from scidex_console.domain.reading.shares import share_problem
from scidex_console.engine.ports.reading import ShareStore
from scidex_console.engine.pulse import Pulse
from scidex_console.engine.reading.views import ALL, shares_token


class ReaderOrders:
    """Handler of the readers' action."""

    def __init__(self, store: ShareStore, pulse: Pulse) -> None:
        self._store = store
        self._pulse = pulse

    async def set_share(self, intent: Intent) -> str:
        """One reader, or all of them, have another share; processes that read notice within seconds."""
        reader, share = str(intent.params.get("reader") or ""), intent.params.get("share")
        if reader not in (*ReaderKind, ALL):
            known = ", ".join([*ReaderKind, ALL])
            raise Refused(f"there is no reader {reader!r}", where="reader", fix=f"name one of {known}")
        if why := share_problem(share):
            raise Refused(why, where="share", fix="give a number from 0 to 100")
        if not intent.reason.strip():
            raise Refused("another share needs a reason, which is kept with it", where="reason")
        before = dict(await self._store.shares())
        token = intent.params.get("token")
        if token is not None and token != shares_token(reader, before):
            raise StaleToken("the share has been changed meanwhile", fix="look again and confirm")
        kinds = list(ReaderKind) if reader == ALL else [ReaderKind(reader)]
        await self._store.set_shares(kinds, float(share or 0), intent=intent)
        self._pulse.changed("readers")
        return f"{_named(reader)} {float(share or 0):g} % by the folder first ({_was(kinds, before)})"

    async def facts(self) -> dict[str, Any]:
        """What an audit row says of the shares."""
        return {"shares": {str(kind): share for kind, share in sorted((await self._store.shares()).items())}}


def _named(reader: str) -> str:
    return "all readers read" if reader == ALL else f"{reader} reads"


def _was(kinds: list[ReaderKind], before: dict[ReaderKind, float]) -> str:
    shares = sorted({before.get(kind, 0.0) for kind in kinds})
    return "was " + (f"{shares[0]:g} %" if len(shares) == 1 else f"{shares[0]:g} to {shares[-1]:g} %")
