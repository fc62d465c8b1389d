"""Control images: what turns "said to be gone" into "gone", or shows that a host says it of everything.

A control is an image of the same host group whose bytes are known. It costs turns of the gate as any request
does.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from scidex_console.domain.controls import (
    ControlCheck,
    ControlImage,
    ControlResult,
    ControlRules,
    SaidGone,
    host_of,
    judge_control,
)
from scidex_console.domain.fetching import FetchClass, FetchOutcome
from scidex_console.domain.figures import BackOff
from scidex_console.domain.sanitise import visible
from scidex_console.engine.jobs.gone_runs import GoneRuns
from scidex_console.engine.ports import Clock, FigureSource, Gate
from scidex_console.engine.ports.suspects import Suspects, SuspectStore

_MOST_IMAGES = 5
"""Control images kept of each host, of each kind."""
_MOST_OF_GROUP = 50
_MOST_TRIED = 10
"""Images that are tried before a group is distrusted."""
_HEAD_EVERY = 4
"""Rounds of controls, of which HEAD is asked for the images in one."""
_MOST_UNKNOWN = 3
"""Rounds in a row without a clear answer, after which what is suspected is asked again instead."""


@dataclass
class _Group:
    """What is known about one group's controls."""

    images: list[ControlImage] | None = None
    """None until they are looked up."""
    spent: int = 0
    """Requests since the last control."""
    not_before: float = -math.inf
    """Monotonic time of the next control after trouble."""
    unknown: int = 0
    failures: int = 0
    """Failed controls in a row; while there are any, rows are not asked before a control has passed."""
    rounds: int = 0
    """Rounds of controls in which something was suspected that HEAD alone has said."""
    left: int = 0
    """Suspected figures whose hosts no control has vouched for; a second answer decides about them."""
    vouched: set[str] = field(default_factory=set)
    """Hosts that a control has come by."""
    silent: set[str] = field(default_factory=set)
    """Hosts whose own image did not come while another one of the group did."""
    asking: asyncio.Lock = field(default_factory=asyncio.Lock)


@dataclass
class _Round:
    """One round of controls in a group."""

    said_by: dict[str, SaidGone]
    """Suspected figures that nothing has confirmed so far, and by what."""
    head: bool
    """Whether HEAD is asked for the images, too; else nothing is confirmed that HEAD alone has said."""
    passed: bool = False
    _tried: list[str] = field(default_factory=list)

    def in_order(self, images: Sequence[ControlImage]) -> list[ControlImage]:
        """In their order, but one of a host that has said "gone" before all others."""
        hosts = self.hosts
        first = next((image for image in images if host_of(image.url) in hosts), None)
        return list(images) if first is None else [first, *(image for image in images if image is not first)]

    def wants(self, image: ControlImage) -> bool:
        """Whether an image is to be asked: until one has come all, then one of each host that needs it."""
        host = host_of(image.url)
        wanted = len(self._tried) < _MOST_TRIED
        if self.passed:
            wanted = host in self.hosts and host not in self._tried
        if wanted:
            self._tried.append(host)
        return wanted

    @property
    def tried_in_vain(self) -> set[str]:
        """The hosts that said so, and of which an image was asked all the same."""
        return self.hosts.intersection(self._tried)

    @property
    def hosts(self) -> set[str]:
        """The hosts that said so."""
        return {said.host for said in self.said_by.values()}

    def take(self, check: ControlCheck, *, believes_all: bool) -> tuple[list[str], list[str]]:
        """An image has come: which figures it confirms, and which HEAD may have lied about; they leave."""
        self.passed = True
        vouched = {name: s for name, s in self.said_by.items() if believes_all or s.host in check.hosts}
        self.said_by = {name: said for name, said in self.said_by.items() if name not in vouched}
        believes_head = self.head and not check.head_lied
        proven = [name for name, said in vouched.items() if believes_head or not said.to_head]
        return proven, [name for name in vouched if name not in proven] if check.head_lied else []


