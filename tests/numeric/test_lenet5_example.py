"""The example that trains LeNet-5: it learns, and it draws."""

from __future__ import annotations

import runpy
from pathlib import Path

import numpy as np
import pytest

EXAMPLE = Path(__file__).parents[2] / "examples" / "lenet5_digits.py"


def test_lenet5_learns_the_digits(tmp_path: Path) -> None:
    """One epoch on 640 images brings the loss down and the test accuracy far above a tenth; the figure is a PNG."""
    pytest.importorskip("sklearn")
    pytest.importorskip("matplotlib")
    example = runpy.run_path(str(EXAMPLE))
    data, network = example["digits"](), example["lenet5"]()
    assert data.images.shape[1:] == (1, 32, 32)
    assert len(data.labels) + len(data.test_labels) == 1797
    assert example["relative_gradient_error"](network, data.images[:2]) < 1e-12
    less = data._replace(images=data.images[:640], labels=data.labels[:640])
    result = example["train"](network, less, epochs=1)
    assert np.mean(result.losses[-3:]) < 0.6 * np.mean(result.losses[:3])
    assert result.accuracy > 0.6
    assert result.parameters[0].dtype == np.float32
    example["draw_losses"](result.losses, tmp_path / "loss.png")
    assert (tmp_path / "loss.png").read_bytes().startswith(b"\x89PNG")
