"""Real clips: repetitions counted against their labels, with the exercise given and without, and the names found."""

import json
import re
import sys
import traceback
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import motus_register
from truth.heard import hear
from truth.landmarks import frames_of, landmarks_of

UNKNOWN = "unknown"
ALIASES = {"golf": "swing", "sprint": "run", "no": UNKNOWN}
GATED = frozenset({"squat", "pushup", "curl", "press", "deadlift", "lunge"})


@dataclass(frozen=True)
class Clip:
    """A labelled clip.

    Attributes:
        path: The file.
        exercise: Exercise id of the register; `unknown` where the file's name stands for none.
        view: From where it was filmed, in words.
        reps: Complete repetitions; None where the label does not judge.
        confident: Whether the label is sure.
    """

    path: Path
    exercise: str
    view: str
    reps: int | None
    confident: bool

    @property
    def gated(self) -> bool:
        """Whether the count must be right: a named exercise from the side or the front, labelled with confidence."""
        seen = self.view.startswith(("side", "front"))
        return self.reps is not None and self.exercise in GATED and seen and self.confident

    @property
    def classed(self) -> bool:
        """Whether the name is judged: it is one of the register, or nobody is there."""
        return self.exercise != UNKNOWN or self.reps == 0


@dataclass(frozen=True)
class Result:
    """What was counted in a clip; counts are None when the clip crashed something."""

    clip: Clip
    frames: int = 0
    with_pose: int = 0
    given: int | None = None
    unnamed: int | None = None
    name: str = "crashed"

    def within(self, count: int | None, tolerance: int) -> bool:
        """Whether a count is there and misses the label by no more than the tolerance."""
        return self.clip.reps is not None and count is not None and abs(count - self.clip.reps) <= tolerance


def measure_clips(manifest: Path, only: str, *, cached: bool, workers: int) -> list[Result]:
    """Judges the clips of a manifest whose names begin so."""
    clips = [clip for clip in read_manifest(manifest) if clip.path.name.startswith(only)]
    results = []
    with ProcessPoolExecutor(workers) as pool:
        for number, result in enumerate(pool.map(judge, clips, [cached] * len(clips)), start=1):
            print(f"clip {number}/{len(clips)} {result.clip.path.stem}", file=sys.stderr)
            results.append(result)
    return results


def read_manifest(manifest: Path) -> list[Clip]:
    """The clips with what their labels say."""
    return [
        Clip(
            path=manifest.parent / entry["file"],
            exercise=exercise_of(entry["file"]),
            view=entry["view"],
            reps=entry["reps"],
            confident=entry["label_confidence"] == "high",
        )
        for entry in json.loads(manifest.read_text(encoding="utf-8"))
    ]


def exercise_of(name: str) -> str:
    """The exercise id that a file name's first words stand for; `unknown` when they stand for none."""
    words = re.split(r"[_.]", name)
    candidates = ("_".join(words[:count]) for count in (3, 2, 1))
    return next((word for word in candidates if word in motus_register.EXERCISES), ALIASES.get(words[0], UNKNOWN))


def judge(clip: Clip, cached: bool) -> Result:
    """Counts a clip both ways; whatever breaks is printed and counted, and the next clip goes on."""
    try:
        landmarks = landmarks_of(clip.path, cached=cached)
        given = hear(frames_of(landmarks), clip.exercise)
        unnamed = given if clip.exercise == UNKNOWN else hear(frames_of(landmarks), UNKNOWN)
    except Exception:
        traceback.print_exc()
        return Result(clip)
    named = [event.exercise for event in unnamed.names if event.exercise != "idle"]
    name = named[-1] if named else UNKNOWN
    frames, seen = len(landmarks["t_s"]), int(landmarks["found"].sum())
    return Result(clip, frames, seen, len(given.reps), len(unnamed.reps), name)


def clip_figures(results: list[Result]) -> dict[str, float]:
    """Flat figures: shares from 0 to 1, and the counts of every clip."""
    gated = [result for result in results if result.clip.gated]
    judged = [result for result in results if result.clip.reps is not None]
    sure = [result for result in judged if result.clip.confident]
    named = [result for result in results if result.clip.confident and result.clip.classed]
    empty = [max(r.given or 0, r.unnamed or 0) for r in judged if r.clip.reps == 0]
    frames = sum(result.frames for result in results)
    flat: dict[str, float] = {
        "clips": len(results),
        "crashed": sum(result.given is None for result in results),
        "frames": frames,
        "frames_with_pose_share": round(sum(r.with_pose for r in results) / max(frames, 1), 4),
        "gated": len(gated),
        "gated_given_exact_share": _share(gated, lambda r: r.within(r.given, 0)),
        "judged": len(judged),
        **_counting(judged, ""),
        "named_right_share": _share(judged, lambda r: r.name == r.clip.exercise),
        "sure": len(sure),
        **_counting(sure, "sure_"),
        "sure_named": len(named),
        "sure_named_right_share": _share(named, lambda r: r.name == r.clip.exercise),
        "reps_where_label_is_0": max(empty, default=0),
    }
    for result in judged:
        for way, number in (("label", result.clip.reps), ("given", result.given), ("unnamed", result.unnamed)):
            if number is not None:
                flat[f"reps_{way}_{result.clip.path.stem}"] = number
    return flat


def _counting(results: list[Result], prefix: str) -> dict[str, float]:
    """Shares counted exactly and off by at most one, with the exercise given and without."""
    return {
        f"{prefix}given_exact_share": _share(results, lambda r: r.within(r.given, 0)),
        f"{prefix}given_off_by_one_share": _share(results, lambda r: r.within(r.given, 1)),
        f"{prefix}unnamed_exact_share": _share(results, lambda r: r.within(r.unnamed, 0)),
        f"{prefix}unnamed_off_by_one_share": _share(results, lambda r: r.within(r.unnamed, 1)),
    }


def _share(results: list[Result], right: Callable[[Result], bool]) -> float:
    return round(sum(map(right, results)) / len(results), 4) if results else 0.0


def clip_table(results: list[Result]) -> str:
    """All clips in rows, then what was taken for what."""
    lines = [
        f"    {'clip':30} {'exercise':14} {'label':>5} {'given':>5} {'not given':>9} {'named':14} {'with pose':>11}"
    ]
    for r in results:
        marks = ("*" if r.clip.gated else " ") + ("+" if r.clip.confident else " ")
        label, given, unnamed = ("-" if n is None else str(n) for n in (r.clip.reps, r.given, r.unnamed))
        right = r.clip.reps is None or r.within(r.given, 0)
        lines.append(
            f"{marks}  {r.clip.path.stem:30} {r.clip.exercise:14} {label:>5} {given:>5} {unnamed:>9} {r.name:14} "
            f"{r.with_pose:>5}/{r.frames:<5}{'' if right else ' wrong'}"
        )
    lines.append("+ label sure   * and squat, push-up, curl, press, deadlift or lunge from the side or the front")
    mistaken = Counter((r.clip.exercise, r.name) for r in results if r.clip.classed and r.name != r.clip.exercise)
    lines += [f"{true} taken for {said}: {number}" for (true, said), number in mistaken.most_common()]
    return "\n".join(lines)
