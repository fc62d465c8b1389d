"""What the hosts remember between requests: attempts at an address, holds, what is under way."""

from __future__ import annotations

from collections import defaultdict

_MOST_ADDRESSES = 100_000


class HostMemory:
    """State of all hosts of one world. Times are monotonic nanoseconds."""

    def __init__(self) -> None:
        self._attempts: dict[str, int] = {}
        self._head_last: set[str] = set()
        self._held_until: dict[str, int] = {}
        self._under_way: defaultdict[str, int] = defaultdict(int)

    def begin(self, host: str) -> int:
        """A request arrived; return how many are under way at the host, this one included."""
        self._under_way[host] += 1
        return self._under_way[host]

    def end(self, host: str) -> None:
        """A request is over."""
        self._under_way[host] -= 1
        if not self._under_way[host]:
            del self._under_way[host]

    @property
    def under_way(self) -> int:
        """Requests under way at all hosts together."""
        return sum(self._under_way.values())

    def attempts_before(self, key: str, method: str) -> int:
        """How many attempts at an address lie before this request, and count this one.

        An attempt is a GET, or a HEAD that no GET followed: HEAD and then GET meet the same answer.
        """
        attempts = self._attempts.pop(key, 0)
        if method == "HEAD":
            attempts += key in self._head_last
            self._head_last.add(key)
            self._attempts[key] = attempts
        else:
            self._head_last.discard(key)
            self._attempts[key] = attempts + 1
        self._forget_the_oldest()
        return attempts

    def hold(self, host: str, until_ns: int) -> None:
        """Make a host turn everybody away until then."""
        self._held_until[host] = max(until_ns, self._held_until.get(host, 0))

    def held_until(self, host: str, now_ns: int) -> int | None:
        """Until when the host turns everybody away, None when it does not."""
        until = self._held_until.get(host, 0)
        return until if until > now_ns else None

    def forget(self) -> None:
        """Start afresh: no attempts, no holds."""
        self._attempts.clear()
        self._head_last.clear()
        self._held_until.clear()

    def _forget_the_oldest(self) -> None:
        if len(self._attempts) > _MOST_ADDRESSES:
            oldest = next(iter(self._attempts))
            del self._attempts[oldest]
            self._head_last.discard(oldest)
