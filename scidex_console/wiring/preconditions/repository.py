"""Preconditions of the repositories and their disks."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path

from scidex_console.adapters.git import history, remotes
from scidex_console.adapters.git.checkout import Checkout
from scidex_console.adapters.git.facts import GitFacts
from scidex_console.adapters.git.inspection import MINIMUM_GIT, CheckoutState, RepositoryState, inspect
from scidex_console.adapters.git.outer import Outer
from scidex_console.adapters.git.pushing import has_remote
from scidex_console.adapters.system.disk import same_file_system, space
from scidex_console.domain.checks import Finding
from scidex_console.domain.errors import ConsoleError
from scidex_console.settings import Settings
from scidex_console.wiring.preconditions.findings import bad, failed, good, judged

_FREE_BYTES = 1 << 30
_FREE_FILES = 10_000
_REMOTE_TIMEOUT_S = 10.0


async def repository_findings(settings: Settings) -> Sequence[Finding]:
    """Everything about the repositories; one finding when they cannot be opened."""
    return await asyncio.to_thread(lambda: list(_findings(settings)))


def _findings(settings: Settings) -> Iterator[Finding]:
    wanted = settings.repository
    try:
        checkout = Checkout.find(wanted.need_path())
    except ConsoleError as error:
        yield failed("artifact repository", error)
        return
    yield good("artifact repository", f"{checkout.worktree}, {checkout.object_format}")
    outer = None
    try:
        outer = Outer.around(checkout, wanted.outer) if wanted.outer is not None else None
    except ConsoleError as error:
        yield failed("outer repository", error)
    try:
        state = inspect(checkout, outer, remote=wanted.remote)
    except ConsoleError as error:
        yield failed("git", error)
        return
    yield judged(
        "git",
        state.git_is_new_enough,
        f"version {state.git_version}",
        f"install git {'.'.join(map(str, MINIMUM_GIT))} or newer",
    )
    yield from _checkout_findings("artifact repository", state.artifacts, wanted.branch, _at_work(state))
    if state.artifacts.sparse:
        yield bad(
            "artifact repository: sparse",
            "is a sparse checkout: git takes folders outside of its patterns away from readers",
            f"`git -C {state.artifacts.worktree} sparse-checkout disable`",
        )
    if state.outer is not None:
        yield from _checkout_findings("outer repository", state.outer, None, _at_work(state))
    if outer is not None or wanted.outer is None:
        yield _submodule(state, wanted.submodule)
    yield from _guarded("history", partial(_readable, checkout))
    yield from _guarded("filters", partial(_filters, checkout, state, settings))
    yield from _remotes(checkout, outer, settings)
    yield from _disks(checkout, outer, state)
    yield _changes(state)


def _at_work(state: RepositoryState) -> bool:
    """Whether something of ours is at work in the repository."""
    return state.engine_holder is not None or state.writer_holder is not None


def _checkout_findings(
    which: str, checkout: CheckoutState, branch: str | None, at_work: bool
) -> Iterator[Finding]:
    name = f"{which}: branch"
    if checkout.branch is None:
        fix = f"check that nothing is lost, then `git -C {checkout.worktree} checkout {branch or 'main'}`"
        yield bad(name, "HEAD is detached (a `git submodule update` does that)", fix)
    elif branch is not None and checkout.branch != branch:
        yield bad(
            name,
            f"on {checkout.branch}, not on {branch}",
            f"`git checkout {branch}`, or set repository.branch",
        )
    elif checkout.tip is None:
        yield bad(name, f"{checkout.branch} has no commit yet", "make a first commit")
    else:
        yield good(name, f"{checkout.branch} at {checkout.tip[:12]}")
    if checkout.under_way is not None:
        yield bad(f"{which}: work in progress", f"{checkout.under_way} is in progress", "finish or abort it")
    lock = checkout.git_dir / "index.lock"
    if checkout.index_lock == "foreign":
        yield bad(
            f"{which}: index lock",
            f"another git process holds {lock}",
            "wait for it to end; if no git process runs any more, remove the file by hand",
        )
    elif checkout.index_lock == "ours":
        said = "is in use by the engine" if at_work else "was left by a crash; the next engine clears it"
        yield good(f"{which}: index lock", f"{lock} {said}")
    writable = os.access(checkout.worktree, os.W_OK) and os.access(checkout.git_dir, os.W_OK)
    yield judged(
        f"{which}: rights",
        writable,
        f"this user (uid {os.geteuid()}) may {'' if writable else 'not '}write there",
        "run as the user that owns the repository",
    )


def _submodule(state: RepositoryState, recorded: str) -> Finding:
    name, pointer = "submodule", state.pointer
    if state.outer is None or pointer is None:
        return good(name, "no outer repository is configured, so no pointer is moved")
    if state.submodule_path != recorded:
        return bad(
            name,
            f"lies at {state.submodule_path} in the outer repository, recorded paths begin with {recorded}",
            f'set repository.submodule = "{state.submodule_path}", unless the wrong checkout is named',
        )
    if pointer.commit is None:
        return bad(
            name,
            f"the outer repository does not record {recorded} as a submodule",
            "`git submodule add` it, or empty repository.outer",
        )
    if not pointer.is_ancestor:
        return bad(
            name,
            f"the outer repository records {pointer.commit[:12]}, which is not in the artifacts' history",
            "fetch and merge it in the submodule; if that is lost for good, commit the tip there",
        )
    return good(name, f"recorded at {pointer.commit[:12]}" + ("" if pointer.is_tip else ", behind the tip"))


def _readable(checkout: Checkout) -> Finding:
    tip = checkout.resolve("HEAD")
    if tip is None:
        return bad("history", "there is no commit", "make a first commit")
    history.require_readable(checkout, tip)
    return good("history", "every folder of HEAD can be read (`verify` runs git fsck)")


def _filters(checkout: Checkout, state: RepositoryState, settings: Settings) -> Finding:
    """Other people's git would store figures otherwise than we do when a filter is assigned to them."""
    folder = settings.figures.folder
    probes = [f"{folder}/a-figure.{extension}" for extension in ("png", "jpg", "gif", "svg", "webp", "tif")]
    assigned = sorted(set(GitFacts(checkout, None).filtered(probes).values()))
    if assigned and not settings.repository.commit_artifact:
        return bad(
            "filters",
            f"attributes assign {', '.join(assigned)} to {folder}, which would be committed unfiltered",
            "set repository.commit_artifact to a function that commits through it, or take the attribute off",
        )
    defined = ", ".join(state.artifacts.filters) or "none defined"
    return good("filters", f"hooks and filters of the repository never run here (filters: {defined})")


