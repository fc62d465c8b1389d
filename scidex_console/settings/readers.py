"""`[readers]`: how artifacts are read while they move."""

from __future__ import annotations

from datetime import timedelta

from pydantic import BaseModel, Field

from scidex_console.settings.values import SECTION, Duration


class ReadersSettings(BaseModel):
    """`[readers]`: which way readers of artifacts take. The shares themselves are in the database."""

    model_config = SECTION

    enabled: bool = Field(
        default=False,
        strict=True,
        description="Whether readers may go by the folder first, as far as their shares say; "
        "$ARTIFACT_FOLDER_READERS_ENABLED (true or false) is the same.",
    )
    refresh: Duration = Field(
        default=timedelta(seconds=2), description="Time after which a change of shares is noticed."
    )
    fold: Duration = Field(
        default=timedelta(seconds=5),
        description="Time between two folds of counts into the database; a process that is lost loses them.",
    )
