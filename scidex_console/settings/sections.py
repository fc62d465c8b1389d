"""Every section but fetch, folders and console: names, defaults, units and meanings."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, Field, SecretStr, ValidationInfo, field_validator

from scidex_console.domain.controls import AskedTwice, ControlRules, WithoutControl
from scidex_console.domain.errors import SettingError
from scidex_console.domain.figures import BackOff
from scidex_console.domain.rescue import EXAMPLES, RescueRule
from scidex_console.settings.values import (
    SECTION,
    Count,
    Duration,
    InsidePath,
    OneLine,
    OptionalPath,
    RefName,
)


class EnvironmentSettings(BaseModel):
    """`[environment]`: which world this is; it stands on every screen."""

    model_config = SECTION

    name: Annotated[OneLine, Field(min_length=1, max_length=24)] = Field(
        default="development", description="Name of the environment, 24 characters at most."
    )
    production: bool = Field(
        default=False,
        strict=True,
        description="Whether this is production, which every screen then says loudly.",
    )

    @field_validator("production")
    @classmethod
    def _says_what_it_is(cls, value: bool, info: ValidationInfo) -> bool:
        name = str(info.data.get("name", "")).strip().lower()
        if not value and name in ("production", "prod", "live"):
            raise ValueError(f"true, since the environment is named {name!r}")
        return value


class DatabaseSettings(BaseModel):
    """`[database]`: the PostgreSQL that holds `artifacts`."""

    model_config = SECTION

    url: SecretStr = Field(
        default=SecretStr(""),
        description="Address of the database, such as postgresql://scidex_operator@db.example.org/scidex. "
        "A password is better kept in a password file of libpq or in the environment.",
    )
    statement_timeout: Duration = Field(
        default=timedelta(seconds=30),
        description="Longest one statement of the engine or a command may take.",
    )
    console_timeout: Duration = Field(
        default=timedelta(seconds=2), description="Longest one statement of the console may take."
    )

    @field_validator("url")
    @classmethod
    def _postgres(cls, value: SecretStr) -> SecretStr:
        text = value.get_secret_value()
        if text and not re.match(r"postgres(ql)?://|[a-z_]+ *=", text):
            raise ValueError('a PostgreSQL address such as "postgresql://user@host:5432/scidex"')
        return value

    def need_url(self) -> str:
        """The address, password included. Raises `SettingError` when none is set."""
        url = self.url.get_secret_value()
        if not url:
            raise missing("database.url", "postgresql://user@host:5432/scidex")
        return url


class RepositorySettings(BaseModel):
    """`[repository]`: the artifact repository and the outer repository around it."""

    model_config = SECTION

    path: OptionalPath = Field(default=None, description="Checkout of the artifact repository.")
    outer: OptionalPath = Field(
        default=None, description="Checkout of the outer repository whose submodule it is; empty: none."
    )
    submodule: InsidePath = Field(
        default="data/scidex-artifacts",
        description="Place of the artifact repository inside the outer one; recorded paths begin with it.",
    )
    branch: RefName = Field(default="main", description="Branch that is written, in both repositories.")
    remote: RefName = Field(default="origin", description="Remote that is pushed to, in both repositories.")
    push: bool = Field(
        default=True, strict=True, description="Whether to push after each batch, where the remote exists."
    )
    commit_artifact: str = Field(
        default="",
        description="Function that commits instead of the built-in one, as package.module:function; "
        "empty: built in.",
    )

    @field_validator("commit_artifact")
    @classmethod
    def _dotted(cls, value: str) -> str:
        if value and not re.fullmatch(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*:[A-Za-z_]\w*", value):
            raise ValueError('a function such as "scidex.atlas.artifact_commit:commit_artifact", or ""')
        return value

    def need_path(self) -> Path:
        """The checkout. Raises `SettingError` when none is set."""
        if self.path is None:
            raise missing("repository.path", "/srv/scidex/data/scidex-artifacts")
        return self.path


class WritesSettings(BaseModel):
    """`[writes]`: without both of these the engine only observes (SciDEX v1 is frozen)."""

    model_config = SECTION

    enabled: bool = Field(
        default=False, strict=True, description="Whether the engine may write anything at all."
    )
    authorization: OneLine = Field(
        default="",
        description="Reference of the approval; shown on every screen, recorded with every batch and "
        "audit row.",
    )

    @field_validator("authorization")
    @classmethod
    def _granted(cls, value: str, info: ValidationInfo) -> str:
        if info.data.get("enabled") and not value:
            raise ValueError("the reference of the approval: writes.enabled = true needs one")
        return value


class ControlSettings(BaseModel):
    """`[[figures.controls]]`: an image whose bytes are known, asked to see whether its host answers truly."""

    model_config = SECTION

    url: Annotated[OneLine, Field(min_length=1)] = Field(description="Address of the image.")
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")] = Field(
        description="sha256 of its bytes, 64 hexadecimal digits."
    )


class RescueRuleSettings(BaseModel):
    """`figures.rescue_rules`: one way in which addresses of figures have moved."""

    model_config = SECTION

    name: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9._-]{0,62}$")] = Field(
        description="Name of the rule; it is recorded with the figures it brings back."
    )
    pattern: Annotated[OneLine, Field(min_length=1)] = Field(
        description="Regular expression that the whole recorded address matches."
    )
    template: Annotated[OneLine, Field(min_length=1)] = Field(
        description=r"The new address; \1, \2 and so on stand for the pattern's groups."
    )

    @field_validator("pattern")
    @classmethod
    def _compiles(cls, value: str) -> str:
        try:
            re.compile(value)
        except re.error as error:
            raise ValueError(f"a regular expression ({error})") from None
        return value

    @field_validator("template")
    @classmethod
    def _fits(cls, value: str, info: ValidationInfo) -> str:
        try:
            re.compile(f"(?:{info.data.get('pattern', '')})|").fullmatch("").expand(value)  # type: ignore[union-attr]
        except (re.error, IndexError) as error:
            raise ValueError(f"an address with the pattern's groups ({error})") from None
        return value


_SHIPPED_RULES = tuple(
    RescueRuleSettings(name=rule.name, pattern=rule.pattern, template=rule.template) for rule in EXAMPLES
)


class FiguresSettings(BaseModel):
    """`[figures]`: the job that downloads lost figures again."""

    model_config = SECTION

    folder: InsidePath = Field(
        default="figures", description="Canonical folder of figures inside the artifact repository."
    )
    probe: Literal["head-then-get", "get"] = Field(
        default="head-then-get",
        description='How a figure is asked for: "head-then-get" (the spec\'s way) or "get" (half the '
        "requests).",
    )
    max_attempts: Count = Field(
        default=3, description="Attempts at a figure that fails, before a person must ask for a retry."
    )
    back_off: Duration = Field(
        default=timedelta(seconds=60),
        description="Wait before the second attempt; doubles with each further one.",
    )
    back_off_longest: Duration = Field(
        default=timedelta(hours=6), description="Longest wait between two attempts."
    )

    confirm_without_control: WithoutControl = Field(
        default="second-pass",
        description="What confirms that a figure is gone in a host group without a control image: "
        '"second-pass" (a second 404, 410 or 451 later) or "at-once" (the first one).',
    )
    second_pass_after: Duration = Field(
        default=timedelta(hours=24), description="Time between the first and the second such answer."
    )
    doubted_again_after: Duration = Field(
        default=timedelta(minutes=10),
        description="Time until a figure is asked again whose answer, that it is gone, may have come in an "
        "outage between two controls.",
    )
    asked_twice: AskedTwice = Field(
        default="doubtful",
        description='Which figures that are said to be gone are asked a second time: "doubtful" or "all".',
    )
    controls: tuple[ControlSettings, ...] = Field(
        default=(), description="Control images, besides the figures that were stored."
    )

    rescue: bool = Field(
        default=False,
        strict=True,
        description="Whether figures that are gone are asked for at the addresses that the rules make.",
    )
    rescue_rules: tuple[RescueRuleSettings, ...] = Field(
        default=_SHIPPED_RULES, description="How addresses of figures have moved, in the order to be tried."
    )

    @field_validator("back_off_longest")
    @classmethod
    def _not_shorter(cls, value: timedelta, info: ValidationInfo) -> timedelta:
        if (least := info.data.get("back_off")) and value < least:
            raise ValueError("a duration not shorter than figures.back_off")
        return value

    def rules(self) -> tuple[RescueRule, ...]:
        """The rewrite rules as the domain's values, whether they are in force or not."""
        return tuple(RescueRule(rule.name, rule.pattern, rule.template) for rule in self.rescue_rules)

    def rules_in_force(self) -> tuple[RescueRule, ...]:
        """The rewrite rules that a run applies."""
        return self.rules() if self.rescue else ()

    def control_rules(self) -> ControlRules:
        """The same as the domain's value."""
        return ControlRules(
            self.confirm_without_control,
            self.second_pass_after,
            again_after=self.back_off,
            doubted_again_after=self.doubted_again_after,
            asked_twice=self.asked_twice,
            believed_every=10 if self.probe == "head-then-get" else 60,
        )

    def back_offs(self) -> BackOff:
        """The same as the domain's value."""
        return BackOff(self.back_off, self.back_off_longest, self.max_attempts)


