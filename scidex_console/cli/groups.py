"""Names of host groups that people type: a slip is refused, with the names it was probably meant to be."""

from __future__ import annotations

from scidex_console.cli.arguments import nearest
from scidex_console.cli.context import Context
from scidex_console.cli.services import Readers
from scidex_console.domain.errors import Refused

_NEAREST = 5
_ALIKE = 0.5


async def check_group(name: str, where: str, readers: Readers, context: Context, *, new: bool) -> None:
    """Raise `Refused` unless the group is configured or was asked.

    With `new`, any host name will do that no group covers: a host that nobody configured is a group of its
    own. A name without a dot can only be a slip.
    """
    groups = context.settings.fetch.host_groups()
    known = {group.name for group in groups.configured()}
    known |= {host.gate.group for host in await readers.read.hosts()}
    if name in known:
        return
    covering = groups.of_host(name).name if "." in name else name
    if new and "." in name and covering not in known:
        return
    if covering in known:
        near = [covering]
    else:
        within = [group for group in sorted(known) if name.lower() in group]
        near = within[:_NEAREST] or nearest(name, sorted(known), _NEAREST, _ALIKE)
    fix = f"did you mean {' or '.join(near)}?" if near else "`scidex-console status` lists them"
    raise Refused(f"there is no host group {name}", where=where, fix=fix)
