"""Divisions of zip codes worth weighing: one attribute at a threshold, or two attributes at once."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np

from fairasr.discovery.census import Attribute
from fairasr.discovery.zip_sides import is_inside, is_known, is_outside, is_uncertain, sides_from

MAJORITY = 0.5
WHERE = "zip codes where "


@dataclass(frozen=True, kw_only=True, eq=False)
class Candidate:
    """One division of the areas.

    Attributes:
        family: of each family (an attribute at one half; an attribute; a pair) the best division is kept.
        name, other: the sides in short: "hispanic >= 50 %", "hispanic < 50 %".
        inside, outside: the zip codes of each side, in words.
        sides: side of each area, int8 array (n_areas,), see `zip_sides`.
    """

    family: str
    name: str
    other: str
    inside: str
    outside: str
    sides: np.ndarray = field(repr=False)

    def opposite(self) -> Candidate:
        """The same division seen from the other side."""
        return Candidate(
            family=self.family,
            name=self.other,
            other=self.name,
            inside=self.outside,
            outside=self.inside,
            sides=sides_from(is_outside(self.sides), known=is_known(self.sides), uncertain=is_uncertain(self.sides)),
        )


def candidates(
    attributes: Sequence[Attribute], positions: np.ndarray, *, quantiles: Sequence[float], min_speakers: int, with_pairs: bool
) -> Iterator[Candidate]:
    """Every division to weigh, legal or not: attributes in their order, pairs after them.

    Args:
        attributes: of the census.
        positions: position of each speaker's area, all >= 0: int array (n_speakers,).
        quantiles: of the speakers' numbers, where thresholds are set; a threshold is always a number that occurs.
        min_speakers: attributes known for fewer than twice as many speakers are left out.
        with_pairs: also "both" of two attributes, in every direction, each at one half or at its median over the speakers.
    """
    coarse: list[tuple[Candidate, ...]] = []
    for attribute in attributes:
        numbers = attribute.numbers[positions]
        numbers = numbers[np.isfinite(numbers)]
        if len(numbers) < 2 * min_speakers:
            continue
        majority = (_single(attribute, MAJORITY, family=f"{attribute.name} majority"),) if attribute.is_share else ()
        yield from majority
        for threshold in np.quantile(numbers, quantiles, method="higher"):
            yield _single(attribute, float(threshold), family=attribute.name)
        median = float(np.quantile(numbers, 0.5, method="higher"))
        coarse.append((*majority, _single(attribute, median, family=attribute.name)))
    if with_pairs:
        for first, second in itertools.combinations(coarse, 2):
            for one, two in itertools.product(first, second):
                for left, right in itertools.product((one, one.opposite()), (two, two.opposite())):
                    yield _both(left, right, family=f"{first[-1].family} and {second[-1].family}")


def _single(attribute: Attribute, threshold: float, *, family: str) -> Candidate:
    numbers = attribute.numbers
    with np.errstate(invalid="ignore"):
        inside = numbers >= threshold
        # A hair more than the margin: 0.48 is 0.02 from 0.5 on paper, and 2e-17 further in binary.
        uncertain = np.abs(numbers - threshold) <= attribute.margins * (1 + 1e-9)
    shown = attribute.shown(threshold)
    return Candidate(
        family=family,
        name=f"{attribute.name} >= {shown}",
        other=f"{attribute.name} < {shown}",
        inside=f"{WHERE}{attribute.condition(threshold, at_least=True)}",
        outside=f"{WHERE}{attribute.condition(threshold, at_least=False)}",
        sides=sides_from(inside, known=np.isfinite(numbers), uncertain=uncertain),
    )


def _both(left: Candidate, right: Candidate, *, family: str) -> Candidate:
    """Areas where both conditions hold, against the other areas for which the census has both figures."""
    name = f"{left.name} and {right.name}"
    words = f"{left.inside} and {right.inside.removeprefix(WHERE)}"
    return Candidate(
        family=family,
        name=name,
        other=f"not ({name})",
        inside=words,
        outside=f"zip codes other than those where {words.removeprefix(WHERE)}",
        sides=sides_from(
            is_inside(left.sides) & is_inside(right.sides),
            known=is_known(left.sides) & is_known(right.sides),
            uncertain=is_uncertain(left.sides) | is_uncertain(right.sides),
        ),
    )
