"""Every precondition is told when it does not hold, with what is wrong and how to mend it."""

from __future__ import annotations

import asyncio
import dataclasses
import io
import json
import secrets
import socket
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import certifi
import psycopg
import pytest
from psycopg import sql as compose
from pydantic import SecretStr

from scidex_console.adapters.postgres.inspection import inspect
from scidex_console.adapters.postgres.schema_runner import SchemaRunner
from scidex_console.adapters.system.disk import DiskSpace
from scidex_console.domain.checks import Finding
from scidex_console.domain.folders import hashes
from scidex_console.settings import Settings
from scidex_console.wiring import doctor
from scidex_console.wiring.preconditions import repository as on_disk
from scidex_console.wiring.preconditions.configuration import (
    configuration_findings,
    fetching_findings,
    terminal_findings,
)
from scidex_console.wiring.preconditions.database import database_findings
from scidex_console.wiring.preconditions.folders import folder_findings
from scidex_console.wiring.preconditions.repository import repository_findings
from tests.conftest import Databases
from tests.engine.verification.worked_store import WorkedStore, copied, settings_of
from tests.worlds import SmallStore, small_store

PASSWORD = "open sesame 71"
Named = Callable[..., Any]


@pytest.fixture(scope="module")
def original(
    _databases: Databases, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[SmallStore, str]]:
    with _databases("template0") as url:
        store = small_store(tmp_path_factory.mktemp("doctor"), url, figures=2, artifacts=10, with_file=1)
        asyncio.run(SchemaRunner(url).apply())
        yield store, urlsplit(url).path.removeprefix("/")


@pytest.fixture
def store(original: tuple[SmallStore, str], _databases: Databases, tmp_path: Path) -> Iterator[WorkedStore]:
    """A store ready for its first run, its settings complete."""
    built, database = original
    with _databases(database) as url:
        made = copied(built, tmp_path, url)
        yield dataclasses.replace(made, settings=changed(made.settings, "fetch", contact="ops@example.org"))


@pytest.fixture
def checkouts(original: tuple[SmallStore, str], tmp_path: Path) -> WorkedStore:
    """The repositories of such a store, without a database."""
    return copied(original[0], tmp_path, "postgresql:///nowhere")


@pytest.fixture
def store_database(original: tuple[SmallStore, str], _databases: Databases) -> Iterator[WorkedStore]:
    """The database of such a store; its files are shared and left alone."""
    built, database = original
    with _databases(database) as url:
        settings = settings_of(url, built.outer)
        yield WorkedStore(settings, url, built.outer, built.artifacts, ())


def polite() -> Settings:
    return changed(Settings(), "fetch", contact="ops@example.org")


def changed(settings: Settings, section: str, **values: object) -> Settings:
    """The settings with some values of one section replaced, checked anew."""
    fields = {name: getattr(settings, name) for name in type(settings).model_fields}
    part = fields[section]
    fields[section] = type(part)(**{**dict(part), **values})
    return Settings(**fields)


async def failing(settings: Settings) -> dict[str, Finding]:
    """All of it, for tests over several rooms."""
    return {finding.name: finding for finding in await doctor(settings) if not finding.ok}


async def bad_ones(settings: Settings) -> dict[str, Finding]:
    return {finding.name: finding for finding in await database_findings(settings) if not finding.ok}


def only_bad(findings: Iterable[Finding]) -> Finding:
    bad = [finding for finding in findings if not finding.ok]
    assert len(bad) == 1, bad
    assert bad[0].fix
    return bad[0]


async def bad_in_database(settings: Settings) -> Finding:
    return only_bad(await database_findings(settings))


async def bad_in_repository(settings: Settings) -> Finding:
    return only_bad(await repository_findings(settings))


def git_dir(store: WorkedStore) -> Path:
    return Path(store.git("rev-parse", "--absolute-git-dir"))


