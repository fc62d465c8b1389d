"""What symbolic links of the repository lead to, and the index of its files."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scidex_console.domain.folders.tree import TreeEntry, TreeIndex, is_led_to, led_to

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


_UUID = "6f1c9a0e-0000-4000-8000-00000000000a"
_NAMES = st.sampled_from(["a.png", "A.png", "a.html", "a", "b.tar.gz", "manifest.json", ".gitattributes"])
_FOLDERS = st.sampled_from(["", "figures/", "figures/x/", "models/", f"{_UUID}/", f"{_UUID}/inputs/"])
_PATHS = st.builds(str.__add__, _FOLDERS, _NAMES)
_ENTRIES = st.builds(TreeEntry, st.sampled_from(["100644", "120000"]), st.sampled_from(["b" * 40, "c" * 40]))
_TREES = st.dictionaries(_PATHS, _ENTRIES, max_size=14)


@given(_TREES, _TREES)
def test_an_index_that_followed_answers_like_one_made_anew(
    old: dict[str, TreeEntry], new: dict[str, TreeEntry]
) -> None:
    before = TreeIndex(old)
    changes = {path: new.get(path) for path in old | new if old.get(path) != new.get(path)}
    followed, anew = before.following(changes), TreeIndex(new)
    assert followed.entries == anew.entries
    assert followed.links == anew.links and followed.has_attributes == anew.has_attributes
    for path in old | new:
        folder, _, name = path.rpartition("/")
        assert followed.under(folder) == anew.under(folder)
        assert followed.with_stem(folder, name) == anew.with_stem(folder, name)
        assert followed.with_stem(folder, name[:1]) == anew.with_stem(folder, name[:1])
        assert followed.companions(path) == anew.companions(path)
        assert followed.has_twin(path) == anew.has_twin(path)
    assert before.under("figures") == TreeIndex(old).under("figures"), "the old one is as it was"


def test_a_folders_manifest_is_no_companion_of_a_file_of_the_same_stem() -> None:
    entry = TreeEntry("100644", "b" * 40)
    index = TreeIndex({f"{_UUID}/manifest.{kind}": entry for kind in ("json", "png", "html")})
    assert index.companions(f"{_UUID}/manifest.png") == [f"{_UUID}/manifest.html"]
