"""The vocabulary artifacts are named and described with, and the titles no one should print unread."""

from __future__ import annotations

import random
import re

_SUBJECTS = (
    "mitochondrial", "synaptic", "microglial", "astrocytic", "lysosomal", "vascular", "cortical",
    "hippocampal", "autophagic", "lipid", "tau", "amyloid", "alpha-synuclein", "TDP-43", "APOE4", "TREM2",
    "BACE1", "LRRK2", "GBA1", "complement C1q", "glymphatic", "cholinergic", "dopaminergic",
    "oligodendrocyte", "pericyte", "blood-brain barrier", "insulin", "NLRP3", "ferroptotic", "circadian",
)  # fmt: skip
_PROCESSES = (
    "dynamics", "clearance", "aggregation", "signalling", "dysfunction", "response", "degeneration",
    "transport", "remodelling", "priming", "phagocytosis", "metabolism", "plasticity", "permeability",
    "phosphorylation", "turnover", "propagation", "senescence", "fission", "uptake",
)  # fmt: skip
_SETTINGS = (
    "in Alzheimer's disease", "in Parkinson's disease", "in ALS", "in frontotemporal dementia",
    "in aged mice", "in iPSC-derived neurons", "in human cortex", "after stroke", "in 5xFAD mice",
    "in Huntington's disease", "in the entorhinal cortex", "under hypoxia", "in organoids",
    "across 12 cohorts",
)  # fmt: skip
MEASURES = ("expression", "log2fc", "p_value", "volume_mm3", "count", "score", "dose_um", "age_years")

NAUGHTY_TITLES = (
    "Figure 1\x1b[31m red\x1b[0m and\x1b]0;owned\x07 title",
    "[bold red]markup[/bold red] [link=https://example.org]here[/link] [/]",
    "unclosed [bracket and \\[escaped] one",
    "bidi \u202egnp.1erugif\u202c and \u2066isolated\u2069",
    "emoji 🧠🔬 👩‍🔬 family 👨‍👩‍👧 flag 🇩🇪",
    "Zero\u200bwidth, soft\u00adhyphen, \ufeffBOM, no\u00a0break",
    "Two\nlines\r\nand\ta tab\x0b\x0c\x08\x7f",
    "C1 \x85 next line, \x9b31m a CSI of one byte",
    "Combining Z\u0351\u036b\u0343a\u0321\u0323l\u0334go\u0321 and 全角文字 and العربية",
    "'; DROP TABLE artifacts; -- $(rm -rf ~) `id` %s {0} ${HOME}",
    "<script>alert(1)</script> & <b>bold</b>",
    "A very long title, " + "which repeats itself, " * 90 + "to the end",
    " leading and trailing blanks  ",
    "",
)
"""Titles that would move a terminal's cursor, open markup, turn the text around or fill the screen."""


def topic(rng: random.Random) -> str:
    """Such as `synaptic transport in aged mice`."""
    return f"{rng.choice(_SUBJECTS)} {rng.choice(_PROCESSES)} {rng.choice(_SETTINGS)}"


def entity_names() -> list[str]:
    """Every knowledge graph entity there can be, such as MITOCHONDRIAL_DYNAMICS; none twice."""
    names = [f"{subject} {process}" for subject in _SUBJECTS for process in _PROCESSES]
    return [re.sub(r"[^A-Z0-9]+", "_", name.upper()) for name in names]


def slug(text: str) -> str:
    """Lower case letters, digits and underscores."""
    return re.sub(r"[^a-z0-9]+", "_", text.lower()).strip("_")


def sentence(rng: random.Random) -> str:
    """One plausible sentence about a topic."""
    opening = rng.choice(("We measured", "The data suggest", "Prior work reports", "This cohort shows"))
    return f"{opening} {topic(rng)} (n = {rng.randrange(6, 400)}, p = {rng.uniform(0.0001, 0.2):.4f})."