async def test_a_store_that_is_ready_has_nothing_to_mend(store: WorkedStore) -> None:
    findings = await doctor(store.settings)
    assert [finding for finding in findings if not finding.ok] == []
    names = [finding.name for finding in findings]
    assert len(names) == len(set(names))
    assert {"database", "schema", "rights", "clocks", "submodule", "disk space", "pace"} <= set(names)
    assert json.loads(json.dumps([dataclasses.asdict(finding) for finding in findings]))


async def test_without_any_configuration_it_says_what_to_configure() -> None:
    found = await failing(Settings())
    assert "config.toml" in found["database"].fix
    assert "config.toml" in found["artifact repository"].fix
    assert set(found) == {"database", "artifact repository", "contact"}


async def test_an_engine_that_only_observes_is_said_and_no_fault(store: WorkedStore) -> None:
    settings = changed(store.settings, "writes", enabled=False, authorization="")
    findings = {finding.name: finding for finding in await doctor(settings)}
    assert findings["writes"].ok and "observe" in findings["writes"].detail


async def test_hashes_that_are_not_of_files_are_told_with_what_mends_it(
    store: WorkedStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    with psycopg.connect(store.url) as connection:
        connection.execute("UPDATE artifacts SET content_hash = repeat('ab', 32)")
    assert all(finding.ok for finding in await folder_findings(store.settings)), "too few to judge by"
    monkeypatch.setattr(hashes, "LEAST_SAMPLED", 2)
    bad = only_bad(await folder_findings(store.settings))
    assert "sampled files differ from content_hash" in bad.detail
    assert bad.fix == 'write hash_source = ["metadata.file_sha256"] below [folders]'
    with psycopg.connect(store.url) as connection:
        connection.execute("UPDATE artifacts SET content_hash = NULL")
    assert all(finding.ok for finding in await folder_findings(store.settings))


async def test_a_commit_function_of_their_own_is_said_to_be_for_figures_only(store: WorkedStore) -> None:
    settings = changed(store.settings, "repository", commit_artifact="os.path:join")
    findings = {finding.name: finding for finding in await folder_findings(settings)}
    assert "commits figures" in findings["folders: commit function"].detail


# --- database -------------------------------------------------------------------------------------------


async def test_a_database_out_of_reach_is_told_without_its_password(store_database: WorkedStore) -> None:
    with socket.socket() as unheard:
        unheard.bind(("127.0.0.1", 0))
        url = f"postgresql://somebody:{PASSWORD}@127.0.0.1:{unheard.getsockname()[1]}/scidex".replace(
            " ", "%20"
        )
        finding = await bad_in_database(changed(store_database.settings, "database", url=SecretStr(url)))
    assert finding.name == "database"
    assert "sesame" not in finding.detail + finding.fix


async def test_a_schema_that_was_never_applied_names_the_command(store_database: WorkedStore) -> None:
    await SchemaRunner(store_database.url).revert()
    finding = await bad_in_database(store_database.settings)
    assert finding.name == "schema"
    assert "schema apply" in finding.fix


async def test_a_schema_applied_from_other_files_is_told(store_database: WorkedStore) -> None:
    store_database.sql("UPDATE scidex_console.schema_version SET checksum = 'x' WHERE version = 4")
    finding = await bad_in_database(store_database.settings)
    assert finding.name == "schema" and "other files: counters" in finding.detail


async def test_a_schema_of_a_newer_program_is_told(store_database: WorkedStore) -> None:
    store_database.sql(
        "INSERT INTO scidex_console.schema_version (version, name, checksum) VALUES (9999, 'next', 'x')"
    )
    finding = await bad_in_database(store_database.settings)
    assert "9999" in finding.detail and "newer version of this program" in finding.fix


@pytest.mark.parametrize(
    ("damage", "name"),
    [
        ("DROP INDEX scidex_console.operation_open", "index operation_open"),
        ("DROP INDEX idx_artifacts_paper_figure", "index idx_artifacts_paper_figure"),
        ("UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'idx_artifacts_migrated'::regclass",
         "index idx_artifacts_migrated"),
        ("ALTER TABLE scidex_console.audit DISABLE TRIGGER audit_append_only", "trigger audit_append_only"),
        ("DROP TABLE scidex_console.host_state", "table host_state"),
    ],
)  # fmt: skip
async def test_what_somebody_took_from_the_schema_is_named(
    store_database: WorkedStore, damage: str, name: str
) -> None:
    store_database.sql(damage)
    finding = await bad_in_database(store_database.settings)
    assert finding.name == "schema" and name in finding.detail


async def test_a_table_of_scidex_that_is_not_as_needed_is_told(store_database: WorkedStore) -> None:
    store_database.sql("DROP TABLE artifact_links CASCADE")
    finding = await bad_in_database(store_database.settings)
    assert finding.name == "tables of SciDEX" and "artifact_links is missing" in finding.detail


@pytest.fixture
def member(store_database: WorkedStore) -> Iterator[Callable[[str], Settings]]:
    """Settings for a login that is a member of one role only."""
    made: list[compose.Identifier] = []

    def as_member(role: str) -> Settings:
        name = f"test_{secrets.token_hex(5)}"
        with psycopg.connect(store_database.url, autocommit=True) as connection:
            login = compose.Identifier(name)
            connection.execute(compose.SQL("CREATE ROLE {} LOGIN PASSWORD {}").format(login, PASSWORD))
            made.append(login)
            if role:
                connection.execute(compose.SQL("GRANT {} TO {}").format(compose.Identifier(role), login))
        parts = urlsplit(store_database.url)
        place = parts.netloc.rpartition("@")[2]
        secret = PASSWORD.replace(" ", "%20")
        url = urlunsplit(parts._replace(netloc=f"{name}:{secret}@{place}"))
        return changed(store_database.settings, "database", url=SecretStr(url))

    yield as_member
    with psycopg.connect(store_database.url, autocommit=True) as connection:
        for login in made:
            connection.execute(compose.SQL("DROP ROLE {}").format(login))


async def test_links_without_an_index_are_advised_of_where_they_are_many(store_database: WorkedStore) -> None:
    ready = {finding.name: finding for finding in await database_findings(store_database.settings)}["links"]
    with psycopg.connect(store_database.url, autocommit=True) as connection:
        for (name,) in connection.execute(
            "SELECT indexrelid::regclass::text FROM pg_index WHERE indrelid = 'artifact_links'::regclass "
            "AND NOT indisprimary"
        ).fetchall():
            connection.execute(compose.SQL("DROP INDEX {}").format(compose.SQL(name)))
        connection.execute("UPDATE pg_class SET reltuples = 5 WHERE oid = 'artifact_links'::regclass")
        few = {finding.name: finding for finding in await database_findings(store_database.settings)}["links"]
        connection.execute("UPDATE pg_class SET reltuples = 3e6 WHERE oid = 'artifact_links'::regclass")
        connection.execute("CREATE INDEX ON artifact_links (source_artifact_id)")
        connection.execute("UPDATE pg_class SET reltuples = 3e6 WHERE oid = 'artifact_links'::regclass")
    many = {finding.name: finding for finding in await database_findings(store_database.settings)}["links"]
    assert ready.ok and few.ok and many.ok
    assert not few.fix and "needs none for 5 links" in few.detail
    assert many.fix == "CREATE INDEX CONCURRENTLY ON artifact_links (target_artifact_id)"
    assert "3000000 links" in many.detail


async def test_an_account_without_a_role_is_told_which_to_be_granted(
    member: Callable[[str], Settings],
) -> None:
    found = await bad_ones(member(""))
    assert {"schema", "rights"} <= set(found)
    assert "GRANT scidex_viewer TO test_" in found["rights"].fix


async def test_an_operator_cannot_run_an_engine_that_is_to_write(member: Callable[[str], Settings]) -> None:
    settings = member("scidex_operator")
    finding = await bad_in_database(settings)
    assert finding.name == "rights"
    assert "GRANT scidex_engine" in finding.fix
    assert await bad_ones(changed(settings, "writes", enabled=False, authorization="")) == {}


async def test_an_engines_account_may_run_an_engine(member: Callable[[str], Settings]) -> None:
    assert await bad_ones(member("scidex_engine")) == {}


async def test_clocks_that_differ_are_measured(store_database: WorkedStore) -> None:
    late = timedelta(minutes=3)
    state = await inspect(store_database.url, now=lambda: datetime.now(UTC) - late, stalled_after_s=15)
    assert state.clock_ahead_s == pytest.approx(180, abs=5)


async def test_clocks_that_differ_are_told(
    store_database: WorkedStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    module = "scidex_console.wiring.preconditions.database.SystemClock.now"
    monkeypatch.setattr(module, lambda self: datetime.now(UTC) + timedelta(minutes=3))
    finding = await bad_in_database(store_database.settings)
    assert finding.name == "clocks" and "behind" in finding.detail


async def test_a_server_that_is_nearly_full_is_told(store_database: WorkedStore) -> None:
    limit = int(store_database.sql("SHOW max_connections")[0]["max_connections"])
    sessions = []
    try:
        for _ in range(limit - 15):
            sessions.append(psycopg.connect(store_database.url))
        found = await bad_ones(store_database.settings)
    finally:
        for session in sessions:
            session.close()
    assert set(found) == {"connections"}


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ("heartbeat_at = now() - interval '5 minutes'", "stalled"),
        ("heartbeat_at = now(), writes = false", "only observes"),
    ],
)
async def test_an_engine_that_is_not_as_it_should_be_is_told(
    store_database: WorkedStore, fields: str, told: str
) -> None:
    store_database.sql(
        "UPDATE scidex_console.engine SET running = true, holder = '1@elsewhere', started_at = now(),"
        " writes = true, heartbeat_at = now(), epoch = 4"
    )
    store_database.sql(f"UPDATE scidex_console.engine SET {fields}")
    with psycopg.connect(store_database.url, autocommit=True) as engine:
        engine.execute("SELECT pg_advisory_lock(740196003, 1)")
        finding = await bad_in_database(store_database.settings)
    assert finding.name == "engine" and told in finding.detail and "1@elsewhere" in finding.detail


