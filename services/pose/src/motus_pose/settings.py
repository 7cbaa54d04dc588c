"""What the operator can tell the pose service, each a variable `MOTUS_POSE_<NAME>`."""

import os
from dataclasses import dataclass
from pathlib import Path

from motus_pose.bundle import PRUNED, default_bundle_path
from motus_runtime.settings import setting


@dataclass(frozen=True)
class PoseSettings:
    """The pose service's own settings; see motus_runtime for those that every service has."""

    engine: str = setting(
        "blazepose",
        "blazepose: BlazePose's networks on OpenVINO, several people; mediapipe: the same by MediaPipe, the reference, "
        "one person; movenet: 17 points of one person, by weights of yours; replay: plays recorded landmarks instead",
        choices=("blazepose", "mediapipe", "movenet", "replay"),
    )
    device: str = setting(
        "cpu",
        "where blazepose's networks run: cpu, by OpenVINO; cuda, by PyTorch on the first GPU that the process sees",
        choices=("cpu", "cuda"),
    )
    people: int = setting(2, "people that blazepose follows in one view at most", minimum=1, maximum=16)
    precision: str = setting(
        "f32",
        "of blazepose's landmark network: f32, or bf16 for a third less processor time where it has the instructions",
        choices=("f32", "bf16"),
    )
    recording: str = setting("", "path of the recording that the engine replay plays")
    model: str = setting(
        "",
        "path of an official pose landmarker .task; empty: the bundle that set-up built below MOTUS_MODEL_DIR; "
        "for movenet a .tflite; an https address is fetched once",
    )
    model_sha256: str = setting("", "SHA-256 that the named model must have (hexadecimal); an address needs it")
    looks: int = setting(
        os.cpu_count() or 1, "pictures looked at at a time, of all sessions together", minimum=1, maximum=1024
    )
    spares: int = setting(2, "engines kept ready for sessions that come from other workers", minimum=0, maximum=100)
    capacity: int = setting(2 * (os.cpu_count() or 1), "sessions this worker takes at most", minimum=1, maximum=1000)

    @property
    def recording_path(self) -> Path | None:
        """What to replay; None when nothing was named."""
        return Path(self.recording).expanduser() if self.recording else None

    @property
    def model_path(self) -> Path:
        """The model to use."""
        return Path(self.model).expanduser() if self.model else default_bundle_path()

    @property
    def expected_sha256(self) -> str | None:
        """What the model must hash to; None for one that the operator vouches for."""
        return self.model_sha256.lower() or (None if self.model else PRUNED.sha256)
