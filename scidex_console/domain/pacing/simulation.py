"""One host group asked for its figures in no time: the gate's own arithmetic under a clock that is moved on.

What the engine's drain, attempt and controls do with the gate is played here as far as it takes turns and
time. When the next request may leave, how long a hold lasts, whether HEAD is believed and when a row is due
again are decided by the code that decides it in earnest. The same work always takes as long.
"""

from __future__ import annotations

import heapq
import math
import random
from collections import Counter, deque
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import count, cycle, islice
from typing import Final

from scidex_console.domain.controls import ControlRules, GoneRun
from scidex_console.domain.fetching import FetchClass
from scidex_console.domain.figures import FigureState, Suspicion
from scidex_console.domain.head_trust import HeadTrust
from scidex_console.domain.pacing.answers import Answer, Kind
from scidex_console.domain.pacing.group_pace import GroupPace, Moment
from scidex_console.domain.pacing.kept import take_up
from scidex_console.domain.pacing.work import GroupForecast, Rules, Work

_OUTCOMES: Final = {
    Kind.STORED: FetchClass.STORED,
    Kind.GONE: FetchClass.DEAD,
    Kind.OTHER: FetchClass.SUSPECT,
    Kind.BLOCKED: FetchClass.BLOCKED,
    Kind.TROUBLE: FetchClass.TRANSIENT,
    Kind.TOLD_TO_WAIT: FetchClass.TRANSIENT,
}
_STATUS: Final = {Kind.STORED: 200, Kind.GONE: 404, Kind.BLOCKED: 403, Kind.OTHER: 200, Kind.TROUBLE: 500}
_LOOK: Final = "gone"
"""How every gone answer looks here."""
_MOST_UNKNOWN: Final = 3
"""Controls in a row without a clear answer, after which what is suspected is asked again instead."""


@dataclass(slots=True)
class _Row:
    path: str
    attempts: int = 0
    suspected_at: datetime | None = None


@dataclass(slots=True)
class _Sent:
    """A request on its way."""

    at: float
    probe: bool


_Course = Generator[float, _Sent, None]
"""What takes turns: gives how long its next request takes, and gets it back when the answer is whole."""