@pytest.mark.parametrize("started", ["NULL", "now()"], ids=["no engine ever", "engine ended"])
async def test_an_open_run_without_an_engine_is_told_with_how_to_start_one(
    store_database: WorkedStore, started: str
) -> None:
    store_database.sql(f"UPDATE scidex_console.engine SET running = false, started_at = {started}")
    made = store_database.sql(
        "INSERT INTO scidex_console.run (job, state, operator, origin)"
        " VALUES ('figures', 'paused', 'anna', 'cli'), ('folders', 'done', 'anna', 'cli') RETURNING id"
    )
    finding = await bad_in_database(store_database.settings)
    assert finding.name == "engine"
    assert f"run {made[0]['id']} of figures is paused, and no engine works on it" in finding.detail
    assert "folders" not in finding.detail
    assert "`scidex-console engine`" in finding.fix
    store_database.sql("UPDATE scidex_console.run SET state = 'cancelled'")
    assert await bad_ones(store_database.settings) == {}


# --- repositories ---------------------------------------------------------------------------------------


async def test_a_folder_without_a_repository_is_told(checkouts: WorkedStore, tmp_path: Path) -> None:
    finding = await bad_in_repository(changed(checkouts.settings, "repository", path=tmp_path / "nowhere"))
    assert finding.name == "artifact repository" and "nowhere" in finding.detail


