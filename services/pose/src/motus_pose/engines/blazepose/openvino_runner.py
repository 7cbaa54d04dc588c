"""OpenVINO on the CPU: both networks, shared by all streams of a process.

Each set of compiled networks works on one thread: on several, one picture costs more in all. A process has as many sets
as it needs at a time, one per core at most. In `bf16` the landmark network's trunk runs in bfloat16 and its heads, like
the detector, in float32: a third less time where the processor has the instructions, and not the reference any more.
"""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from queue import Empty, LifoQueue
from threading import Lock
from typing import Final

import numpy as np
import openvino
from numpy.typing import NDArray

from motus_pose.engines.blazepose.halves import halves
from motus_pose.engines.blazepose.points import Answer, slots_of
from motus_pose.engines.compiled import Stage, read
from motus_pose.engines.port import EngineError

_Array = NDArray[np.float32]


class Networks:
    """The networks, of which any number of runners take a compiled set for as long as they look.

    Args:
        detector: TFLite file of the detector.
        landmarks: TFLite file of the landmark network, with or without its segmentation branch.
        precision: of the landmark network's trunk, `f32` or `bf16`.

    Raises:
        EngineError: OpenVINO cannot use them, or the processor lacks the precision.
    """

    def __init__(self, detector: bytes, landmarks: bytes, precision: str = "f32") -> None:
        self._core, self._lock, self._precision = openvino.Core(), Lock(), precision
        if precision.upper() not in ("F32", *self._core.get_property("CPU", "OPTIMIZATION_CAPABILITIES")):
            raise EngineError(f"this processor has no instructions for {precision}: unset MOTUS_POSE_PRECISION")
        try:
            self._detector, whole = read(self._core, detector), read(self._core, landmarks)
            points, flag, heat, world = slots_of([tuple(output.shape)[1:] for output in whole.outputs])
            cut = None if precision == "f32" else halves(whole, (points, flag, world))
            self._landmarks = [whole] if cut is None else [cut.trunk, cut.heads]
            # The trunk gives the features first, then the heat; the heads what they were asked for, in that order.
            self._places = (points, flag, heat, world) if cut is None else (2, 3, 1, 4)
            first = self._compiled()
        except RuntimeError as error:
            raise EngineError(f"OpenVINO cannot use the pose model: {error}") from None
        self._free: LifoQueue[tuple[Stage, list[Stage]]] = LifoQueue()
        self._free.put(first)
        self._left = (os.cpu_count() or 1) - 1

    @contextmanager
    def taken(self) -> Iterator[tuple[Stage, list[Stage]]]:
        """The detector and the landmark network's stages, nobody else's meanwhile; waits while all are taken."""
        stages = self._take()
        try:
            yield stages
        finally:
            self._free.put(stages)

    def answer(self, stages: Sequence[Stage], square: _Array) -> list[_Array]:
        """Points, flag, heat and world of one square (1, 256, 256, 3), which live until the next run."""
        outputs, fed = list[_Array](), square
        for stage in stages:
            outputs += stage.run(fed)
            fed = outputs[0]
        return [outputs[place] for place in self._places]

    def _take(self) -> tuple[Stage, list[Stage]]:
        try:
            return self._free.get_nowait()
        except Empty:
            pass
        with self._lock:
            more, self._left = self._left > 0, max(self._left - 1, 0)
        return self._compiled() if more else self._free.get()

    def _compiled(self) -> tuple[Stage, list[Stage]]:
        precisions = [self._precision, "f32"]
        stages = [Stage(self._core, *one) for one in zip(self._landmarks, precisions, strict=False)]
        return Stage(self._core, self._detector, "f32"), stages


class OpenvinoRunner:
    """Runs the networks for one stream.

    Args:
        networks: The networks.
    """

    device: Final = "cpu"

    def __init__(self, networks: Networks) -> None:
        self._networks = networks

    def detect(self, picture: _Array) -> tuple[_Array, _Array]:
        """See `Runner.detect`."""
        with self._networks.taken() as (detector, _):
            boxes, scores = sorted(detector.run(picture), key=lambda one: -one.shape[-1])
            return boxes[0].copy(), scores[0, :, 0].copy()

    def locate(self, squares: _Array) -> Answer:
        """See `Runner.locate`; the network takes one at a time, since more at once gain nothing on a CPU."""
        rows = list[list[_Array]]()
        with self._networks.taken() as (_, stages):
            for square in squares:
                rows.append([one[0].copy() for one in self._networks.answer(stages, square[None])])
        points, flags, heat, world = (np.stack(column) for column in zip(*rows, strict=True))
        return Answer(points, flags[:, 0], heat, world)
