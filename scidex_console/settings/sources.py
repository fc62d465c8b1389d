"""Where settings come from: one file, and variables of the environment. Each value remembers its place."""

from __future__ import annotations

import re
import tomllib
import types
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, Literal, Union, get_args, get_origin

import platformdirs
from pydantic import BaseModel, SecretStr

from scidex_console.domain.errors import SettingError
from scidex_console.domain.sanitise import visible
from scidex_console.settings.lines import SettingPath, setting_lines
from scidex_console.settings.whole import Settings

FILE_VARIABLE = "SCIDEX_CONSOLE_CONFIG"
PREFIX = "SCIDEX_CONSOLE__"
READERS_VARIABLE = "ARTIFACT_FOLDER_READERS_ENABLED"
"""The feature flag of phase 3, by the specification's own name; it goes before the setting's usual one."""


@dataclass
class Source:
    """Values of one source, and the place of each: `config.toml:12`, or `$SCIDEX_CONSOLE__FIGURES__PROBE`."""

    values: dict[str, Any] = field(default_factory=dict)
    places: dict[SettingPath, str] = field(default_factory=dict)


def find_file(given: Path | None, environ: Mapping[str, str], here: Path) -> Path | None:
    """The configuration file: `--config`, $SCIDEX_CONSOLE_CONFIG, ./config.toml, the user's; None: none."""
    named = [(given, "--config")] if given else []
    if not named and environ.get(FILE_VARIABLE):
        named = [(Path(environ[FILE_VARIABLE]).expanduser(), f"${FILE_VARIABLE}")]
    for path, where in named:
        if not (here / path).is_file():
            raise SettingError(
                f"there is no file {path}", where=where, fix="name an existing configuration file"
            )
        return here / path
    for path in (here / "config.toml", platformdirs.user_config_path("scidex-console") / "config.toml"):
        if path.is_file():
            return path
    return None


def read_file(path: Path, shown: str) -> Source:
    """Values and lines of a configuration file; `shown` is how messages name it."""
    try:
        text = path.read_bytes().decode("utf-8")
    except OSError as error:
        raise SettingError(
            f"cannot be read: {error.strerror}",
            where=shown,
            fix="make it readable, or name another by --config",
        ) from error
    except UnicodeDecodeError as error:
        raise SettingError("is not UTF-8 text", where=shown, fix="save it as UTF-8") from error
    try:
        values = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise _not_toml(error, text, shown) from error
    lines = setting_lines(text.replace("\r\n", "\n"))
    source = Source(values, {where: f"{shown}:{number}" for where, number in lines.items()})
    _resolve_paths(Settings, source.values, path.resolve().parent)
    return source


def _not_toml(error: tomllib.TOMLDecodeError, text: str, shown: str) -> SettingError:
    found = re.fullmatch(r"(.*) \(at (?:line (\d+), column \d+|end of document)\)", str(error), re.DOTALL)
    what, line = (found[1], found[2] or len(text.splitlines())) if found else (str(error), 1)
    return SettingError(
        f"this is not TOML: {visible(what)}",
        where=f"{shown}:{line}",
        fix="see config.example.toml for how settings are written",
    )


def _resolve_paths(model: type[BaseModel], values: dict[str, Any], folder: Path) -> None:
    """Make the paths of a file relative to its folder, whatever the current one is."""
    for name, info in model.model_fields.items():
        value = values.get(name)
        inner = _model_of(info.annotation)
        if inner is not None and isinstance(value, dict):
            _resolve_paths(inner, value, folder)
        elif Path in get_args(info.annotation) and isinstance(value, str) and value and "\0" not in value:
            values[name] = str(folder / Path(value).expanduser())


def read_environment(environ: Mapping[str, str]) -> Source:
    """Values of the variables `SCIDEX_CONSOLE__SECTION__KEY`; all but text is written as in TOML."""
    source = Source()
    for variable in sorted(name for name in environ if name.startswith(PREFIX)):
        path = tuple(part.lower() for part in variable.removeprefix(PREFIX).split("__"))
        model = (
            _model_of(Settings.model_fields[path[0]].annotation) if path[0] in Settings.model_fields else None
        )
        if len(path) != 2 or not path[1]:
            raise SettingError(
                "names no setting",
                where=f"${variable}",
                fix=f"write {PREFIX}SECTION__KEY, such as {PREFIX}DATABASE__URL",
            )
        info = model.model_fields.get(path[1]) if model else None
        text = environ[variable]
        value = text if info is None or _is_text(info.annotation) else _toml_value(text)
        source.values.setdefault(path[0], {})[path[1]] = value
        source.places[path] = f"${variable}"
    if given := environ.get(READERS_VARIABLE):
        source.values.setdefault("readers", {})["enabled"] = _flag(given)
        source.places["readers", "enabled"] = f"${READERS_VARIABLE}"
    return source


def _flag(text: str) -> bool | str:
    """A flag as people write it into an environment; the text itself when it is none."""
    return {"true": True, "1": True, "false": False, "0": False}.get(text.strip().lower(), text)


def _toml_value(text: str) -> Any:
    """The value as TOML reads it; the text itself when it is none (which the model then refuses by name)."""
    try:
        parsed = tomllib.loads(f"value = {text.strip()}")
    except tomllib.TOMLDecodeError:
        return text
    return parsed["value"] if len(parsed) == 1 else text


def _model_of(annotation: Any) -> type[BaseModel] | None:
    return annotation if isinstance(annotation, type) and issubclass(annotation, BaseModel) else None


def _is_text(annotation: Any) -> bool:
    origin = get_origin(annotation)
    if origin is Literal:
        return True
    if origin in (Union, types.UnionType, Annotated):
        return any(_is_text(part) for part in get_args(annotation))
    return annotation in (str, SecretStr, Path, timedelta)
