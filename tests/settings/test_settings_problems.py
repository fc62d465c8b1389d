"""A wrong, missing or unknown setting is one line: where it stands, what it is, what would be right."""

from __future__ import annotations

from pathlib import Path

import pytest

from scidex_console.domain.errors import SettingError
from scidex_console.settings import Settings, load_settings


def problem(folder: Path, text: str, **environ: str) -> str:
    """What loading this file says; fails when it says nothing."""
    (folder / "config.toml").write_text(text, encoding="utf-8")
    with pytest.raises(SettingError) as caught:
        load_settings(environ=environ, here=folder)
    assert caught.value.exit_code == 2
    line = str(caught.value)
    assert "\n" not in line
    return line


WRONG = {
    "a number that is text": (
        '[figures]\nmax_attempts = "three"',
        'config.toml:2: figures.max_attempts is "three"; write a whole number',
    ),
    "a number too small": (
        "[batch]\n\nfiles = 0",
        "config.toml:3: batch.files is 0; write a number, 1 or more",
    ),
    "a number too large": (
        "[batch]\nfiles = 1001",
        "config.toml:2: batch.files is 1001; write a number, 1000 or less",
    ),
    "a number in quotes": (
        '[fetch]\ndefault_rate = "2"',
        'config.toml:2: fetch.default_rate is "2"; write a number',
    ),
    "no rate at all": (
        "[fetch]\ndefault_rate = 0",
        "config.toml:2: fetch.default_rate is 0; write a number, more than 0",
    ),
    "an endless rate": (
        "[fetch]\ndefault_rate = inf",
        "config.toml:2: fetch.default_rate is inf; write a finite number",
    ),
    "yes for true": (
        '[writes]\nenabled = "yes"',
        'config.toml:2: writes.enabled is "yes"; write true or false',
    ),
    "one for true": ("[writes]\nenabled = 1", "config.toml:2: writes.enabled is 1; write true or false"),
    "a name that is a number": (
        "[environment]\nname = 7",
        "config.toml:2: environment.name is 7; write text in quotes",
    ),
    "an empty name": (
        '[environment]\nname = ""',
        "config.toml:2: environment.name is missing; write some text",
    ),
    "a name with a newline": (
        '[environment]\nname = "a\\nb"',
        'config.toml:2: environment.name is "a\\nb"; write one line of printable text, 200 characters at '
        "most",
    ),
    "a name too long": (
        f'[environment]\nname = "{"x" * 25}"',
        f'config.toml:2: environment.name is "{"x" * 25}"; write at most 24 characters',
    ),
    "production that says it is not": (
        '[environment]\nname = "Production"',
        "config.toml:1: environment.production is false; write true, since the environment is named "
        "'production'",
    ),
    "a duration that is a number": (
        "[figures]\nback_off = 60",
        "config.toml:2: figures.back_off is 60; write a duration with its unit, in quotes, such as "
        '"30s", "15m" or "2h"',
    ),
    "a duration without unit": (
        '[figures]\nback_off = "60"',
        'config.toml:2: figures.back_off is "60"; write a duration such as "30s", "15m", "2h" or "1h30m"',
    ),
    "no duration": (
        '[engine]\nheartbeat = "0s"',
        'config.toml:2: engine.heartbeat is "0s"; write a duration longer than nothing, such as "30s"',
    ),
    "bounds the wrong way round": (
        '[figures]\nback_off = "2h"\nback_off_longest = "1h"',
        'config.toml:3: figures.back_off_longest is "1h"; write a duration not shorter than figures.back_off',
    ),
    "stalled before the second heartbeat": (
        '[engine]\nheartbeat = "10s"\nstalled_after = "15s"',
        'config.toml:3: engine.stalled_after is "15s"; write a duration of at least two heartbeats '
        "(engine.heartbeat)",
    ),
    "a choice that is none": (
        '[figures]\nprobe = "post"',
        'config.toml:2: figures.probe is "post"; write one of "head-then-get" or "get"',
    ),
    "writing without authorization": (
        "# frozen\n[writes]\nenabled = true",
        "config.toml:2: writes.authorization is missing; write the reference of the approval: "
        "writes.enabled = true needs one",
    ),
    "writing with an empty authorization": (
        '[writes]\nenabled = true\nauthorization = ""',
        "config.toml:3: writes.authorization is missing; write the reference of the approval: "
        "writes.enabled = true needs one",
    ),
    "a folder that leaves the repository": (
        '[figures]\nfolder = "../figures"',
        'config.toml:2: figures.folder is "../figures"; write a relative path with forward slashes '
        "(a path must not leave its folder)",
    ),
    "a branch that git would read as an option": (
        '[repository]\nbranch = "--force"',
        "config.toml:2: repository.branch is \"--force\"; write a plain name of letters, digits, '.', '_', "
        "'/' and '-', such as \"main\"",
    ),
    "a function that is none": (
        '[repository]\ncommit_artifact = "os.system"',
        'config.toml:2: repository.commit_artifact is "os.system"; write a function such as '
        '"scidex.atlas.artifact_commit:commit_artifact", or ""',
    ),
    "one network of several": (
        '[fetch]\nallow_networks = [\n  "127.0.0.0/8",\n  "intranet",\n]',
        'config.toml:2: fetch.allow_networks[2] is "intranet"; write a network such as "127.0.0.0/8" or '
        '"fd00::/8"',
    ),
    "a network with host bits": (
        '[fetch]\nallow_networks = ["10.1.2.3/8"]',
        'config.toml:2: fetch.allow_networks[1] is "10.1.2.3/8"; write a network such as "127.0.0.0/8" or '
        '"fd00::/8"',
    ),
    "a list that is none": (
        '[fetch]\nallow_networks = "127.0.0.0/8"',
        'config.toml:2: fetch.allow_networks is "127.0.0.0/8"; write a list, such as ["one", "two"]',
    ),
    "a port out of range": (
        "[fetch]\nallow_ports = [8080, 70000]",
        "config.toml:2: fetch.allow_ports[2] is 70000; write a number, 65535 or less",
    ),
    "a detour without its networks": (
        '[fetch]\nconnect_to = [":443:127.0.0.1:8443"]',
        "config.toml:2: fetch.connect_to is wrong; write it together with fetch.allow_networks, the networks "
        "it may lead to",
    ),
    "a detour that is none": (
        '[fetch]\nallow_networks = ["127.0.0.0/8"]\nconnect_to = ["127.0.0.1:8443"]',
        'config.toml:3: fetch.connect_to[1] is "127.0.0.1:8443"; write HOST:PORT:ADDRESS:PORT, such as '
        '"europepmc.org:443:127.0.0.1:8443"',
    ),
    "a user agent with an unknown part": (
        '[fetch]\nuser_agent = "bot {name}"',
        'config.toml:2: fetch.user_agent is "bot {name}"; write plain ASCII text; only {version} and '
        "{contact} are filled in",
    ),
    "a group without hosts": (
        '[[fetch.groups]]\nname = "ncbi"\n\n[[fetch.groups]]\nname = "publisher"',
        "config.toml:4: fetch.groups[2].hosts is wrong; write at least one host name, such as "
        '["*.example.org"]',
    ),
    "a group without a name": (
        '[[fetch.groups]]\nhosts = ["a.org"]',
        "config.toml:1: fetch.groups[1].name is missing; write one: Name of the group, as the hosts pane and "
        "`throttle` know it.",
    ),
    "a host that is an address": (
        '[[fetch.groups]]\nname = "a"\nhosts = ["https://a.org/"]',
        'config.toml:3: fetch.groups[1].hosts[1] is "https://a.org/"; write a host name such as '
        '"europepmc.org", or "*.europepmc.org" for all below it',
    ),
    "one host in two groups": (
        '[[fetch.groups]]\nname = "a"\nhosts = ["a.org"]\n[[fetch.groups]]\nname = "b"\nhosts = ["A.org"]',
        "config.toml:1: fetch.groups is wrong; write each host once; 'a.org' is there twice",
    ),
    "a value instead of a section": (
        "fetch = 3",
        "config.toml:1: fetch is wrong; write a table: [fetch] with its settings below",
    ),
    "an unknown setting with a neighbour": (
        "[figures]\nmax_attempt = 3",
        "config.toml:2: there is no setting figures.max_attempt; did you mean figures.max_attempts?",
    ),
    "an unknown setting without one": (
        "[batch]\ncolour = 3",
        "config.toml:2: there is no setting batch.colour; known here are files, marks",
    ),
    "a setting in the wrong section": (
        '[figures]\nsubmodule = "data"',
        "config.toml:2: there is no setting figures.submodule; did you mean repository.submodule?",
    ),
    "an unknown section": (
        "[figuers]\nmax_attempts = 3",
        "config.toml:1: there is no section figuers; did you mean figures?",
    ),
    "a setting outside a section": (
        'probe = "get"\n[figures]\nfolder = "f"',
        "config.toml:1: there is no section probe; did you mean figures.probe?",
    ),
    "an unknown setting of a group": (
        '[[fetch.groups]]\nname = "a"\nhosts = ["a.org"]\nrat = 2',
        "config.toml:4: there is no setting fetch.groups[1].rat; did you mean fetch.groups[1].rate?",
    ),
    "several at once": (
        '[figures]\nprobe = "post"\nmax_attempts = 0',
        'config.toml:2: figures.probe is "post"; write one of "head-then-get" or "get" '
        "(1 more wrong setting after this one)",
    ),
}