class Controls:
    """Chooses and asks controls, and tells the store what they prove. Spec: fetching, mass 404."""

    def __init__(
        self,
        store: SuspectStore,
        source: FigureSource,
        gate: Gate,
        clock: Clock,
        *,
        rules: ControlRules,
        back_off: BackOff,
        configured: Sequence[tuple[str, str]] = (),
    ) -> None:
        self.rules = rules
        self._store = store
        self._source = source
        self._gate = gate
        self._clock = clock
        self._back_off = back_off
        self._groups: dict[str, _Group] = {}
        self._configured = [(source.group_of(url), url, sha256) for url, sha256 in configured]
        self._offered: dict[str, list[tuple[str, str]]] = {}
        self._set_aside: set[str] = set()
        self._runs = GoneRuns(store, rules)

    # --- what could be a control --------------------------------------------------------------------------

    def offer(self, url: str, sha256: str) -> None:
        """A row that has its file: its address may still lead to these bytes."""
        group = self._source.group_of(url)
        offered = self._offered.setdefault(group, [])
        of_host = sum(host_of(other) == host_of(url) for other, _ in offered)
        has_room = of_host < _MOST_IMAGES and len(offered) < _MOST_OF_GROUP
        if url not in self._set_aside and has_room and (url, sha256) not in offered:
            offered.append((url, sha256))
            self._group(group).images = None

    async def note(self, outcome: FetchOutcome, suspected_for: timedelta | None) -> None:
        """What a figure's own address has just answered; one that came whole is a control as good as any."""
        run = await self._runs.of(outcome.group)
        if outcome.outcome is FetchClass.DEAD:
            self._group(outcome.group).left = 0
            second = self.rules.is_second(suspected_for)
            run.note_gone(outcome.artifact_id, second=second, look=outcome.look)
        elif outcome.file is not None:
            run.note_image(outcome.artifact_id)
            self._note_stored(outcome.group, outcome.url, outcome.file.sha256)

    def _note_stored(self, group: str, url: str, sha256: str) -> None:
        images = self._group(group).images
        if images is not None:
            images.insert(0, ControlImage(url, sha256, proven=True))
            self._group(group).silent.discard(host_of(url))
            of_host = [image for image in images if host_of(image.url) == host_of(url)]
            for image in of_host[2 * _MOST_IMAGES :] or images[_MOST_OF_GROUP:]:
                images.remove(image)

    async def known(self, group: str) -> bool:
        """Whether a group has, or may have, a control image; its past is looked up by the way."""
        await self._runs.of(group)
        return bool(await self._images(group))

    async def may_vouch_for(self, group: str, url: str) -> bool:
        """Whether a control may yet prove what an address says; else a second answer is the last word.

        It may where an image is known to have come from that host, or by it, and the last round of controls
        does not speak against it.
        """
        state, host = self._group(group), host_of(url)
        known = {host_of(image.url) for image in await self._images(group) if image.proven}
        return host in (known | state.vouched) - state.silent

    async def _images(self, group: str) -> list[ControlImage]:
        state = self._group(group)
        if state.images is None:
            vouched = [(url, sha256) for name, url, sha256 in self._configured if name == group]
            stored = await self._store.stored_images(group, _MOST_IMAGES, most=_MOST_OF_GROUP)
            proven = dict.fromkeys([*vouched, *stored])
            offered = [pair for pair in self._offered.get(group, ()) if pair not in proven]
            state.images = [ControlImage(*pair, proven=True) for pair in proven] + [
                ControlImage(*pair, proven=False) for pair in offered if pair[0] not in self._set_aside
            ]
        return state.images

    # --- when it is asked ---------------------------------------------------------------------------------

    def spend(self, group: str, requests: int) -> None:
        """So many requests have gone to a group."""
        self._group(group).spent += requests

    def end_batch(self) -> None:
        """A batch takes what is proven: the control of every group is due."""
        for state in self._groups.values():
            state.spent = max(state.spent, self.rules.every)

    def is_due(self, group: str) -> bool:
        """Whether a group's control is to be asked: after so many requests, or so many gone in a row."""
        state = self._group(group)
        return self._runs.is_due(group, state.spent) and state.images != [] and self._may_ask(group)

    def distrusts(self, group: str) -> bool:
        """Whether the last control failed: rows are not asked before one has passed."""
        return self._group(group).failures > 0

    def rests(self, group: str) -> bool:
        """Whether a group whose control failed is left alone for now, as the next one met trouble."""
        return self.distrusts(group) and not self._may_ask(group)

    def can_settle(self, group: str, suspects: Suspects) -> bool:
        """Whether `settle` would get anywhere now."""
        state = self._group(group)
        if state.images is None or not state.images:
            return state.images is None or self.rules.without_control == "at-once" or suspects.due > 0
        return self._may_ask(group) and (suspects.count > state.left or suspects.due > 0)

    def _may_ask(self, group: str) -> bool:
        state = self._group(group)
        closed = self._gate.closed_until(group) is not None
        return not closed and not state.asking.locked() and self._clock.monotonic() >= state.not_before

    # --- asking -------------------------------------------------------------------------------------------

    async def settle(self, group: str) -> None:
        """Decide about what is suspected in a group, as far as that can be done now."""
        if await self._images(group) and self._may_ask(group):
            await self.ask(group, settles=True)
            if self._group(group).left:
                await self._store.ask_again(group)
        if not await self._images(group):
            if self.rules.without_control == "at-once":
                await self._store.confirm(group)
            else:
                await self._store.ask_again(group)

    async def ask(self, group: str, *, settles: bool = False) -> None:
        """Ask the group's controls; what was suspected before is confirmed, or discarded where none comes.

        One that comes vouches for the hosts it came by. What another host of the group has said, for which no
        image comes, waits for a second answer. What HEAD alone has said waits for a round in which HEAD is
        asked for the images as well: each fourth, and one that `settles`, when nothing else is left to ask.
        """
        state = self._group(group)
        async with state.asking:
            suspected = await self._store.of_group(group)
            if not suspected and not state.failures:
                state.spent = 0
                return
            by_head = any(said.to_head for said in suspected.values())
            around = _Round(dict(suspected), by_head and (settles or state.rounds % _HEAD_EVERY == 0))
            state.rounds += by_head
            trouble = failure = ""
            for image in around.in_order(await self._images(group)):
                if not around.wants(image):
                    continue
                check = await self._check(group, image, head=around.head)
                if check.result is ControlResult.PASSED:
                    proven, lied = around.take(check, believes_all=self.rules.without_control == "at-once")
                    await self._prove(group, check, proven)
                    if lied:
                        await self._store.ask_later(lied, timedelta(0))
                    self._passed(state, image)
                    state.vouched |= check.hosts
                    state.silent -= check.hosts
                    continue
                await self._store.record(check, confirms=())
                if check.result is ControlResult.UNKNOWN:
                    trouble = check.reason
                elif image.proven:
                    failure = check.reason
                    self._put_last(state, image)
                else:
                    self._put_aside(state, image)
                if self._gate.closed_until(group) is not None:
                    break
            if around.passed:
                state.left = len(around.said_by)
                state.silent |= around.tried_in_vain
            elif failure and not trouble:
                await self._failed(group, state, list(suspected), failure)
            elif trouble:
                await self._unclear(state, list(suspected), trouble)

    async def _prove(self, group: str, check: ControlCheck, suspected: Sequence[str]) -> None:
        """Confirm what was suspected; what an outage may have said, which is over now, is asked once more."""
        run = await self._runs.of(group)
        doubted = run.doubts(suspected)
        run.note_control(passed=True)
        await self._store.record(check, confirms=[name for name in suspected if name not in run.doubted])
        if doubted:
            await self._store.ask_later(doubted, self.rules.doubted_again_after)
            run.doubted.difference_update(doubted)

    async def _check(self, group: str, image: ControlImage, *, head: bool) -> ControlCheck:
        outcome = await self._source.ask_control(image.url, head=head)
        result = judge_control(outcome, image.sha256)
        reason = outcome.reason
        if result is ControlResult.FAILED and outcome.file is not None:
            reason = f"{reason}, but other bytes than those known"
        return ControlCheck(
            group, image.url, image.sha256, result, outcome.status, reason, outcome.requests, outcome.hops
        )

    def _passed(self, state: _Group, image: ControlImage) -> None:
        image.proven = True
        state.spent = state.unknown = state.failures = 0
        images = state.images or []
        if image in images:
            images.remove(image)
            images.insert(0, image)

    def _put_last(self, state: _Group, image: ControlImage) -> None:
        if state.images and image in state.images:
            state.images.remove(image)
            state.images.append(image)

    def _put_aside(self, state: _Group, image: ControlImage) -> None:
        self._set_aside.add(image.url)
        if state.images and image in state.images:
            state.images.remove(image)

    async def _failed(self, group: str, state: _Group, suspected: Sequence[str], why: str) -> None:
        state.failures += 1
        state.spent = state.unknown = 0
        (await self._runs.of(group)).note_control(passed=False)
        self._gate.trip(group, f"its control image did not come: {why}", state.failures)
        reason = f"said to be gone, which is not believed: the group's control image did not come ({why})"
        await self._store.discard(suspected, visible(reason), self._back_off)

    async def _unclear(self, state: _Group, suspected: Sequence[str], why: str) -> None:
        state.not_before = self._clock.monotonic() + self.rules.again_after.total_seconds()
        state.unknown += 1
        if state.unknown >= _MOST_UNKNOWN:
            state.unknown = state.spent = 0
            reason = f"said to be gone, but no control image could be had to confirm it ({why})"
            await self._store.discard(suspected, visible(reason), self._back_off)

    def _group(self, name: str) -> _Group:
        return self._groups.setdefault(name, _Group())


def waits_on(suspects: Mapping[str, Suspects]) -> str:
    """What suspected figures wait for, in words; empty when there are none."""
    if not suspects:
        return ""
    number = sum(group.count for group in suspects.values())
    first = min(group.next_due_at for group in suspects.values())
    what = "figure said to be gone waits" if number == 1 else "figures said to be gone wait"
    return f"{number} {what} for a control image or a second answer, the first {first:%Y-%m-%d %H:%M:%S} UTC"
