"""Relations between the unknowns of a sum, told: functions that are the same at several places, indicators of windows
that overlap.

Without them equal sums may look different, never the other way round. They make more and larger terms; so they are
told only where a failure may come of not telling them (`Translation.related`).
"""

from __future__ import annotations

from collections.abc import Iterable

from derivations.core.heads import Head
from derivations.core.sums import Term
from derivations.meaning.indicators import joined, meet
from derivations.meaning.symmetry import symmetries_met, symmetrised
from derivations.meaning.translation import Terms, Translation


def related(lowering: Translation, terms: Iterable[Term]) -> Terms:
    """The terms, with the relations between their unknowns told, if they are to be."""
    return joined(symmetrised(lowering, terms)) if lowering.related else list(terms)


def relations_met(lowering: Translation, products: Iterable[Iterable[Head]]) -> bool:
    """Whether there are relations to be told of the unknowns met, and of products of unknowns with these heads."""
    return any(map(meet, products)) or symmetries_met(lowering)
