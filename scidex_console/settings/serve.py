"""`[serve]`: the read service."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Annotated

from pydantic import BaseModel, Field, SecretStr, field_validator

from scidex_console.settings.values import SECTION, Count, Duration, DurationOrNone, OneLine, Port


class ServeSettings(BaseModel):
    """`[serve]`: artifacts as pages, as an interface and as files."""

    model_config = SECTION

    host: Annotated[OneLine, Field(min_length=1)] = Field(
        default="127.0.0.1", description="Address that is listened on; another one than loopback opens it."
    )
    port: Port = Field(default=8765, description="Port that is listened on.")
    public_url: str = Field(
        default="",
        description="Where the service is reached from outside; canonical addresses and the sitemap begin "
        "with it. Empty: what is listened on.",
    )
    database_url: SecretStr = Field(
        default=SecretStr(""),
        description="Address of the database for reading, with a login that is a member of scidex_reader; "
        "empty: database.url.",
    )
    accept_accessories: bool = Field(
        default=False,
        strict=True,
        description="Whether files may be added by POST, with a token. Needs writes.enabled as well.",
    )
    accessory_bytes: Count = Field(default=64 << 20, description="Largest file that is taken, in bytes.")
    writes_per_minute: Count = Field(
        default=30, description="Most additions a minute for each token, and refused tokens for each client."
    )
    patience: Duration = Field(
        default=timedelta(seconds=20),
        description="Longest a client may take for headers, the next piece of a body, or to take an answer; "
        "a body that comes at less than 4 KiB/s on the whole is given up as well.",
    )
    reuse: DurationOrNone = Field(
        default=timedelta(seconds=1),
        description="How long what was found of an artifact answers further requests for its files.",
    )
    log_requests: bool = Field(
        default=True, strict=True, description="Whether each request is a line of JSON on standard error."
    )

    @field_validator("public_url")
    @classmethod
    def _web_address(cls, value: str) -> str:
        if value and not re.fullmatch(r"https?://[A-Za-z0-9.\-\[\]:]+(/[A-Za-z0-9._~/-]*)?", value):
            raise ValueError('a web address without a query, such as "https://scidex.example.org"')
        return value.rstrip("/")

    @field_validator("database_url")
    @classmethod
    def _postgres(cls, value: SecretStr) -> SecretStr:
        text = value.get_secret_value()
        if text and not re.match(r"postgres(ql)?://|[a-z_]+ *=", text):
            raise ValueError('a PostgreSQL address such as "postgresql://user@host:5432/scidex"')
        return value
