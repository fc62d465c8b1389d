"""What a demo store is planned to hold, at every scale, before anything is written."""

from __future__ import annotations

import re
from collections import Counter

import pytest

from scidex_console.demo.artifacts.contents import make_content
from scidex_console.demo.artifacts.model import SUBMODULE, Artifact, ContentKind, HashUse
from scidex_console.demo.artifacts.plan import FIRST_DAY, LAST_DAY, StorePlan, plan_store
from scidex_console.demo.artifacts.scale import FULL, SCALES, SMALL, Scale
from scidex_console.demo.artifacts.words import NAUGHTY_TITLES
from scidex_console.demo.hosts.addresses import all_addresses
from scidex_console.domain.paths import check_relative

_UUID = r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"


@pytest.fixture(scope="module")
def full() -> StorePlan:
    return plan_store(FULL, 1)


@pytest.fixture(scope="module", params=sorted(SCALES))
def plan(request: pytest.FixtureRequest, full: StorePlan) -> StorePlan:
    return full if request.param == "full" else plan_store(SCALES[request.param], 1)


def _of_type(plan: StorePlan, artifact_type: str) -> list[Artifact]:
    return [artifact for artifact in plan.artifacts if artifact.artifact_type == artifact_type]


def test_full_scale_has_the_real_stores_numbers(full: StorePlan) -> None:
    figures = _of_type(full, "paper_figure")
    with_file = [figure for figure in figures if figure.files]
    assert (len(full.artifacts), len(figures), len(with_file)) == (11_667, 4_302, 15)
    assert len(figures) - len(with_file) == 4_287


def test_small_scale_has_600_paper_figures_among_1200_artifacts() -> None:
    plan = plan_store(SMALL, 1)
    figures = _of_type(plan, "paper_figure")
    assert (len(plan.artifacts), len(figures)) == (1_200, 600)
    assert 0 < sum(bool(figure.files) for figure in figures) < 10