@pytest.mark.parametrize("case", WRONG)
def test_a_wrong_file_names_line_setting_and_what_is_right(case: str, tmp_path: Path) -> None:
    text, expected = WRONG[case]
    assert problem(tmp_path, text) == expected


WRONG_VARIABLES = {
    "a wrong value": (
        "FIGURES__PROBE",
        "post",
        'figures.probe is "post"; write one of "head-then-get" or "get"',
    ),
    "a number that is none": ("BATCH__FILES", "many", 'batch.files is "many"; write a whole number'),
    "a truth that is none": ("WRITES__ENABLED", "yes", 'writes.enabled is "yes"; write true or false'),
    "two values in one": (
        "BATCH__FILES",
        "1\nmarks = 2",
        'batch.files is "1\\nmarks = 2"; write a whole number',
    ),
    "an unknown setting": (
        "FIGURES__PROB",
        "get",
        "there is no setting figures.prob; did you mean figures.probe?",
    ),
    "an unknown section": ("FIGURE__PROBE", "get", "there is no section figure; did you mean figures?"),
    "a section": (
        "FIGURES",
        "get",
        "names no setting; write SCIDEX_CONSOLE__SECTION__KEY, such as SCIDEX_CONSOLE__DATABASE__URL",
    ),
    "too deep": (
        "FETCH__GROUPS__NAME",
        "a",
        "names no setting; write SCIDEX_CONSOLE__SECTION__KEY, such as SCIDEX_CONSOLE__DATABASE__URL",
    ),
    "writing without authorization": (
        "WRITES__ENABLED",
        "true",
        "writes.authorization is missing; write the reference of the approval: "
        "writes.enabled = true needs one",
    ),
}


