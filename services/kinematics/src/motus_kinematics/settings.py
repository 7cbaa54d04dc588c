"""What the operator can tell the kinematics service, each a variable `MOTUS_KINEMATICS_<NAME>`."""

from dataclasses import dataclass

from motus_runtime.settings import setting


@dataclass(frozen=True)
class KinematicsSettings:
    """The kinematics service's own settings; see motus_runtime for those that every service has."""

    capacity: int = setting(64, "partitions of the 64 that this worker takes at most", minimum=1, maximum=64)
    chunk_s: float = setting(2.0, "seconds of samples that are stored together", minimum=1.0, maximum=10.0)
    report_s: float = setting(1.0, "seconds between progress reports to those who watch", minimum=0.1, maximum=60.0)
    checkpoint_s: float = setting(1.0, "seconds between checkpoints of each participant", minimum=0.1, maximum=60.0)
