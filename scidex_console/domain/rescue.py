"""Where a figure may have moved: rewrite rules from a dead recorded address to a living one.

The rules are configuration, tried on a sample first. The recorded address stays what it is.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass

from scidex_console.domain.fetching import FetchClass


@dataclass(frozen=True)
class RescueRule:
    """One way in which addresses have moved."""

    name: str
    pattern: str
    """Regular expression that the whole recorded address must match."""
    template: str
    """The new address, with the pattern's groups as `\\1`, `\\2` and so on."""

    def rewrite(self, url: str) -> str:
        """The new address; empty where the rule does not apply."""
        match = re.fullmatch(self.pattern, url.strip())
        return match.expand(self.template) if match else ""


EXAMPLES = (
    # Europe PMC serves figure files through its API since they left /articles/PMC…/bin/.
    RescueRule(
        "europepmc-fulltext",
        r"https?://(?:www\.)?europepmc\.org/articles/(PMC[0-9]+)/bin/([^/?#]+)",
        r"https://europepmc.org/api/fulltextRepo?pmcId=\1&type=FILE&fileName=\2&mimeType=image/jpeg",
    ),
    # The open access part of PMC lies in a public bucket, in one folder per article and version.
    RescueRule(
        "pmc-open-access",
        r"https?://(?:www\.ncbi\.nlm\.nih\.gov/pmc|pmc\.ncbi\.nlm\.nih\.gov|(?:www\.)?europepmc\.org)"
        r"/articles/(PMC[0-9]+)/bin/([^/?#]+)",
        r"https://pmc-oa-opendata.s3.amazonaws.com/\1.1/\2",
    ),
)
"""Shipped as they stand in config.example.toml; none is applied unless the configuration says so."""


def other_addresses(url: str, rules: Sequence[RescueRule]) -> list[tuple[RescueRule, str]]:
    """Addresses at which the figure may live, in the order of the rules; never the recorded one."""
    found: dict[str, RescueRule] = {}
    for rule in rules:
        if (other := rule.rewrite(url)) and other != url:
            found.setdefault(other, rule)
    return [(rule, other) for other, rule in found.items()]


def fingerprint(rules: Sequence[RescueRule]) -> str:
    """Tells one set of rules from another: what was tried in vain is tried again only with other rules."""
    text = "\n".join(f"{rule.name}\t{rule.pattern}\t{rule.template}" for rule in rules)
    return hashlib.sha256(text.encode()).hexdigest()[:16] if rules else ""


@dataclass(frozen=True)
class RescueTry:
    """One dead figure asked for at one other address."""

    artifact_id: str
    url: str
    rule: str
    resolved: str
    outcome: FetchClass
    reason: str


@dataclass(frozen=True)
class RescueTrial:
    """A sample of dead and suspected figures, asked for where they may have moved."""

    matching: int
    """Dead and suspected figures that some rule applies to."""
    tries: tuple[RescueTry, ...]

    @property
    def tried(self) -> int:
        """Figures in the sample."""
        return len({one.artifact_id for one in self.tries})

    @property
    def live(self) -> int:
        """Of these, figures that came whole."""
        return len({one.artifact_id for one in self.tries if one.outcome is FetchClass.STORED})
