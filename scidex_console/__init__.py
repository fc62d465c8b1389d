"""scidex-console: a console and an engine that repair the SciDEX artifact store."""

__version__ = "0.1.0"
