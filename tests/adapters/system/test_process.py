"""The limit on open files."""

from __future__ import annotations

import resource
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