def _remotes(checkout: Checkout, outer: Outer | None, settings: Settings) -> Iterator[Finding]:
    wanted = settings.repository
    if not wanted.push:
        yield good("remote", "nothing is pushed (repository.push = false)")
        return
    places = [("artifact repository", checkout)]
    if outer is not None:
        places.append(("outer repository", outer.checkout))
    for which, place in places:
        yield from _guarded(f"{which}: remote", partial(_remote, which, place, settings))


def _remote(which: str, checkout: Checkout, settings: Settings) -> Finding:
    name, remote = f"{which}: remote", settings.repository.remote
    if not has_remote(checkout, remote):
        return good(name, f"there is no remote {remote}, so nothing is pushed")
    branch = (checkout.branch() or f"refs/heads/{settings.repository.branch}").removeprefix("refs/heads/")
    found = remotes.ask(checkout, remote, branch, timeout=_REMOTE_TIMEOUT_S)
    if found.trouble:
        fix = (
            f"see that `git -C {checkout.worktree} ls-remote {remote}` works for this user without a password"
        )
        return bad(name, f"{remote} cannot be asked: {found.trouble}", fix)
    if found.is_ahead:
        fix = "fetch and merge first, or pushes are rejected"
        return bad(name, f"{remote} has commits on {branch} that are not here", fix)
    return good(name, f"{remote} answers" + ("" if found.tip else f", without a branch {branch} yet"))


def _disks(checkout: Checkout, outer: Outer | None, state: RepositoryState) -> Iterator[Finding]:
    staging = checkout.own_dir / "staging"
    yield judged(
        "staging",
        same_file_system(staging, checkout.worktree),
        f"{staging}, on the worktree's file system"
        if state.staging_on_same_file_system
        else f"{staging}, on another file system than the worktree",
        "keep git directory and worktree on one file system, so that a file appears by one link",
    )
    seen: set[int] = set()
    for place in (checkout.worktree, checkout.common_dir, *([outer.checkout.common_dir] if outer else [])):
        device = place.stat().st_dev
        if device not in seen:
            seen.add(device)
            yield from _guarded("disk space", partial(_room, place))


def _room(place: Path) -> Finding:
    room = space(place)
    files = f"{room.free_files:,} files" if room.free_files is not None else "any number of files"
    detail = f"{place}: room for {room.free_bytes / 1e9:.1f} GB and {files}"
    if room.read_only:
        return bad("disk space", f"{place} is mounted read-only", "mount it writable")
    enough = room.free_bytes >= _FREE_BYTES and (room.free_files is None or room.free_files >= _FREE_FILES)
    return judged(
        "disk space",
        enough,
        detail,
        f"make room: {_FREE_BYTES / 1e9:.1f} GB and {_FREE_FILES:,} files at least",
    )


def _changes(state: RepositoryState) -> Finding:
    number = state.changed_paths
    said = f"{number} paths are changed, staged or untracked; they are left alone" if number else "clean"
    return good("checkout", said)


def _guarded(name: str, look: Callable[[], Finding]) -> Iterator[Finding]:
    try:
        yield look()
    except ConsoleError as error:
        yield failed(name, error)
