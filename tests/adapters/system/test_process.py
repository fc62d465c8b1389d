"""The limit on open files, and the memory that is given back."""

from __future__ import annotations

import platform
import resource
import subprocess
import sys
from collections.abc import Iterator

import pytest

from scidex_console.adapters.system.process import file_limit


@pytest.fixture(autouse=True)
def limit_as_before() -> Iterator[None]:
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, before)


def test_limit_on_file_limit_is_raised_as_far_as_the_system_lets_us() -> None:
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (256, hard))
    assert file_limit(300) == 300
    assert resource.getrlimit(resource.RLIMIT_NOFILE) == (300, hard)
    if hard != resource.RLIM_INFINITY:
        assert file_limit(hard + 1) == hard


def test_limit_on_file_limit_is_never_lowered() -> None:
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    assert file_limit(16) == soft


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="the C library has no way to")
def test_what_was_freed_in_the_middle_of_the_heap_is_given_back() -> None:
    # In a process of its own: what else this one has freed would be given back with it.
    script = """
from pathlib import Path
from scidex_console.adapters.system.process import give_back_memory

def resident():
    return int(Path("/proc/self/statm").read_text().split()[1])

pieces = [bytearray(b"x") * (64 << 10) for _ in range(1024)]
kept = pieces[::32]
del pieces
before = resident()
give_back_memory()
print(before - resident())
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert int(done.stdout) * resource.getpagesize() > 32 << 20


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="the C library gives threads no heaps")
@pytest.mark.parametrize(("first", "own_heaps"), [("pass", True), ("share_one_heap()", False)])
def test_threads_have_no_heaps_of_their_own(first: str, own_heaps: bool) -> None:
    script = f"""
import re, threading
from pathlib import Path
from scidex_console.adapters.system.process import share_one_heap

def address_space():
    return int(re.search(r"VmSize:\\s+(\\d+)", Path("/proc/self/status").read_text())[1]) >> 10

{first}
threading.stack_size(1 << 20)
ready, over = threading.Barrier(5), threading.Event()

def hold():
    held = bytearray(b"x") * 100_000
    ready.wait()
    over.wait()

before = address_space()
for _ in range(4):
    threading.Thread(target=hold).start()
ready.wait()
print(address_space() - before)
over.set()
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert (int(done.stdout) >= 4 * 64) is own_heaps  # MiB that glibc sets aside for a heap


def test_what_is_loaded_is_not_looked_through_again_and_later_garbage_still_goes() -> None:
    script = """
import gc, weakref
from scidex_console.adapters.system.process import keep_what_is_loaded

class Node:
    pass

def ring():
    one = Node()
    one.itself = one
    return weakref.ref(one)

before = ring()
gc.disable()
keep_what_is_loaded()
after = ring()
looked_through = len(gc.get_objects())
gc.collect()
print(before() is None, after() is None, looked_through < gc.get_freeze_count())
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["True", "True", "True"]
