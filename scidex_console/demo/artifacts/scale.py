"""How large a demo world is, and how its artifacts divide into types."""

from __future__ import annotations

from dataclasses import dataclass

PAPER_FIGURE = "paper_figure"

_SHARES = {
    "figure": 1_900,
    "notebook": 1_250,
    "dataset": 900,
    "analysis": 650,
    "model": 400,
    "hypothesis": 1_015,
    "claim": 750,
    "kg_entity": 500,
}
"""The artifacts that are not paper figures, in the proportions of the full scale."""


@dataclass(frozen=True)
class Scale:
    """Size of a world. ValueError when the figures do not fit into the artifacts."""

    name: str
    artifacts: int
    """Rows in `artifacts`."""
    paper_figures: int
    """How many of them are figures of papers, each with a recorded address."""
    figures_with_file: int
    """How many of those still have their file."""

    def __post_init__(self) -> None:
        if not 0 <= self.figures_with_file <= self.paper_figures <= self.artifacts:
            raise ValueError(
                f"a world of {self.artifacts} artifacts cannot have {self.paper_figures} paper figures,"
                f" {self.figures_with_file} of them with a file"
            )

    def counts(self) -> dict[str, int]:
        """Artifacts per type; they add up to `artifacts` exactly."""
        rest = self.artifacts - self.paper_figures
        whole = sum(_SHARES.values())
        counts = {kind: rest * share // whole for kind, share in _SHARES.items()}
        # What rounding left over goes to those it was taken from most.
        by_remainder = sorted(_SHARES, key=lambda kind: -(rest * _SHARES[kind] % whole))
        for kind in by_remainder[: rest - sum(counts.values())]:
            counts[kind] += 1
        return {PAPER_FIGURE: self.paper_figures, **counts}


SMALL = Scale("small", artifacts=1_200, paper_figures=600, figures_with_file=5)
FULL = Scale("full", artifacts=11_667, paper_figures=4_302, figures_with_file=15)
"""The numbers of the real store: 15 of 4,302 paper figures have a file, 4,287 have lost it."""

SCALES = {scale.name: scale for scale in (SMALL, FULL)}
