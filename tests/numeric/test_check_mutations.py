"""Every wrong backward of the corpus is caught and named; every right one passes."""

import pytest
from mutations import LAYERS, MUTATIONS, Layer, Mutation

from numeric import check_gradient


@pytest.mark.parametrize("layer", LAYERS, ids=lambda layer: layer.name)
@pytest.mark.parametrize("every_entry", [False, True])
def test_right_layers_pass(layer: Layer, every_entry: bool) -> None:
    """A right layer raises no alarm, by projection or entry by entry."""
    report = check_gradient(layer.forward, layer.backward, *layer.arrays, every_entry=every_entry)
    assert report.verdict == "right", str(report)


@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda mutation: mutation.name)
def test_mutation_is_caught_and_named(mutation: Mutation) -> None:
    """A wrong gradient is called wrong, and the report's guess says what was done to it."""
    report = check_gradient(mutation.layer.forward, mutation.backward, *mutation.layer.arrays)
    assert report.verdict == "wrong", str(report)
    assert mutation.says in report.guess
    assert report.searched <= 20


def test_corpus_is_large() -> None:
    """The corpus has at least 60 mutations with names of their own."""
    assert len({mutation.name for mutation in MUTATIONS}) == len(MUTATIONS) >= 60