async def test_an_outer_repository_that_is_another_one_is_told(
    checkouts: WorkedStore, tmp_path: Path
) -> None:
    other = tmp_path / "other"
    checkouts.git("init", "--quiet", str(other))
    finding = await bad_in_repository(changed(checkouts.settings, "repository", outer=other))
    assert finding.name == "outer repository" and "is not inside it" in finding.detail


async def test_a_detached_head_is_told_with_the_way_back(checkouts: WorkedStore) -> None:
    checkouts.git("checkout", "--quiet", "--detach")
    finding = await bad_in_repository(checkouts.settings)
    assert finding.name == "artifact repository: branch"
    assert "checkout main" in finding.fix


async def test_another_branch_than_the_configured_one_is_told(checkouts: WorkedStore) -> None:
    checkouts.git("checkout", "--quiet", "-b", "aside")
    finding = await bad_in_repository(checkouts.settings)
    assert finding.name == "artifact repository: branch" and "on aside, not on main" in finding.detail


async def test_a_merge_in_progress_is_told(checkouts: WorkedStore) -> None:
    (git_dir(checkouts) / "MERGE_HEAD").write_text(checkouts.git("rev-parse", "HEAD") + "\n")
    finding = await bad_in_repository(checkouts.settings)
    assert finding.name == "artifact repository: work in progress" and "a merge" in finding.detail


