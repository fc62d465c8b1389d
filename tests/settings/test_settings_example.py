"""config.example.toml is complete and true: every setting, at its real default, explained."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import BaseModel

from scidex_console.domain.hosts import DEFAULT_GROUPS
from scidex_console.settings import GroupSettings, Settings, load_settings

EXAMPLE = Path(__file__).resolve().parents[2] / "config.example.toml"
_SETTING = re.compile(r"#(?=\S)")


def uncommented() -> str:
    """The example with every setting taken out of its comment."""
    return "\n".join(
        _SETTING.sub("", line, count=1) for line in EXAMPLE.read_text(encoding="utf-8").split("\n")
    )


def fields() -> Iterator[tuple[str, str]]:
    for section, info in Settings.model_fields.items():
        model = info.annotation
        assert isinstance(model, type) and issubclass(model, BaseModel)
        for name in model.model_fields:
            yield section, name


@pytest.fixture
def everything(tmp_path: Path) -> Settings:
    """The settings of the example with everything taken out of its comments."""
    file = tmp_path / "all.toml"
    file.write_text(uncommented(), encoding="utf-8")
    return load_settings(file, environ={}, here=tmp_path)


def test_as_it_is_it_changes_nothing(tmp_path: Path) -> None:
    assert load_settings(EXAMPLE, environ={}, here=tmp_path) == Settings()


def test_every_setting_stands_in_it() -> None:
    example = tomllib.loads(uncommented())
    missing = [f"{section}.{name}" for section, name in fields() if name not in example.get(section, {})]
    assert not missing
    assert example["fetch"]["groups"][0].keys() == GroupSettings.model_fields.keys()


def test_every_default_in_it_is_the_real_one(everything: Settings) -> None:
    usual = Settings()
    for section, name in fields():
        if (section, name) != ("fetch", "groups"):
            assert getattr(getattr(everything, section), name) == getattr(getattr(usual, section), name), name
    assert everything.fetch.host_groups().configured() == DEFAULT_GROUPS


def test_every_setting_is_explained_above_it() -> None:
    explained = False
    for line in EXAMPLE.read_text(encoding="utf-8").split("\n"):
        if re.match(r"#[a-z_]+ = ", line):
            assert explained, f"no explanation above {line}"
        explained = line.startswith(("# ", "#[[")) or (explained and line.startswith("#"))


def test_every_setting_has_a_description() -> None:
    models: list[type[BaseModel]] = [GroupSettings]
    for info in Settings.model_fields.values():
        assert isinstance(info.annotation, type) and issubclass(info.annotation, BaseModel)
        models.append(info.annotation)
    undescribed = [
        f"{model.__name__}.{name}"
        for model in models
        for name, info in model.model_fields.items()
        if not (info.description or "").endswith(".")
    ]
    assert not undescribed
