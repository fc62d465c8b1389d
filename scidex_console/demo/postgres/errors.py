"""The one error the embedded PostgreSQL raises."""

from scidex_console.domain.errors import Unreachable


class EmbeddedPostgresError(Unreachable):
    """The embedded server cannot be found, installed, started, reached or stopped."""