class Simulation:
    """The work on one group from `now` on; `run` is called once."""

    def __init__(
        self,
        work: Work,
        rules: Rules,
        now: datetime,
        *,
        answers: Iterator[Answer] | None = None,
        chance: random.Random | None = None,
    ) -> None:
        self.sent: list[float] = []
        """When each request left, in seconds from the beginning."""
        self._work = work
        self._rules = rules
        self._began = now
        self._at = 0.0
        self._chance = chance or random.Random(work.group.name)
        self._answers = answers or work.mix.drawn(self._chance)
        self._trust = HeadTrust(work.kept.head_trust if work.kept else ())
        self._pace = _pace_of(work, rules, Moment(0.0, now), self._chance)
        self._due = deque(_Row(path) for path in self._paths(work.due))
        self._later: list[tuple[float, int, _Row]] = []
        self._suspected: list[tuple[float, _Row]] = []
        self._waiting: deque[tuple[float, _Course]] = deque()
        self._under_way: list[tuple[float, int, _Sent, _Course]] = []
        self._numbers = count()
        self._active = 0
        self._one_ended = False
        self._settled = 0
        self._asked_at = 0.0
        self._waits: dict[str, float] = {}
        self._controls = _Controls(work.controlled, rules.controls.new_run())
        self._robots_left = work.hosts if rules.robots else 0
        self._batch: Counter[Kind] = Counter()
        for (due, attempts), path in zip(work.later, self._paths(len(work.later)), strict=True):
            self._put_off(due, _Row(path, attempts))
        for due, path in zip(work.suspected, self._paths(len(work.suspected)), strict=True):
            since = now + timedelta(seconds=due) - rules.controls.second_pass_after
            self._suspected.append((due, _Row(path, 1, since)))

    def run(self) -> GroupForecast:
        """Until nothing of the group is left to ask."""
        while True:
            self._take_up()
            self._let_go()
            if self._active == 0 and not self._due and self._settle():
                continue
            if not self._move_on():
                break
        return GroupForecast(
            self._work.group.name, self._at, self._asked_at, self._settled, len(self.sent), self._waits
        )

    def _paths(self, number: int) -> Iterator[str]:
        return islice(cycle(self._work.paths), number)

    # --- time -------------------------------------------------------------------------------------------

    def _now(self) -> Moment:
        """For the pace, to which the wall clock only matters where the group has hours."""
        return Moment(self._at, self._wall() if self._work.group.window else self._began)

    def _wall(self) -> datetime:
        return self._began + timedelta(seconds=self._at)

    def _move_on(self) -> bool:
        """To the next thing that happens; False when nothing ever will."""
        closed = self._pace.closed_for(self._now())
        ahead = [self._under_way[0][0]] if self._under_way else []
        if self._waiting:
            ahead.append(self._at + self._pace.obstacle(self._now()))
        elif closed and (self._due or self._active == 0):
            ahead.append(self._at + closed)
        if self._later and self._active == 0:
            ahead.append(max(self._later[0][0], self._at + closed))
        if self._active == 0 and not self._due and self._suspected:
            ahead.append(max(self._suspicion_ends(), self._at + closed))
        if not (self._active or self._due or self._later or self._suspected):
            return False
        then = max(min(ahead), math.nextafter(self._at, math.inf))
        if not self._under_way and (why := self._why_idle(closed)):
            self._waits[why] = self._waits.get(why, 0.0) + then - self._at
        self._at = then
        while self._under_way and self._under_way[0][0] <= self._at:
            _, _, sent, course = heapq.heappop(self._under_way)
            self._go_on(course, sent)
        while self._later and self._later[0][0] <= self._at:
            self._due.append(heapq.heappop(self._later)[2])
        return True

    def _why_idle(self, closed: float) -> str:
        if closed:
            return "off peak" if self._pace.opens_in(self._now()) == closed else "held"
        if self._waiting or self._due:
            return ""
        return "back-off" if self._later else "second answer"

    def _width(self) -> int:
        return self._pace.in_flight_limit(self._at)

    # --- turns ------------------------------------------------------------------------------------------

    def _take_up(self) -> None:
        """Rows are taken up as the drain takes them up, when one has ended.

        As many as may be in flight, and none while the group is closed.
        """
        if self._active and not self._one_ended:
            return
        self._one_ended = False
        while self._due and self._active < self._width() and not self._pace.closed_for(self._now()):
            self._start(self._attempt(self._due.popleft()))

    def _start(self, course: _Course) -> None:
        self._active += 1
        self._waiting.append((next(course), course))

    def _let_go(self) -> None:
        """Whose turn it is, in the order they came."""
        while self._waiting and self._pace.obstacle(self._now()) <= 0:
            takes, course = self._waiting.popleft()
            self._pace.in_flight += 1
            sent = _Sent(self._at, self._pace.is_probing)
            self._pace.note_sent(self._at)
            self.sent.append(self._at)
            heapq.heappush(self._under_way, (self._at + takes, next(self._numbers), sent, course))

    def _go_on(self, course: _Course, sent: _Sent) -> None:
        """An answer is whole: what it means, and what its row asks next."""
        try:
            takes = course.send(sent)
        except StopIteration:
            self._active -= 1
            self._one_ended = True
        else:
            self._waiting.append((takes, course))
        finally:
            self._pace.in_flight -= 1

    # --- an attempt -------------------------------------------------------------------------------------

    def _attempt(self, row: _Row) -> _Course:
        if self._controls.is_due(self._at, self._rules.controls) and self._suspected:
            yield from self._control()
        may_be_controlled = self._controls.known
        if self._robots_left:
            self._robots_left -= 1
            self._works((yield self._work.mix.answer_s))
        answer = next(self._answers)
        outcome = yield from self._fetch(row, answer)
        self._judge(row, outcome, answer.hold_s, may_be_controlled)

    def _fetch(self, row: _Row, answer: Answer) -> Generator[float, _Sent, Kind]:
        """The requests of one attempt, as it makes them."""
        kind, head = answer.kind, _STATUS.get(answer.kind, 0)
        if self._rules.head_first:
            self._controls.spent += 1
            sent = yield answer.head_s
            if kind is Kind.TOLD_TO_WAIT or answer.ends_at_head:
                self._report(sent, answer)
                return kind
            if kind is not Kind.TROUBLE:
                self._works(sent)
            if self._trust.believes(row.path, head, self._chance.random()):
                return Kind.GONE
        for _ in range(answer.hops):
            self._controls.spent += 1
            self._works((yield answer.get_s))
        self._controls.spent += 1
        self._report((yield answer.get_s), answer)
        if self._rules.head_first:
            self._trust.note(row.path, head, _OUTCOMES[kind])
        return kind

    def _report(self, sent: _Sent, answer: Answer) -> None:
        """What the gate is told."""
        if answer.kind is Kind.TOLD_TO_WAIT:
            self._pace.hold(self._at, answer.hold_s, "", sent.at)
        elif answer.kind is Kind.TROUBLE:
            self._pace.note_failure(self._at, probe=sent.probe)
        else:
            self._works(sent)

    def _works(self, sent: _Sent) -> None:
        self._pace.note_success(sent.at, probe=sent.probe)

    def _judge(self, row: _Row, kind: Kind, hold_s: float | None, may_be_controlled: bool) -> None:
        if row.attempts == 0:
            self._asked_at = self._at
        row.attempts += 1
        now = self._wall()
        if kind in (Kind.TROUBLE, Kind.TOLD_TO_WAIT, Kind.BLOCKED):
            told = kind is Kind.TOLD_TO_WAIT and hold_s is not None
            self._again(row, now + timedelta(seconds=hold_s or 0.0) if told else None)
        elif kind is Kind.GONE:
            since = now - row.suspected_at if row.suspected_at else None
            second = self._rules.controls.is_second(since)
            self._controls.run.note_gone(id(row), second=second, look=_LOOK)
            verdict = Suspicion(self._rules.controls, may_be_controlled, since).judge(now)
            if verdict.state is FigureState.CONDEMNED:
                self._settle_rows(Kind.GONE, 1)
            else:
                row.suspected_at = row.suspected_at or now
                until = self._rules.controls.second_pass_after - (since or timedelta(0))
                self._suspected.append((self._at + until.total_seconds(), row))
        else:
            if kind is Kind.STORED:
                self._controls.known = True
                self._controls.run.note_image(id(row))
            self._settle_rows(kind, 1)

    def _again(self, row: _Row, retry_at: datetime | None) -> None:
        """After its back-off, as long as it has attempts left; then it is a person's."""
        now = self._wall()
        due = self._rules.back_off.next_due(
            row.attempts, now, jitter=self._chance.random(), retry_at=retry_at
        )
        if due is None:
            self._settled += 1
        else:
            self._put_off(self._at + (due - now).total_seconds(), row)

    def _put_off(self, due: float, row: _Row) -> None:
        heapq.heappush(self._later, (due, next(self._numbers), row))

    def _settle_rows(self, kind: Kind, number: int) -> None:
        """Rows that are decided; enough of them make a batch, after which the control is due."""
        self._settled += number
        self._batch[kind] += number
        rules = self._rules
        full = self._batch[Kind.STORED] >= rules.batch_files or self._batch[Kind.GONE] >= rules.batch_marks
        if full:
            self._batch.clear()
            self._controls.spent = max(self._controls.spent, rules.controls.every)

    # --- suspicion --------------------------------------------------------------------------------------

    def _suspicion_ends(self) -> float:
        """When something can be decided about a suspected row, with nothing else left to do."""
        first = min(due for due, _ in self._suspected)
        return max(self._at, self._controls.not_before) if self._controls.known else first

    def _settle(self) -> bool:
        """Decide about what is suspected, as far as that can be done now; whether it can."""
        if not self._suspected or self._suspicion_ends() > self._at or self._pace.closed_for(self._now()):
            return False
        if self._controls.known:
            self._start(self._control())
        elif self._rules.controls.without_control == "at-once":
            self._confirm(len(self._suspected))
        else:
            self._due.extend(row for due, row in self._suspected if due <= self._at)
            self._suspected = [(due, row) for due, row in self._suspected if due > self._at]
        return True

    def _control(self) -> _Course:
        """One control image: it comes, and confirms what was suspected before; or there is trouble."""
        controls = self._controls
        controls.asking = True
        before = len(self._suspected)
        sent = yield self._work.mix.answer_s
        controls.asking = False
        if self._chance.random() >= self._work.mix.share(Kind.TROUBLE):
            self._works(sent)
            controls.spent = controls.unknown = 0
            self._prove(before)
            return
        self._pace.note_failure(self._at, probe=sent.probe)
        controls.not_before = self._at + self._rules.controls.again_after.total_seconds()
        controls.unknown += 1
        if controls.unknown >= _MOST_UNKNOWN:
            controls.unknown = controls.spent = 0
            rows, self._suspected = self._suspected, []
            for _, row in rows:
                row.suspected_at = None
                self._again(row, None)

    def _prove(self, number: int) -> None:
        """The control came: it confirms the first so many but those to be asked once more."""
        run, after = self._controls.run, self._rules.controls.doubted_again_after
        run.note_control(passed=True)
        doubted = [one for one in self._suspected[:number] if id(one[1]) in run.doubted]
        confirmed = [one for one in self._suspected[:number] if id(one[1]) not in run.doubted]
        self._suspected[:number] = confirmed
        self._confirm(len(confirmed))
        for _, row in doubted:
            run.doubted.discard(id(row))
            due = row.suspected_at + after - self._wall() if row.suspected_at else after
            self._put_off(self._at + max(0.0, due.total_seconds()), row)

    def _confirm(self, number: int) -> None:
        del self._suspected[:number]
        self._settle_rows(Kind.GONE, number)


@dataclass(slots=True)
class _Controls:
    """The control images of the group."""

    known: bool
    run: GoneRun
    spent: int = 0
    """Requests since the last one."""
    asking: bool = False
    unknown: int = 0
    not_before: float = -math.inf

    def is_due(self, now: float, rules: ControlRules) -> bool:
        enough = self.spent >= rules.due_after(self.run) or self.run.is_surprising
        return self.known and not self.asking and enough and now >= self.not_before


def _pace_of(work: Work, rules: Rules, now: Moment, chance: random.Random) -> GroupPace:
    """The group's pace as it is now."""
    pace = GroupPace(work.group, rules.manners, chance)
    kept = work.kept
    if kept is not None:
        take_up(pace, kept, now, rules.manners)
        if kept.override is None and 0 < kept.rate < work.group.rate:
            pace.crawl_delays[""] = 1 / kept.rate  # what a robots.txt asked for; not kept by itself
    return pace
