"""The embedded PostgreSQL: found, started, shared, crashed, recovered, stopped."""

import psycopg


def test_fresh_database_is_empty_and_utf8(database_url: str) -> None:
    with psycopg.connect(database_url) as connection:
        assert connection.execute("SHOW server_encoding").fetchone() == ("UTF8",)
        assert connection.execute("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'").fetchone() == (0,)


def test_scidex_database_has_the_two_tables(scidex_database: str) -> None:
    with psycopg.connect(scidex_database) as connection:
        connection.execute("INSERT INTO artifacts (id) VALUES ('figure-1')")
        assert connection.execute("SELECT count(*) FROM artifact_links").fetchone() == (0,)