async def test_an_index_lock_of_another_process_is_told(checkouts: WorkedStore) -> None:
    (git_dir(checkouts) / "index.lock").touch()
    finding = await bad_in_repository(checkouts.settings)
    assert finding.name == "artifact repository: index lock" and "by hand" in finding.fix


async def test_an_index_lock_that_a_crash_of_ours_left_mends_itself(checkouts: WorkedStore) -> None:
    (git_dir(checkouts) / "index.lock").write_text("scidex-console index lock\n1@host apply\n")
    findings = {finding.name: finding for finding in await repository_findings(checkouts.settings)}
    lock = findings["artifact repository: index lock"]
    assert lock.ok and "the next engine clears it" in lock.detail


async def test_recorded_paths_that_begin_elsewhere_are_told(checkouts: WorkedStore) -> None:
    finding = await bad_in_repository(changed(checkouts.settings, "repository", submodule="data/artifacts"))
    assert finding.name == "submodule"
    assert 'repository.submodule = "data/scidex-artifacts"' in finding.fix


async def test_a_pointer_that_left_the_history_is_told(checkouts: WorkedStore) -> None:
    tree = checkouts.git("rev-parse", "HEAD^{tree}")
    elsewhere = checkouts.git("commit-tree", tree, "-m", "Elsewhere")
    checkouts.git(
        "update-index", "--cacheinfo", f"160000,{elsewhere},data/scidex-artifacts", folder=checkouts.outer
    )
    checkouts.git("commit", "--quiet", "-m", "Point elsewhere", folder=checkouts.outer)
    finding = await bad_in_repository(checkouts.settings)
    assert finding.name == "submodule" and elsewhere[:12] in finding.detail


async def test_an_outer_repository_without_the_submodule_is_told(checkouts: WorkedStore) -> None:
    checkouts.git("rm", "--quiet", "--cached", "data/scidex-artifacts", folder=checkouts.outer)
    checkouts.git("commit", "--quiet", "-m", "Forget it", folder=checkouts.outer)
    finding = await bad_in_repository(checkouts.settings)
    assert finding.name == "submodule" and "does not record" in finding.detail


async def test_a_remote_that_does_not_answer_is_told_without_credentials(checkouts: WorkedStore) -> None:
    with socket.socket() as unheard:
        unheard.bind(("127.0.0.1", 0))
        port = unheard.getsockname()[1]
        checkouts.git("remote", "set-url", "origin", f"http://me:sesame@127.0.0.1:{port}/artifacts.git")
        finding = await bad_in_repository(checkouts.settings)
    assert finding.name == "artifact repository: remote" and "cannot be asked" in finding.detail
    assert "sesame" not in finding.detail + finding.fix