@pytest.mark.parametrize("artifacts", [0, 1, 7, 30, 200])
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_any_scale_adds_up(artifacts: int, seed: int) -> None:
    figures = artifacts // 2
    scale = Scale("odd", artifacts=artifacts, paper_figures=figures, figures_with_file=figures // 3)
    plan = plan_store(scale, seed)
    counts = Counter(artifact.artifact_type for artifact in plan.artifacts)
    assert sum(counts.values()) == artifacts
    assert counts["paper_figure"] == figures
    assert sum(bool(figure.files) for figure in _of_type(plan, "paper_figure")) == figures // 3


@pytest.mark.parametrize("numbers", [(10, 11, 0), (10, 5, 6), (10, 5, -1)])
def test_an_impossible_scale_is_refused(numbers: tuple[int, int, int]) -> None:
    with pytest.raises(ValueError, match="cannot have"):
        Scale("odd", *numbers)


def test_too_few_addresses_are_refused() -> None:
    with pytest.raises(ValueError, match="1 addresses for 600 paper figures"):
        plan_store(SMALL, 1, ["https://example.org/a.png"])


def test_the_same_seed_gives_the_same_plan_and_another_seed_another() -> None:
    assert plan_store(SMALL, 5) == plan_store(SMALL, 5)
    assert plan_store(SMALL, 5).artifacts != plan_store(SMALL, 6).artifacts


def test_every_paper_figure_has_a_recorded_address_of_its_own(plan: StorePlan) -> None:
    urls = [figure.metadata["image_url"] for figure in _of_type(plan, "paper_figure")]
    assert len(set(urls)) == len(urls)
    assert set(urls) <= {address.url for address in all_addresses()}


def test_lost_figures_have_no_path_or_one_that_leads_nowhere(plan: StorePlan) -> None:
    lost = [figure for figure in _of_type(plan, "paper_figure") if not figure.files]
    without = [figure for figure in lost if figure.file_path is None]
    assert len(lost) / 2 < len(without) < len(lost)
    present = {f"{SUBMODULE}/{path}" for path in plan.files()}
    assert not present & {figure.file_path for figure in lost}


def test_nothing_is_marked_unavailable_beforehand(plan: StorePlan) -> None:
    assert all("image_unavailable" not in artifact.metadata for artifact in plan.artifacts)


def test_ids_and_times_of_creation_are_unique_and_spread_over_months(plan: StorePlan) -> None:
    births = [artifact.created_at for artifact in plan.artifacts]
    assert len({artifact.id for artifact in plan.artifacts}) == len(plan.artifacts)
    assert births == sorted(set(births))
    assert FIRST_DAY <= births[0] < births[-1] <= LAST_DAY
    assert len({(birth.year, birth.month) for birth in births}) == 15
    assert all(artifact.updated_at >= artifact.created_at for artifact in plan.artifacts)


@pytest.mark.parametrize(
    ("artifact_type", "path"),
    [
        ("notebook", rf"notebooks/{_UUID}\.(ipynb|html)"),
        ("figure", r"figures/.+\.(png|svg)"),
        ("dataset", r"datasets/.+\.(csv|schema\.json)"),
        ("analysis", r"analyses/sess_SDA-202[56]-\d\d-\d\d-gap-[^/]+/[^/]+"),
        ("model", r"(models/.+\.(json|pkl|h5|md)|datasets/.+\.csv)"),
    ],
)
def test_files_are_named_the_way_of_their_type(plan: StorePlan, artifact_type: str, path: str) -> None:
    paths = [file.path for artifact in _of_type(plan, artifact_type) for file in artifact.files]
    assert paths
    assert [each for each in paths if not re.fullmatch(path, each)] == []


@pytest.mark.parametrize("artifact_type", ["hypothesis", "claim", "kg_entity"])
def test_some_types_live_in_the_database_alone(plan: StorePlan, artifact_type: str) -> None:
    artifacts = _of_type(plan, artifact_type)
    assert artifacts
    assert not any(artifact.files or artifact.file_path for artifact in artifacts)


@pytest.mark.parametrize(
    "identity",
    [
        r"paper_figure-[0-9a-f]{12}",
        r"figure-[0-9a-f]{6}",
        r"fig_[a-z0-9_]+",
        _UUID,
        rf"notebook-{_UUID}",
        r"sess_SDA-\d{4}-\d\d-\d\d-gap-.+",
        r"[A-Z0-9]+(_[A-Z0-9]+)+",
        r"h-[0-9a-f]{8}",
    ],
)
def test_ids_come_in_mixed_formats(plan: StorePlan, identity: str) -> None:
    assert any(re.fullmatch(identity, artifact.id) for artifact in plan.artifacts)


def test_rows_say_in_every_known_way_where_their_file_is(plan: StorePlan) -> None:
    ways: Counter[str] = Counter()
    for artifact in plan.artifacts:
        if not artifact.files or artifact.artifact_type in ("paper_figure", "analysis"):
            continue
        path = artifact.files[0].path
        forms = (path, f"{SUBMODULE}/{path}")
        in_metadata = [value for key, value in artifact.metadata.items() if key.endswith("_path")]
        in_chain = [step["path"] for step in artifact.provenance_chain or () if "path" in step]
        named = (artifact.file_path in forms, *(value in forms for value in (*in_metadata[:1], *in_chain)))
        if not any(named):
            # The row is silent: the file is found in its type's folder by the slug.
            assert artifact.metadata["slug"] == path.rpartition("/")[2].partition(".")[0]
            ways["scan"] += 1
        ways["column"] += artifact.file_path in forms
        ways["metadata"] += any(value in forms for value in in_metadata)
        ways["provenance"] += any(value in forms for value in in_chain)
    assert set(ways) == {"column", "metadata", "provenance", "scan"}
    assert all(ways.values())


def test_every_path_is_one_the_engine_may_write(plan: StorePlan) -> None:
    files = plan.files()
    for path, (file, _) in files.items():
        assert check_relative(path) == path
        assert not file.earlier_path or check_relative(file.earlier_path)
    earlier = [file.earlier_path for file, _ in files.values() if file.earlier_path]
    assert len(set(earlier)) == len(earlier)
    assert not set(earlier) & set(files)


def test_no_file_stands_where_another_needs_a_folder(plan: StorePlan) -> None:
    files = set(plan.files())
    parents = {path[:place] for path in files for place in range(len(path)) if path[place] == "/"}
    assert not files & parents


def test_links_never_run_in_a_circle_and_always_between_artifacts(plan: StorePlan) -> None:
    place = {artifact.id: number for number, artifact in enumerate(plan.artifacts)}
    assert plan.links
    assert all(place[link.target] < place[link.source] for link in plan.links)
    assert {"derives_from", "cites", "supports"} <= {link.link_type for link in plan.links}


def test_some_files_are_claimed_by_several_rows_and_some_by_none(plan: StorePlan) -> None:
    claims = Counter(file.path for artifact in plan.artifacts for file in artifact.files)
    assert any(count > 1 for count in claims.values())
    orphans = set(plan.files()) - set(claims)
    assert orphans == {file.path for file in plan.loose_files}


def test_some_hashes_are_stale_but_too_few_to_fail_a_migration(plan: StorePlan) -> None:
    with_files = [artifact for artifact in plan.artifacts if artifact.files]
    stale = [artifact for artifact in with_files if artifact.hash_use is HashUse.STALE]
    assert 0 < len(stale) < len(with_files) / 100
    assert all(artifact.files[0].rewritten and not artifact.records_sha256 for artifact in stale)


def test_a_key_that_is_no_files_hash_stands_beside_the_files_own_hash(plan: StorePlan) -> None:
    keyed = [artifact for artifact in plan.artifacts if artifact.files and artifact.hash_use is HashUse.KEY]
    assert keyed
    assert all(artifact.records_sha256 for artifact in keyed)


def test_the_store_is_awkward(plan: StorePlan) -> None:
    files = [file for file, _ in plan.files().values()]
    kinds = {file.kind for file in files}
    assert kinds == set(ContentKind)
    assert any(file.executable for file in files)
    assert any(file.earlier_path for file in files)
    assert any(not file.path.isascii() for file in files)
    assert any(" " in file.path and "[" in file.path for file in files)
    keys = Counter((file.kind, file.key) for file in files if file.kind is ContentKind.PNG)
    assert any(count > 1 for count in keys.values())
    titles = {artifact.title for artifact in plan.artifacts}
    assert {None, *NAUGHTY_TITLES} <= titles
    gone = [
        artifact
        for artifact in plan.artifacts
        if not artifact.files and {"notebook_path", "model_path"} & set(artifact.metadata)
    ]
    assert gone


def test_a_rewritten_file_held_something_else_before(plan: StorePlan) -> None:
    rewritten = [file for file, _ in plan.files().values() if file.rewritten]
    for file in rewritten:
        assert make_content(file, plan.seed) != make_content(file, plan.seed, first_version=True)


def test_files_are_small(full: StorePlan) -> None:
    sizes = [len(make_content(file, 1)) for file, _ in full.files().values()][:1500]
    assert max(sizes) < 100_000
    assert sum(sizes) / len(sizes) < 5_000
