"""What symbolic links of the repository lead to."""

from __future__ import annotations

import pytest

from scidex_console.domain.folders.tree import is_led_to, led_to

CHECKOUT = "/srv/scidex/data/scidex-artifacts"


@pytest.mark.parametrize(
    ("link", "target", "end"),
    [
        ("figures/latest.png", "one.png", "figures/one.png"),
        ("links/up.png", "../figures/one.png", "figures/one.png"),
        ("links/folder", "../figures/", "figures"),
        ("links/absolute.png", f"{CHECKOUT}/figures/one.png", "figures/one.png"),
        ("top", "./figures/./one.png", "figures/one.png"),
    ],
)
def test_a_link_leads_to_a_path_of_the_repository(link: str, target: str, end: str) -> None:
    assert led_to({link: target}, CHECKOUT) == {end}


@pytest.mark.parametrize("target", ["/etc/passwd", "../../outside", "..", "../..", f"{CHECKOUT}/../x"])
def test_a_link_that_leaves_the_repository_leads_to_nothing_of_it(target: str) -> None:
    assert led_to({"links/out": target}, CHECKOUT) == frozenset()


def test_whatever_lies_in_a_folder_is_led_to_with_it() -> None:
    ends = led_to({"links/folder": "../figures", "links/file": "../data/a.csv"}, CHECKOUT)
    assert is_led_to("figures/deep/one.png", ends)
    assert is_led_to("data/a.csv", ends)
    assert not is_led_to("data/a.csv.gz", ends)
    assert not is_led_to("figures2/one.png", ends)
    assert not is_led_to("data/b.csv", ends)