class BatchSettings(BaseModel):
    """`[batch]`: how much one batch, and with it one commit, holds at most."""

    model_config = SECTION

    files: Annotated[int, Field(strict=True, ge=1, le=1000)] = Field(
        default=100, description="Files per batch (the spec's number is 100)."
    )
    marks: Annotated[int, Field(strict=True, ge=1, le=10_000)] = Field(
        default=100, description="Dead marks per batch."
    )


class EngineSettings(BaseModel):
    """`[engine]`: the background process."""

    model_config = SECTION

    heartbeat: Duration = Field(default=timedelta(seconds=2), description="Time between two heartbeats.")
    stalled_after: Duration = Field(
        default=timedelta(seconds=15),
        description="Without a heartbeat for this long, the engine counts as stalled.",
    )

    metrics_port: Annotated[int, Field(strict=True, ge=0, le=65535)] = Field(
        default=0, description="Port on loopback where Prometheus reads the engine's figures; 0: none."
    )

    @field_validator("stalled_after")
    @classmethod
    def _several_beats(cls, value: timedelta, info: ValidationInfo) -> timedelta:
        if (beat := info.data.get("heartbeat")) and value < 2 * beat:
            raise ValueError("a duration of at least two heartbeats (engine.heartbeat)")
        return value


def missing(setting: str, example: str) -> SettingError:
    """The error for a setting that a command cannot do without."""
    section, key = setting.split(".")
    variable = f"SCIDEX_CONSOLE__{section.upper()}__{key.upper()}"
    return SettingError(
        f"{setting} is missing",
        where="configuration",
        fix=f'write {key} = "{example}" under [{section}] in config.toml, or set ${variable} '
        "(`scidex-console demo` needs no configuration)",
    )
