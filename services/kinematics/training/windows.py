"""Windows of synthetic athletes with what they show: what the model of movements is trained and judged on."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from multiprocessing import Pool

import numpy as np

from motus_kinematics.core.body import Frame, empty_frame
from motus_kinematics.core.classes import FIRST_LOOK_S, IDLE, LOOK_INTERVAL_S, UNKNOWN, WINDOW_S
from motus_kinematics.core.features import Features, features
from motus_kinematics.core.history import Table, table
from motus_kinematics.core.pipeline import Config, State, step
from motus_kinematics.core.rules import rule_of
from motus_samples.synthetic import MOVEMENTS, VIEWS, Profile, Script, record
from motus_samples.synthetic.truth import Truth

NOISES: tuple[Profile, ...] = ("good", "medium", "hard")
RATES_FPS = (30.0, 24.0, 20.0, 30.0)
BUSY_SHARE = 0.5
"""A window shows an exercise when its set takes so much of it, and idling when no set is in it and the trunk is up."""
STANDING_M = 0.25


@dataclass(frozen=True)
class Window:
    """A few seconds of a recording, the class that they show, and which recording it was."""

    label: str
    figures: Features
    rule: str | None
    recording: int


def scripts(seeds: Sequence[int], noises: Sequence[Profile] = NOISES) -> list[Script]:
    """A recording of every movement from every view for each seed, the noise and the frame rate in turn."""
    made = []
    for seed in seeds:
        for m, movement in enumerate(MOVEMENTS):
            for v, view in enumerate(VIEWS):
                turn = seed // 2 + m + v
                made.append(
                    Script(
                        movement,
                        seed,
                        view=view,
                        noise=noises[turn % len(noises)],
                        fps=RATES_FPS[turn % len(RATES_FPS)],
                        reps=3 + turn % 3,
                        seconds=10.0,
                        mirrored=turn % 5 == 0,
                    )
                )
    return made


def windows_of(all_scripts: Sequence[Script], processes: int = 2) -> list[Window]:
    """The windows of many recordings."""
    with Pool(processes) as pool:
        return [window for found in pool.imap(_windows, enumerate(all_scripts), chunksize=4) for window in found]


def frames_of(script: Script) -> tuple[Iterator[Frame], Truth]:
    """A recording as the core takes it, and its truth."""
    recording = record(script)
    present = np.ones(recording.image.shape[1], dtype=bool)

    def frames() -> Iterator[Frame]:
        for i, t_s in enumerate(recording.t_s.tolist()):
            if not recording.found[i]:
                yield empty_frame(t_s, recording.width, recording.height)
                continue
            image, world, seen = recording.image[i], recording.world[i], recording.visibility[i]
            yield Frame(t_s, recording.width, recording.height, image, world, seen, present)

    return frames(), recording.truth


def _windows(numbered: tuple[int, Script]) -> list[Window]:
    """The windows of one recording, looked at as the core does."""
    number, script = numbered
    frames, truth = frames_of(script)
    return list(_looks(number, truth, _table(frames)))


def _looks(number: int, truth: Truth, whole: Table) -> Iterator[Window]:
    """The windows that the core would look at."""
    for until_s in np.arange(whole.t_s[0] + FIRST_LOOK_S, whole.t_s[-1], LOOK_INTERVAL_S):
        figures = features(whole.between(-np.inf, until_s), until_s - WINDOW_S)
        if figures and (label := _label(truth, until_s, figures)):
            yield Window(label, figures, rule_of(figures), number)


def _table(frames: Iterator[Frame]) -> Table:
    """What the core remembers of a recording: as for someone who idles, whom it neither names nor counts."""
    state = State()
    for frame in frames:
        state, _ = step(state, frame, Config(IDLE))
    return table(state.review.history)


def _label(truth: Truth, until_s: float, figures: Features) -> str | None:
    """What a window shows, or None when it shows the way from one thing to another."""
    if truth.exercise in (IDLE, UNKNOWN) or not truth.sets:
        return truth.exercise
    since_s = max(until_s - WINDOW_S, 0.0)
    busy_s = sum(max(0.0, min(end_s, until_s) - max(start_s, since_s)) for start_s, end_s in truth.sets)
    if busy_s >= BUSY_SHARE * (until_s - since_s):
        return truth.exercise
    return IDLE if busy_s == 0.0 and figures["upright_low"] > STANDING_M else None
