"""Pictures of what is measured: for each movement, or of real clips, angles with phases, repetitions and error bands.

Shaded bands are the stated 80 % intervals, dashed lines the truth, coloured spans the phases of counted repetitions.
"""

import argparse
import sys
from pathlib import Path

from motus_samples.synthetic import MOVEMENTS, PROFILES, VIEWS, Script, record
from truth.athletes import frames_of as frames_of_recording
from truth.clips import exercise_of
from truth.drawing import Scene, draw
from truth.heard import hear
from truth.landmarks import frames_of, landmarks_of

OUT = Path(__file__).resolve().parent.parent / "motus-out" / "gallery"
SEED = 2
"""An even seed: the held-out ones are not looked at."""


def main() -> int:
    """Run from the command line; returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("clips", nargs="*", type=Path, help="real clips, instead of the synthetic movements")
    parser.add_argument("--exercise", default="", help="the clips' exercise id; taken from the file's name if left out")
    parser.add_argument("--movements", nargs="+", choices=MOVEMENTS, default=list(MOVEMENTS), metavar="MOVEMENT")
    parser.add_argument("--view", choices=VIEWS, default="lateral")
    parser.add_argument("--noise", choices=PROFILES, default="medium")
    parser.add_argument("--out", type=Path, default=OUT, help="folder for the pictures")
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)
    if arguments.clips:
        scenes = [_clip(path, arguments.exercise or exercise_of(path.name)) for path in arguments.clips]
    else:
        scripts = [Script(m, SEED, arguments.view, arguments.noise, reps=4, seconds=12.0) for m in arguments.movements]
        scenes = [_movement(script) for script in scripts]
    for scene in scenes:
        path = arguments.out / f"{scene.name}.png"
        draw(scene, path)
        print(path)
    return 0


def _clip(path: Path, exercise: str) -> Scene:
    """A real clip with its exercise given."""
    return Scene(path.stem, exercise, hear(frames_of(landmarks_of(path)), exercise))


def _movement(script: Script) -> Scene:
    """A synthetic set with its exercise given."""
    recording = record(script)
    heard = hear(frames_of_recording(recording), recording.truth.exercise)
    name = f"{script.movement}_{script.view}_{script.noise}"
    return Scene(name, recording.truth.exercise, heard, recording)


if __name__ == "__main__":
    sys.exit(main())
