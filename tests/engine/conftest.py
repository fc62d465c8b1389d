"""Databases of laboratories, which have the schema already."""

import pytest


@pytest.fixture
def scidex_database(applied_database: str) -> str:
    """URL of a fresh database with SciDEX's tables, empty, and our schema, which a lab need not apply."""
    return applied_database
