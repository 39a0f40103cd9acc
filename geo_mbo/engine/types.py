"""Names of the arrays that the engine works on."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

Nodes: TypeAlias = npt.NDArray[np.int32]
"""Nodes by number, or their ranks."""
Starts: TypeAlias = npt.NDArray[np.int64]
"""Where each row of a ragged array starts, and where the last one ends."""
Weights: TypeAlias = npt.NDArray[Any]
"""Whole numbers, int32 or int64."""
Floats: TypeAlias = npt.NDArray[np.float64]
Truths: TypeAlias = npt.NDArray[np.bool_]
Runs: TypeAlias = npt.NDArray[np.int64]
"""Runs of ranks: first, and one past the last."""