async def test_a_remote_that_never_answers_is_given_up(
    checkouts: WorkedStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(on_disk, "_REMOTE_TIMEOUT_S", 0.5)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        checkouts.git("remote", "set-url", "origin", f"http://127.0.0.1:{port}/artifacts.git")
        finding = await bad_in_repository(checkouts.settings)
    assert "did not end within" in finding.detail


async def test_a_remote_that_has_more_than_we_do_is_told(checkouts: WorkedStore) -> None:
    checkouts.git("commit", "--quiet", "--allow-empty", "-m", "More")
    checkouts.git("push", "--quiet", "origin", "main")
    checkouts.git("reset", "--quiet", "--hard", "HEAD~1")
    checkouts.git("update-ref", "refs/remotes/origin/main", "HEAD")
    finding = await bad_in_repository(checkouts.settings)
    assert finding.name == "artifact repository: remote" and "not here" in finding.detail


async def test_a_filter_assigned_to_figures_is_told(checkouts: WorkedStore) -> None:
    (checkouts.artifacts / ".gitattributes").write_text("figures/*.png filter=lfs diff=lfs merge=lfs\n")
    finding = await bad_in_repository(checkouts.settings)
    assert finding.name == "filters" and "lfs" in finding.detail


async def test_a_damaged_folder_of_head_is_told(checkouts: WorkedStore) -> None:
    checkouts.git("commit", "--quiet", "--allow-empty", "-m", "On top")
    (checkouts.artifacts / "figures/more.txt").write_text("more")
    checkouts.git("add", "figures/more.txt")
    checkouts.git("commit", "--quiet", "-m", "One more folder")
    tree = checkouts.git("rev-parse", "HEAD:figures")
    place = git_dir(checkouts) / "objects" / tree[:2] / tree[2:]
    place.chmod(0o644)
    place.write_bytes(b"damaged")
    finding = await bad_in_repository(checkouts.settings)
    assert "damaged" in finding.detail and "fsck" in finding.fix


@pytest.mark.parametrize("limit", ["_FREE_BYTES", "_FREE_FILES"])
async def test_too_little_room_is_told(
    checkouts: WorkedStore, monkeypatch: pytest.MonkeyPatch, limit: str
) -> None:
    monkeypatch.setattr(on_disk, limit, 1 << 70)
    assert (await bad_in_repository(checkouts.settings)).name == "disk space"


async def test_staging_on_another_file_system_is_told(
    checkouts: WorkedStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(on_disk, "same_file_system", lambda one, other: False)
    assert (await bad_in_repository(checkouts.settings)).name == "staging"


async def test_a_read_only_disk_is_told(checkouts: WorkedStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(on_disk, "space", lambda place: DiskSpace(1 << 40, 1 << 41, None, read_only=True))
    finding = await bad_in_repository(checkouts.settings)
    assert finding.name == "disk space" and "read-only" in finding.detail


async def test_changes_of_others_are_counted_and_no_fault(checkouts: WorkedStore) -> None:
    (checkouts.artifacts / "notes.txt").write_text("mine")
    findings = {finding.name: finding for finding in await repository_findings(checkouts.settings)}
    assert findings["checkout"].ok and "1 paths" in findings["checkout"].detail


# --- configuration and fetching --------------------------------------------------------------------------


def test_a_commit_function_that_cannot_be_had_is_told() -> None:
    settings = changed(Settings(), "repository", commit_artifact="scidex.nowhere:commit_artifact")
    finding = only_bad(configuration_findings(settings, None))
    assert finding.name == "commit function" and "scidex.nowhere" in finding.detail


@pytest.mark.parametrize(
    ("values", "name"),
    [
        ({"contact": ""}, "contact"),
        ({"allow_networks": ("127.0.0.0/8",)}, "guard"),
        ({"default_rate": 5.0}, "pace"),
        ({"groups": ({"name": "europepmc", "rate": 20.0},)}, "pace"),
        ({"groups": ({"name": "ncbi", "in_flight": 50},)}, "pace"),
        ({"groups": ({"name": "ours", "hosts": ("*.europepmc.org",), "in_flight": 5},)}, "pace"),
        ({"groups": ({"name": "ncbi", "hosts": ("cdn.example.org",)},)}, "pace"),
        ({"groups": ({"name": "elsewhere", "hosts": ("cdn.example.org",), "rate": 3.0},)}, "pace"),
    ],
)
def test_impolite_fetching_is_told_outside_the_demo(values: dict[str, object], name: str) -> None:
    settings = changed(polite(), "fetch", **values)
    assert only_bad(fetching_findings(settings)).name == name
    only_named_demo = changed(settings, "environment", name="demo")
    assert only_bad(fetching_findings(only_named_demo)).name == name


@pytest.mark.parametrize(
    ("connect_to", "polite_enough"),
    [
        ((":80:127.0.0.1:8080", ":443:127.0.0.1:8443"), True),
        (("::127.0.0.1:8080",), True),
        ((":443:127.0.0.1:8443",), False),
        ((":80:127.0.0.1:8080", "europepmc.org:443:127.0.0.1:8443"), False),
        (("europepmc.org:443:192.0.2.7:443", ":80:127.0.0.1:8080", ":443:127.0.0.1:8443"), False),
        ((":80:hosts.example.org:80", ":443:hosts.example.org:443"), False),
    ],
)
def test_any_pace_is_right_where_every_request_stays_on_this_machine(
    connect_to: tuple[str, ...], polite_enough: bool
) -> None:
    values = {"connect_to": connect_to, "allow_networks": ("127.0.0.0/8",), "contact": ""}
    groups = ({"name": "europepmc", "rate": 20.0},)
    findings = list(fetching_findings(changed(Settings(), "fetch", **values, groups=groups)))
    bad = [finding.name for finding in findings if not finding.ok]
    assert bad == ([] if polite_enough else ["contact", "guard", "pace"])


def test_a_budget_above_the_agreed_one_names_both() -> None:
    settings = changed(polite(), "fetch", groups=({"name": "europepmc", "rate": 3.0, "in_flight": 8},))
    told = "above the agreed budget: europepmc 3/s instead of 2/s, 8 in flight instead of 4"
    assert only_bad(fetching_findings(settings)).detail == told


def test_the_file_the_settings_came_from_is_named() -> None:
    [configuration, _] = configuration_findings(Settings(), Path("site.toml"))
    assert configuration.detail.endswith(", from site.toml")


@pytest.mark.parametrize("content", [None, "", "no certificate at all"])
def test_certificates_that_cannot_be_used_are_told(tmp_path: Path, content: str | None) -> None:
    ca_file = tmp_path / "authorities.pem"
    if content is not None:
        ca_file.write_text(content)
    finding = only_bad(fetching_findings(changed(polite(), "fetch", ca_file=ca_file)))
    assert finding.name == "certificates" and "authorities.pem" in finding.detail


def test_one_certificate_is_told_in_the_singular(tmp_path: Path) -> None:
    whole = Path(certifi.where()).read_text()
    ca_file = tmp_path / "authorities.pem"
    ca_file.write_text(whole[: whole.index("-----END CERTIFICATE-----")] + "-----END CERTIFICATE-----\n")
    findings = fetching_findings(changed(polite(), "fetch", ca_file=ca_file))
    [found] = [finding for finding in findings if finding.name == "certificates"]
    assert found.detail == f"1 certificate of authorities in {ca_file}"


class Terminal(io.TextIOWrapper):
    """Standard output on a terminal."""

    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("encoding", "term", "columns", "told"),
    [
        ("utf-8", "dumb", "80", "TERM names none"),
        ("latin-1", "xterm-256color", "80", "not UTF-8"),
        ("utf-8", "xterm-256color", "59", "59x24 is too small"),
        ("utf-8", "xterm-256color", "60", ""),
    ],
)
def test_a_terminal_the_console_cannot_use_is_told(
    monkeypatch: pytest.MonkeyPatch, encoding: str, term: str, columns: str, told: str
) -> None:
    with Terminal(io.BytesIO(), encoding=encoding) as terminal:
        monkeypatch.setattr("sys.stdout", terminal)
        for name, value in (("TERM", term), ("COLUMNS", columns), ("LINES", "24")):
            monkeypatch.setenv(name, value)
        findings = list(terminal_findings())
        monkeypatch.undo()
    assert [finding.ok for finding in findings] == [not told]
    assert told in findings[0].detail
