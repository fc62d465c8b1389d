"""Which files are an artifact's."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scidex_console.domain.folders.layout import FolderLayout, folder_of
from scidex_console.domain.folders.resolving import (
    Resolved,
    is_in_a_folder,
    recorded_paths,
    resolve,
    with_companions,
)
from tests.domain.folders.samples import OTHER, RULES, SUBMODULE, UUID, WORKTREE, row, tree

NB = "notebooks/a b.ipynb"


@pytest.mark.parametrize("recorded", [f"{SUBMODULE}/{NB}", f"{WORKTREE}/{NB}", NB])
@pytest.mark.parametrize("key", ["notebook_path", "figure_path"])
def test_path_is_understood_in_every_recorded_form(recorded: str, key: str) -> None:
    assert resolve(row({key: recorded}), tree(NB), RULES) == Resolved((NB,))
    assert resolve(row(file_path=recorded), tree(NB), RULES) == Resolved((NB,))
    assert resolve(row(provenance_chain=[{"path": recorded}]), tree(NB), RULES) == Resolved((NB,))


def test_key_of_the_type_comes_first_even_when_it_is_not_configured() -> None:
    model = row({"figure_path": "m/loss.png", "model_path": "m/weights.pt"}, artifact_type="model")
    assert resolve(model, tree("m/weights.pt", "m/loss.png"), RULES).files == ("m/weights.pt", "m/loss.png")


def test_metadata_comes_before_file_path_and_that_before_the_chain() -> None:
    rich = row(
        {"dataset_path": "d.csv", "notebook_path": ["n.ipynb", "n.html"]},
        file_path="f.png",
        provenance_chain=[{"path": "c.png"}, {"notebook_path": "n.ipynb"}],
    )
    assert list(recorded_paths(rich, RULES)) == ["n.ipynb", "n.html", "d.csv", "f.png", "c.png"]


def test_path_recorded_in_two_forms_is_one_file() -> None:
    twice = row({"notebook_path": f"{SUBMODULE}/{NB}"}, file_path=f"{WORKTREE}/{NB}")
    assert resolve(twice, tree(NB), RULES) == Resolved((NB,))


@pytest.mark.parametrize(
    "chain",
    [
        None, "", "notebooks/a b.ipynb", 5, 1.5, True, [], {}, [None, 3, "x", [], [{}]], {"step": "load"},
        [{"path": None}], [{"path": 7}], [{"path": {"path": NB}}], {"path": ""}, [{"path": "  "}],
    ],
)  # fmt: skip
def test_chain_without_a_path_leads_to_nothing(chain: Any) -> None:
    assert resolve(row(provenance_chain=chain), tree(NB), RULES) == Resolved()


@pytest.mark.parametrize(
    "chain", [{"path": NB}, [{"path": [NB]}], [{}, {"notebook_path": NB}], [{"path": [[NB], None]}]]
)
def test_chain_of_an_odd_shape_still_tells_its_path(chain: Any) -> None:
    assert resolve(row(provenance_chain=chain), tree(NB), RULES) == Resolved((NB,))


@pytest.mark.parametrize(
    "recorded",
    ["https://x.org/a.png", "file:///a.png", "s3://b/a.png", "data:image/png;base64,a//b", "", " "],
)
def test_what_is_no_path_is_ignored(recorded: str) -> None:
    assert resolve(row({"figure_path": recorded}), tree(NB), RULES) == Resolved()


@pytest.mark.parametrize(
    "recorded", ["notebooks/gone.ipynb", "/elsewhere/a.ipynb", f"{SUBMODULE}x/{NB}", f"{NB}/x"]
)
def test_path_that_leads_nowhere_is_missing(recorded: str) -> None:
    assert resolve(row({"notebook_path": recorded}), tree(NB), RULES) == Resolved((), (recorded,))


def test_missing_path_beside_a_found_one_is_told() -> None:
    both = row({"notebook_path": [NB, "notebooks/gone.html"]})
    assert resolve(both, tree(NB), RULES) == Resolved((NB,), ("notebooks/gone.html",))


@pytest.mark.parametrize(
    ("submodule", "recorded", "found"),
    [
        (SUBMODULE, f"/home/other/repo/{SUBMODULE}/{NB}", (NB,)),
        (SUBMODULE, f"/{SUBMODULE}/{NB}", (NB,)),
        (SUBMODULE, f"/home/other/{SUBMODULE}/notebooks/", (NB,)),
        (SUBMODULE, f"/home/other/{SUBMODULE}", ()),
        (SUBMODULE, f"/home/other/{SUBMODULE}/", ()),
        (SUBMODULE, f"/home/other/{SUBMODULE}-old/{NB}", ()),
        (SUBMODULE, f"home/other/{SUBMODULE}/{NB}", ()),
        ("data", f"/mnt/data/{NB}", ()),
    ],
)
def test_path_of_another_checkout_means_what_follows_the_submodule(
    submodule: str, recorded: str, found: tuple[str, ...]
) -> None:
    rules = replace(RULES, submodule=submodule)
    other = row({"run_path": recorded}, artifact_type="run")
    assert resolve(other, tree(NB), rules) == Resolved(found, () if found else (recorded,))


@pytest.mark.parametrize("recorded", ["runs/s1", "runs/s1/", f"{SUBMODULE}/runs/s1", f"{WORKTREE}/runs/s1/"])
def test_folder_gives_all_its_files_the_primary_one_first(recorded: str) -> None:
    store = tree(
        "runs/s1/a.txt", "runs/s1/z.png", "runs/s1/deep/a.csv", "runs/s1/b.csv", "runs/s1.png",
        "runs/s10/c.csv",
    )  # fmt: skip
    found = resolve(row({"notebook_path": recorded}), store, RULES)
    assert found == Resolved(("runs/s1/b.csv", "runs/s1/deep/a.csv", "runs/s1/z.png", "runs/s1/a.txt"))


@pytest.mark.parametrize(
    "recorded",
    [
        "../a.png", "figures/../../a.png", f"{SUBMODULE}/../x.png", f"{WORKTREE}/../../etc/passwd", "./a.png",
        f"/home/other/{SUBMODULE}/../a.png",
        ".git/config", "figures/.GIT/a", ".git./a", "a\nb.png", "a\0b.png", "x" * 256, "figures//a.png",
        SUBMODULE, f"{SUBMODULE}/", WORKTREE, "é" * 128, "a/\udcff.png",
    ],
)  # fmt: skip
def test_unsafe_path_is_quarantined(recorded: str) -> None:
    found = resolve(row({"figure_path": recorded}, file_path=NB), tree(NB), RULES)
    assert found.files == (NB,)
    assert found.quarantine.startswith("a recorded path is not safe")


def test_name_of_255_bytes_is_not_too_long() -> None:
    assert resolve(row(file_path="x" * 255), tree("x" * 255), RULES) == Resolved(("x" * 255,))


@pytest.mark.parametrize(
    ("store", "reason"),
    [
        (tree(NB, links="l"), "symbolic link"),
        (tree(NB, repositories="l"), "repository inside"),
        (tree("l", "L"), "case only"),
        (tree("l/x", "L/x"), "case only"),
        (tree("l/a", "l/b\nc"), "not safe"),
    ],
)
def test_file_that_must_not_be_moved_is_quarantined(store: Any, reason: str) -> None:
    assert reason in resolve(row(file_path="l"), store, RULES).quarantine


@pytest.mark.parametrize("kind", ["links", "repositories"])
def test_path_through_a_link_or_another_repository_is_quarantined(kind: str) -> None:
    found = resolve(row(file_path="figures/l/deep/a.png"), tree(NB, **{kind: "figures/l"}), RULES)
    assert "goes through" in found.quarantine
    assert not found.files


@pytest.mark.parametrize("recorded", ["notebooks", "notebooks/", f"{SUBMODULE}/analyses"])
def test_folder_of_a_whole_type_is_quarantined(recorded: str) -> None:
    found = resolve(row(file_path=recorded), tree(NB, "analyses/s1/a.csv"), RULES)
    assert "whole type" in found.quarantine
    assert not found.files


HASH = "a" * 64


@pytest.mark.parametrize(
    ("fields", "stored"),
    [
        ({"metadata": {"slug": "tau-map"}}, "notebooks/tau-map.ipynb"),
        ({"metadata": {"slug": "Tau-Map"}}, "notebooks/tau-map.ipynb"),
        ({"metadata": {"slug": "tau-map"}}, "notebooks/tau-map.schema.json"),
        ({"metadata": {"slug": "tau-map"}}, "notebooks/tau-map/run/a.csv"),
        ({"metadata": {"slug": "v1.2"}}, "notebooks/v1.2.csv"),
        ({"metadata": {"slug": "tau.v2"}}, "notebooks/tau.v2.gz"),
        ({"id": "sess_1"}, "notebooks/sess_1.ipynb"),
        ({"id": "sess_1"}, "notebooks/sess_1/out.csv"),
        ({"id": "sess_1", "artifact_type": "analysis"}, "analyses/sess_1/out.csv"),
        ({"content_hash": HASH}, f"notebooks/{HASH}.ipynb"),
        ({"content_hash": f"sha256:{HASH}"}, f"notebooks/{HASH}.ipynb"),
        ({"metadata": {"file_sha256": HASH}}, f"notebooks/{HASH}.ipynb"),
        ({"title": "Tau: the Map"}, "notebooks/tau_the_map.ipynb"),
    ],
)
def test_scan_finds_files_by_slug_id_hash_or_title(fields: dict[str, Any], stored: str) -> None:
    assert resolve(row(**fields), tree(stored, "notebooks/other.ipynb"), RULES) == Resolved((stored,))


@pytest.mark.parametrize(
    ("slug", "stored"),
    [("tau", "notebooks/tau-map.ipynb"), ("tau", "figures/tau.png"), ("v1", "notebooks/v1.2.csv"),
     ("tau", "notebooks/x/tau.ipynb"), ("../figures/tau", "figures/tau.png"), ("", "notebooks/.x"),
     (5, "notebooks/5")],
)  # fmt: skip
def test_scan_takes_no_file_of_another_name_or_folder(slug: Any, stored: str) -> None:
    assert resolve(row({"slug": slug}), tree(stored), RULES) == Resolved()


def test_scan_by_the_slug_comes_before_the_id() -> None:
    store = tree("notebooks/notebook-1.ipynb", "notebooks/s.html", "notebooks/s.ipynb")
    assert resolve(row({"slug": "s"}), store, RULES).files == ("notebooks/s.ipynb", "notebooks/s.html")


def test_row_whose_file_is_gone_is_scanned_for_by_name_but_not_by_title() -> None:
    gone = row({"notebook_path": "gone.ipynb"}, title="Map")
    assert resolve(gone, tree("notebooks/map.ipynb"), RULES) == Resolved((), ("gone.ipynb",))
    by_id = resolve(gone, tree("notebooks/notebook-1.ipynb"), RULES)
    assert by_id == Resolved(("notebooks/notebook-1.ipynb",), ("gone.ipynb",))


def test_row_with_a_recorded_file_is_not_scanned_for() -> None:
    assert resolve(row({"slug": "s"}, file_path=NB), tree(NB, "notebooks/s.ipynb"), RULES).files == (NB,)


@pytest.mark.parametrize("folder", [UUID, f"0b/{UUID}"])
def test_files_in_the_own_folder_are_found_without_manifest_and_links(folder: str) -> None:
    store = tree(
        f"{folder}/manifest.json", f"{folder}/b.txt", f"{folder}/a.png", f"{folder}/accessories/c.ipynb",
        links=f"{folder}/inputs/{OTHER}",
    )  # fmt: skip
    own = row(artifact_dir=f"{SUBMODULE}/{folder}", primary_filename="b.txt")
    files = (f"{folder}/b.txt", f"{folder}/a.png", f"{folder}/accessories/c.ipynb")
    assert resolve(own, store, RULES) == Resolved(files)
    assert set(resolve(row(file_path=folder), store, RULES).files) == set(files)
    assert (
        resolve(row(file_path=f"{folder}/manifest.json"), tree(f"{folder}/manifest.json"), RULES)
        == Resolved()
    )
    assert all(is_in_a_folder(file) for file in files)


@pytest.mark.parametrize("shard", [0, 2])
def test_files_in_the_own_folder_are_found_though_the_row_does_not_say_that_it_has_one(shard: int) -> None:
    rules = replace(RULES, layout=FolderLayout(shard))
    folder = rules.layout.folder(UUID)
    files = (f"{folder}/a.png", f"{folder}/accessories/late.csv")
    moved = row({"figure_path": "figures/a.png"}, artifact_type="figure")
    assert resolve(moved, tree(*files), rules) == Resolved(files, ("figures/a.png",))
    assert resolve(replace(moved, uuid=None), tree(*files), rules) == Resolved((), ("figures/a.png",))
    assert resolve(moved, tree("figures/a.png", *files), rules) == Resolved(("figures/a.png",))


def test_accessories_that_were_added_to_the_own_folder_are_found_beside_a_recorded_file() -> None:
    late, gone = "late.csv", "gone.csv"
    files = (f"{UUID}/a.png", f"{UUID}/accessories/{late}")
    store = tree(*files, f"{UUID}/accessories/not_named.csv", f"{OTHER}/accessories/{gone}")
    own = row(file_path=files[0], artifact_dir=f"{SUBMODULE}/{UUID}", accessory_filenames=[late, gone])
    assert resolve(own, store, RULES) == Resolved(files)


@pytest.mark.parametrize(
    "artifact_dir", ["", "figures", f"{SUBMODULE}/{OTHER}", f"x/{UUID}", f"../{UUID}", "/"]
)
def test_recorded_folder_that_is_not_the_own_one_is_not_looked_into(artifact_dir: str) -> None:
    store = tree(f"{OTHER}/a.png", "figures/a.png", f"x/{UUID}/a.png")
    assert resolve(row(artifact_dir=artifact_dir), store, RULES) == Resolved()


def test_companions_carry_the_name_of_the_primary_file() -> None:
    store = tree(
        "n/a.v1.ipynb", "n/a.v1.html", "n/A.v1.schema.json", "n/a.v1.ipynb.md5", "n/a.v1", "n/a.v2.html",
        "n/a.html", "n/a.v1.2.html", "n/a.v1b.html", "m/a.v1.html",
    )  # fmt: skip
    found = with_companions(resolve(row(file_path="n/a.v1.ipynb"), store, RULES), store, set())
    assert found.files[0] == "n/a.v1.ipynb"
    assert set(found.files[1:]) == {"n/a.v1.html", "n/A.v1.schema.json", "n/a.v1.ipynb.md5"}


def test_companion_that_is_claimed_named_or_unsafe_is_left_alone() -> None:
    store = tree("a.ipynb", "a", "a.html", "a.csv", "a.PNG", "a.png", links="a.svg")
    named = resolve(row({"dataset_path": "a.csv"}, file_path="a.ipynb"), store, RULES)
    assert with_companions(named, store, {"a.html"}).files == ("a.csv", "a.ipynb")


def test_companion_in_the_folder_of_an_artifact_is_left_there() -> None:
    store = tree(f"{UUID}/manifest.csv", f"{UUID}/manifest.json", f"{UUID}/manifest.html")
    found = resolve(row(file_path=f"{UUID}/manifest.csv"), store, RULES)
    assert with_companions(found, store, set()).files == (f"{UUID}/manifest.csv",)


@pytest.mark.parametrize("found", [Resolved(), Resolved((), ("gone",)), Resolved(("a.ipynb",), (), "unsafe")])
def test_nothing_is_added_where_nothing_is_moved(found: Resolved) -> None:
    assert with_companions(found, tree("a.ipynb", "a.html"), set()) == found


_NAMES = ["figures", "notebooks", "a", "A", "a.png", "a.b.png", "x y", "é", UUID, "0b"]
_SAFE = st.lists(st.sampled_from(_NAMES), min_size=1, max_size=4).map("/".join)
_PATHS = st.lists(st.sampled_from([*_NAMES, "..", ".git"]), min_size=1, max_size=4).map("/".join)
_RECORDED = st.builds("".join, st.tuples(st.sampled_from(["", f"{SUBMODULE}/", f"{WORKTREE}/", "/"]), _PATHS))
_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8) | _RECORDED,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["path", "figure_path", "slug", "x"]), inner, max_size=3)
    ),
    max_leaves=8,
)


@given(
    metadata=st.dictionaries(st.sampled_from(["notebook_path", "figure_path", "slug"]), _JSON, max_size=3),
    chain=_JSON,
    file_path=st.none() | _RECORDED,
    paths=st.sets(_SAFE, max_size=8),
)
def test_whatever_a_row_holds_only_files_that_git_has_are_its_own(
    metadata: dict[str, Any], chain: Any, file_path: str | None, paths: set[str]
) -> None:
    store = tree(*paths)
    found = resolve(row(metadata, provenance_chain=chain, file_path=file_path), store, RULES)
    assert set(found.files) <= paths
    assert len(set(found.files)) == len(found.files)
    assert not [f for f in found.files if folder_of(f) and f.endswith("/manifest.json")]
    more = with_companions(found, store, paths)
    assert more == found
    if not found.quarantine:
        assert not [f for f in found.files if sum(p.lower() == f.lower() for p in paths) > 1]


@given(st.sets(_SAFE, max_size=20), _SAFE)
def test_index_finds_exactly_what_lies_below_a_folder(paths: set[str], folder: str) -> None:
    assert tree(*paths).under(folder) == sorted(p for p in paths if p.startswith(f"{folder}/"))


@pytest.mark.parametrize(
    ("primary_filename", "stored", "lost"),
    [
        (None, (), False),
        ("map.ipynb", (), True),
        ("map.ipynb", (NB,), False),
        ("map.IPYNB", (NB,), False),
        ("map.csv", (NB,), True),
        ("map", (NB,), True),
    ],
)
def test_primary_file_that_a_row_is_known_to_have_is_lost_when_none_of_its_kind_is_found(
    primary_filename: str | None, stored: tuple[str, ...], lost: bool
) -> None:
    named = row(file_path=NB, primary_filename=primary_filename)
    assert resolve(named, tree(*stored), RULES).lost_primary is lost
