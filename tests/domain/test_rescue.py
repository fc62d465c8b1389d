"""Rewrite rules lead from where a figure was to where it may be."""

from __future__ import annotations

import pytest

from scidex_console.domain.rescue import EXAMPLES, RescueRule, fingerprint, other_addresses

FULLTEXT, BUCKET = EXAMPLES


@pytest.mark.parametrize(
    ("rule", "url", "other"),
    [
        (
            FULLTEXT,
            "https://europepmc.org/articles/PMC102186/bin/mb2400926009.jpg",
            "https://europepmc.org/api/fulltextRepo?pmcId=PMC102186&type=FILE&fileName=mb2400926009.jpg"
            "&mimeType=image/jpeg",
        ),
        (FULLTEXT, "https://europepmc.org/articles/PMC102186/figure/F9/", ""),
        (FULLTEXT, "https://europepmc.org.example.org/articles/PMC1/bin/a.jpg", ""),
        (
            BUCKET,
            "https://www.ncbi.nlm.nih.gov/pmc/articles/PMC17/bin/f1.jpg",
            "https://pmc-oa-opendata.s3.amazonaws.com/PMC17.1/f1.jpg",
        ),
        (
            BUCKET,
            "http://europepmc.org/articles/PMC17/bin/f1",
            "https://pmc-oa-opendata.s3.amazonaws.com/PMC17.1/f1",
        ),
        (BUCKET, "https://cdn.example.org/PMC17/bin/f1.jpg", ""),
    ],
)
def test_a_rule_applies_to_the_whole_address_or_not_at_all(rule: RescueRule, url: str, other: str) -> None:
    assert rule.rewrite(url) == other


def test_rules_are_tried_in_their_order_and_never_lead_back() -> None:
    rules = (
        RescueRule("same", r"(.*)", r"\1"),
        RescueRule("b", r"http://a/(.*)", r"http://b/\1"),
        RescueRule("b-again", r"http://a/(.*)", r"http://b/\1"),
        RescueRule("c", r"http://a/(.*)", r"http://c/\1"),
    )
    found = other_addresses("http://a/x.png", rules)
    assert [(rule.name, other) for rule, other in found] == [("b", "http://b/x.png"), ("c", "http://c/x.png")]


def test_a_changed_rule_is_another_set_of_rules() -> None:
    assert fingerprint(()) == ""
    assert fingerprint(EXAMPLES) != fingerprint(EXAMPLES[:1]) != fingerprint(EXAMPLES[1:])