@pytest.mark.parametrize("case", WRONG_VARIABLES)
def test_a_wrong_variable_is_named(case: str, tmp_path: Path) -> None:
    name, value, expected = WRONG_VARIABLES[case]
    said = problem(tmp_path, "", **{f"SCIDEX_CONSOLE__{name}": value})
    if case == "an unknown section":
        expected = f"$SCIDEX_CONSOLE__{name}: {expected}"
        assert said == expected
    else:
        assert said == f"$SCIDEX_CONSOLE__{name}: {expected}"


def test_a_value_that_could_move_the_cursor_is_shown_harmlessly(tmp_path: Path) -> None:
    said = problem(tmp_path, '[figures]\nprobe = "\\u001b[2J\\u202e"')
    assert "\x1b" not in said and "‮" not in said
    assert "\\x1b[2J\\u202e" in said


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("[figures]\nprobe = get", 2),
        ("[figures]\n[batch]\n[figures]\n", 3),
        ("[batch]\nfiles = 1\nfiles = 2", 3),
        ("[batch]\nfiles = ", 2),
    ],
)
def test_what_is_not_toml_is_named_with_its_line(text: str, line: int, tmp_path: Path) -> None:
    said = problem(tmp_path, text)
    assert said.startswith(f"config.toml:{line}: this is not TOML: ")
    assert said.endswith("; see config.example.toml for how settings are written")


def test_a_named_file_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(SettingError, match=r"--config: there is no file nowhere\.toml"):
        load_settings(Path("nowhere.toml"), environ={}, here=tmp_path)
    with pytest.raises(SettingError, match=r"\$SCIDEX_CONSOLE_CONFIG: there is no file other\.toml"):
        load_settings(environ={"SCIDEX_CONSOLE_CONFIG": "other.toml"}, here=tmp_path)


def test_a_file_that_is_no_text_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_bytes(b"[figures]\n\xff\xfe")
    with pytest.raises(SettingError, match=r"config\.toml: is not UTF-8 text"):
        load_settings(environ={}, here=tmp_path)


def test_a_missing_address_says_how_to_give_one() -> None:
    with pytest.raises(SettingError, match=r"database.url is missing.*SCIDEX_CONSOLE__DATABASE__URL"):
        Settings().database.need_url()
    with pytest.raises(SettingError, match=r"repository.path is missing.*\[repository\]"):
        Settings().repository.need_path()


# --- secrets ----------------------------------------------------------------------------------------------

SECRET = "hunter2"

LEAKY = {
    "another database": f'[database]\nurl = "mysql://u:{SECRET}@h/d"',
    "not a text": f'[database]\nurl = ["postgresql://u:{SECRET}@h/d"]',
    "a value instead of a section": f'database = "postgresql://u:{SECRET}@h/d"',
    "an unknown key": f'[database]\nurll = "postgresql://u:{SECRET}@h/d"',
    "another mistake beside it": f'[database]\nurl = "postgresql://u:{SECRET}@h/d"\n[batch]\nfiles = 0',
    "a mistake right after it": f'[database]\nurl = "postgresql://u:{SECRET}@h/d\n[batch]\nfiles = 0',
}


@pytest.mark.parametrize("case", LEAKY)
def test_an_error_never_shows_a_password(case: str, tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text(LEAKY[case], encoding="utf-8")
    with pytest.raises(SettingError) as caught:
        load_settings(environ={}, here=tmp_path)
    assert SECRET not in str(caught.value)
    assert caught.value.__context__ is None or SECRET not in str(caught.value.__context__)
    assert "ValidationError" not in type(caught.value.__context__).__name__


def test_a_loaded_password_is_not_shown_by_repr_or_json(tmp_path: Path) -> None:
    url = f"postgresql://u:{SECRET}@h/d"
    settings = load_settings(environ={"SCIDEX_CONSOLE__DATABASE__URL": url}, here=tmp_path)
    assert settings.database.need_url() == url
    for shown in (repr(settings), str(settings), settings.model_dump_json(), repr(settings.model_dump())):
        assert SECRET not in shown
