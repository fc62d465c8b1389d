"""`[soak]`: the guided soak of the folder migration, and the gates between its phases."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Annotated, Literal

from pydantic import BaseModel, Field, field_validator

from scidex_console.domain.soak.phases import BEFORE_REMOVAL, SOAK, SoakTimes
from scidex_console.settings.values import SECTION, Duration, DurationOrNone


class SoakSettings(BaseModel):
    """`[soak]`: how long phases must hold, how they are measured, and whether a shut gate keeps runs back."""

    model_config = SECTION

    enforce: Literal["production", "always", "never"] = Field(
        default="production",
        description='Whether a shut gate keeps `folders` from running: "production" (where '
        'environment.production is true), "always" or "never".',
    )
    duration: Duration = Field(
        default=SOAK, description="How long a phase must hold without a failure before the next may begin."
    )
    before_removal: Duration = Field(
        default=BEFORE_REMOVAL, description="How long phase 4 must hold before phase 5 removes anything."
    )
    measure_every: Duration = Field(
        default=timedelta(minutes=1), description="Time between two looks at the checks."
    )
    new_artifact_grace: DurationOrNone = Field(
        default=timedelta(minutes=5),
        description="Age from which a new artifact must have its folder (phase 1).",
    )
    baseline: Duration = Field(
        default=timedelta(days=7),
        description="Time before a phase with which its rate of failed commits is compared.",
    )
    alpha: Annotated[float, Field(strict=True, gt=0, lt=1, allow_inf_nan=False)] = Field(
        default=0.001, description="p-value below which the rate of failed commits counts as changed."
    )
    events_query: str = Field(
        default="",
        description="Statement that counts SciDEX's own artifact_commit_failed events from %(since)s until "
        "before %(until)s; empty: only this engine's own failed commits are known.",
    )

    service_url: str = Field(
        default="",
        description="Address of the read service, which phase 4 asks for redirects, canonical links and the "
        "sitemap; empty: where serve.host and serve.port say, on this machine.",
    )

    @field_validator("service_url")
    @classmethod
    def _web_address(cls, value: str) -> str:
        if value and not re.fullmatch(r"https?://[A-Za-z0-9.\-\[\]:]+(/[A-Za-z0-9._~/-]*)?", value):
            raise ValueError('a web address without a query, such as "http://127.0.0.1:8765"')
        return value.rstrip("/")

    @field_validator("events_query")
    @classmethod
    def _counts(cls, value: str) -> str:
        named = "%(since)s" in value and "%(until)s" in value
        if value and not (named and re.match(r"\s*(select|with)\b", value, re.IGNORECASE)):
            raise ValueError(
                "a statement such as \"SELECT count(*) FROM events WHERE kind = 'artifact_commit_failed' "
                'AND at >= %(since)s AND at < %(until)s"'
            )
        return value

    def times(self) -> SoakTimes:
        """The same as the domain's value."""
        return SoakTimes(self.duration, self.before_removal)

    def is_enforced(self, *, production: bool) -> bool:
        """Whether a shut gate keeps runs back in such an environment."""
        return self.enforce == "always" or (self.enforce == "production" and production)
