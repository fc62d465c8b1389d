"""What pydantic found wrong, as one line that names the setting, its place and what would be right."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, SecretStr, ValidationError
from pydantic_core import ErrorDetails

from scidex_console.domain.errors import SettingError
from scidex_console.domain.sanitise import visible
from scidex_console.settings.fetch import GroupSettings
from scidex_console.settings.lines import SettingPath
from scidex_console.settings.whole import Settings

_RIGHT = {
    "bool_type": "true or false",
    "bool_parsing": "true or false",
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "int_parsing": "a whole number",
    "float_type": "a number",
    "float_parsing": "a number",
    "finite_number": "a finite number",
    "string_type": "text in quotes",
    "tuple_type": 'a list, such as ["one", "two"]',
}


def describe(error: ValidationError, places: Mapping[SettingPath, str], shown: str) -> SettingError:
    """Turn the first finding into words; further ones are counted. No secret is ever quoted."""
    findings = error.errors(include_url=False)
    first = findings[0]
    path = _clean(first["loc"])
    where = _place(path, places) or shown
    what, fix = _unknown(path) if first["type"] == "extra_forbidden" else _wrong(path, first)
    if len(findings) > 1:
        more = len(findings) - 1
        fix += f" ({more} more wrong setting{'s' if more > 1 else ''} after this one)"
    return SettingError(what, where=where, fix=fix)


def dotted(path: SettingPath) -> str:
    """A path as operators write it: `fetch.groups[1].rate`."""
    text = ""
    for part in path:
        text += f"[{part + 1}]" if isinstance(part, int) else f".{part}" if text else str(part)
    return visible(text, 120)


def _clean(loc: tuple[int | str, ...]) -> SettingPath:
    """Pydantic's location without the parts that name a kind of value rather than a setting."""
    path: list[int | str] = []
    model: type[BaseModel] | None = Settings
    for part in loc:
        if isinstance(part, str) and model is None:
            continue
        path.append(part)
        if isinstance(part, str) and model is not None:
            info = model.model_fields.get(part)
            model = _model(info.annotation) if info else None
    return tuple(path)


def _model(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return GroupSettings if annotation == tuple[GroupSettings, ...] else None


def _place(path: SettingPath, places: Mapping[SettingPath, str]) -> str:
    """Where a setting was written, or else the nearest thing around it."""
    for length in range(len(path), 0, -1):
        if path[:length] in places:
            return places[path[:length]]
        inside = [place for other, place in places.items() if other[:length] == path[:length]]
        if inside:
            return inside[0]
    return ""


def _unknown(path: SettingPath) -> tuple[str, str]:
    model: type[BaseModel] | None = Settings
    for part in path[:-1]:
        if isinstance(part, str) and model is not None:
            model = _model(model.model_fields[part].annotation)
    known = list(model.model_fields) if model else []
    what = f"there is no setting {dotted(path)}"
    if len(path) == 1:
        what = f"there is no section {dotted(path)}"
        known = list(Settings.model_fields)
    close = difflib.get_close_matches(str(path[-1]), known, n=1)
    if close:
        return what, f"did you mean {dotted((*path[:-1], close[0]))}?"
    elsewhere = [
        f"{section}.{path[-1]}"
        for section, info in Settings.model_fields.items()
        if (inner := _model(info.annotation)) and path[-1] in inner.model_fields
    ]
    if elsewhere:
        return what, f"did you mean {elsewhere[0]}?"
    return what, f"known here are {', '.join(known)}"


def _wrong(path: SettingPath, finding: ErrorDetails) -> tuple[str, str]:
    name = dotted(path)
    right = _right(path, finding)
    if finding["type"] == "missing" or finding["input"] == "":
        return f"{name} is missing", f"write {right}"
    value = finding["input"]
    if isinstance(value, dict | list | tuple | SecretStr) or _is_secret(path) or _model_at(path):
        return f"{name} is wrong", f"write {right}"
    return f"{name} is {_shown(value)}", f"write {right}"


def _right(path: SettingPath, finding: ErrorDetails) -> str:
    kind, context = finding["type"], finding.get("ctx", {})
    if kind == "missing":
        model = _model_at(path[:-1]) or Settings
        return f"one: {model.model_fields[str(path[-1])].description}"
    if kind in ("value_error", "assertion_error"):
        return str(context.get("error", finding["msg"]))
    if kind in ("model_type", "model_attributes_type", "dict_type"):
        return f"a table: [{dotted(path)}] with its settings below"
    if kind == "literal_error":
        return f"one of {context['expected'].replace(chr(39), chr(34))}"
    if kind == "string_pattern_mismatch":
        return "a short name of lower-case letters, digits, '.', '_' and '-'"
    if kind in ("string_too_long", "too_long"):
        return f"at most {context['max_length']} characters"
    if kind in ("string_too_short", "too_short"):
        return "some text"
    bounds = {"greater_than": "gt", "greater_than_equal": "ge", "less_than": "lt", "less_than_equal": "le"}
    if kind in bounds:
        words = {"gt": "more than {}", "ge": "{} or more", "lt": "less than {}", "le": "{} or less"}
        return "a number, " + words[bounds[kind]].format(f"{context[bounds[kind]]:g}")
    return _RIGHT.get(kind, finding["msg"])


def _is_secret(path: SettingPath) -> bool:
    model, leaf = _model_at(path[:-1]) or Settings, str(path[-1])
    return leaf in model.model_fields and model.model_fields[leaf].annotation is SecretStr


def _model_at(path: SettingPath) -> type[BaseModel] | None:
    model: type[BaseModel] | None = Settings if path else None
    for part in path:
        if isinstance(part, str):
            info = model.model_fields.get(part) if model else None
            model = _model(info.annotation) if info else None
    return model


def _shown(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return visible(f'"{value}"' if isinstance(value, str) else str(value), 80)
