"""Triage: evidence about artifacts that wait for a person, plans of what is decided, and their settling."""
