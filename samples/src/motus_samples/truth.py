"""The truth of a clip: what was commanded and what the joint centres say, as a compact JSON document."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from motus_samples.angles import CLIP_CHANNELS, measure
from motus_samples.athlete import Camera
from motus_samples.body import SIDES, Array, Build, Skeleton
from motus_samples.movements import Motion
from motus_samples.spec import ClipSpec, Exercise
from motus_samples.timing import Phase, Rep

FORMAT = 1


@dataclass(frozen=True)
class Truth:
    """All that is known of a clip. Times in seconds on the clip's clock, angles in degrees.

    Attributes:
        channels: Angles of every frame by register name, each of shape (frames,), to 0.1 degrees.
        faults: Planted faults, as `{"kind", "amount", "reps"}` and `"weak_side"` for an asymmetry.
    """

    exercise: Exercise
    seed: int
    fps: int
    frames: int
    camera: Camera
    stature_m: float
    reps: tuple[Rep, ...]
    phases: tuple[Phase, ...]
    faults: tuple[dict[str, Any], ...]
    channels: dict[str, Array]

    @property
    def near_side(self) -> str:
        """The side of the athlete that the camera sees."""
        return self.camera.near_side

    def as_document(self) -> dict[str, Any]:
        """Return the truth as the JSON document that lies beside a clip; see the README for its keys."""
        return {
            "format": FORMAT,
            "exercise": self.exercise,
            "seed": self.seed,
            "fps": self.fps,
            "frames": self.frames,
            "near_side": self.near_side,
            "stature_m": round(self.stature_m, 3),
            "camera": {
                "azimuth_deg": round(self.camera.azimuth_deg, 1),
                "distance_m": round(self.camera.distance_m, 2),
                "height_m": round(self.camera.height_m, 2),
                "view_angle_deg": round(self.camera.view_angle_deg, 1),
            },
            "reps": [_rep_document(rep) for rep in self.reps],
            "phases": [
                {"kind": phase.kind, "start_s": round(phase.start_s, 3), "end_s": round(phase.end_s, 3)}
                for phase in self.phases
            ],
            "faults": list(self.faults),
            "channels": {name: [round(float(angle), 1) for angle in angles] for name, angles in self.channels.items()},
        }

    def write(self, path: Path) -> None:
        """Write the document as JSON: one line per key, one line per channel."""
        document = self.as_document()
        channels = document.pop("channels")
        lines = [f"{json.dumps(key)}: {json.dumps(value)}" for key, value in document.items()]
        columns = [f"  {json.dumps(name)}: {json.dumps(row, separators=(',', ':'))}" for name, row in channels.items()]
        body = ",\n".join([*lines, '"channels": {\n' + ",\n".join(columns) + "\n}"])
        path.write_text("{\n" + body + "\n}\n", encoding="utf-8")


def truth_of(spec: ClipSpec, build: Build, motion: Motion, skeleton: Skeleton, camera: Camera) -> Truth:
    """Return the truth of a movement as it was commanded, its angles measured on the skeleton."""
    measured = measure(skeleton.points)
    channels = {name: np.round(measured[name], 1) + 0.0 for name in measured if name in CLIP_CHANNELS}
    return Truth(
        exercise=spec.exercise,
        seed=spec.seed,
        fps=spec.fps,
        frames=len(motion.posture.pelvis),
        camera=camera,
        stature_m=build.stature,
        reps=motion.reps,
        phases=motion.phases,
        faults=_planted(spec),
        channels=channels,
    )


def _planted(spec: ClipSpec) -> tuple[dict[str, Any], ...]:
    hit = [index for index in range(spec.reps) if spec.faults.hit(index)]
    planted: list[dict[str, Any]] = []
    for kind, amount in spec.faults.amounts().items():
        planted.append({"kind": kind, "amount": amount, "reps": hit})
        if kind == "asymmetry":
            planted[-1]["weak_side"] = spec.faults.weak_side
    return tuple(planted)


def _rep_document(rep: Rep) -> dict[str, Any]:
    document: dict[str, Any] = {
        "start_s": round(rep.start_s, 3),
        "turn_s": round(rep.turn_s, 3),
        "end_s": round(rep.end_s, 3),
    }
    if rep.side in SIDES:
        document["side"] = rep.side
    return document
