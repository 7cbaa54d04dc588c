"""Draws what was said of one stream: the primary angle with repetitions and phases, the other joints, the velocity."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Patch

from motus_kinematics.core.channels import DIFFERENTIATED, SIDES, velocity_name
from motus_kinematics.core.events import Phase
from motus_kinematics.core.exercises import EXERCISES
from motus_samples.synthetic import Recording
from truth.heard import COLUMN, Heard
from truth.sums import Z80

JOINTS = ("knee_flexion", "hip_flexion", "elbow_flexion", "shoulder_elevation")
TRUNK = ("trunk_lean_deg", "trunk_lean_lateral_deg", "trunk_rotation_deg")
PHASE_COLOURS = {Phase.ECCENTRIC: "#9ecae1", Phase.TURN_HOLD: "#d9d9d9", Phase.CONCENTRIC: "#fdd0a2"}
TRUE_COLOURS = {"eccentric": "#3182bd", "turn_hold": "#969696", "concentric": "#e6850d"}
"""Of the true phases, a strip at the bottom."""
LINE_COLOURS = ("#1b5e8c", "#b4441c", "#3d7f3f", "#7a4fa3", "#8a6d1f", "#555555")
STEADY_DEG = 10.0
"""Channels that move by less are not drawn."""


@dataclass(frozen=True)
class Scene:
    """What to draw.

    Attributes:
        name: Name of the picture.
        exercise: What was given.
        heard: What was said.
        recording: The truth, where it is synthetic.
    """

    name: str
    exercise: str
    heard: Heard
    recording: Recording | None = None

    @property
    def side(self) -> str:
        """The side to draw: the nearer one, or else the one that is better seen."""
        if self.recording is not None and self.recording.truth.near_side:
            return self.recording.truth.near_side
        known = {side: np.isfinite(self.heard.values[:, COLUMN[f"knee_flexion_{side}_deg"]]) for side in SIDES}
        return max(SIDES, key=lambda side: -self._doubt(side) if known[side].any() else -np.inf)

    def _doubt(self, side: str) -> float:
        columns = [COLUMN[f"{joint}_{side}_deg"] for joint in JOINTS]
        return float(np.nanmean(self.heard.sigmas[:, columns]))

    @property
    def primary(self) -> str:
        """The angle that the exercise is told by."""
        exercise = EXERCISES.get(self.exercise)
        return exercise.primary_channel(self.side) if exercise else max(self._angles, key=self._span)

    @property
    def partner(self) -> str | None:
        """The same angle of the other side, where sides took turns."""
        other = self.primary.replace(f"_{self.side}_", f"_{SIDES[self.side == SIDES[0]]}_")
        turns = any(event.record.cycle.side for event in self.heard.reps)
        return other if turns and other != self.primary else None

    @property
    def others(self) -> list[str]:
        """The other angles that move."""
        return [name for name in self._angles if name != self.primary and self._span(name) > STEADY_DEG]

    @property
    def _angles(self) -> list[str]:
        return [*(f"{joint}_{self.side}_deg" for joint in JOINTS), *TRUNK]

    def _span(self, name: str) -> float:
        values = self.heard.values[:, COLUMN[name]]
        values = values[np.isfinite(values)]
        return float(np.quantile(values, 0.97) - np.quantile(values, 0.03)) if len(values) else 0.0


def draw(scene: Scene, path: Path) -> None:
    """Writes one picture."""
    figure, axes = plt.subplots(3, 1, figsize=(12, 9), sharex=True, height_ratios=(3, 3, 2), layout="constrained")
    _phases(axes[0], scene.heard)
    _angle(axes[0], scene, scene.primary, LINE_COLOURS[0])
    if scene.partner:
        _angle(axes[0], scene, scene.partner, LINE_COLOURS[3])
    _reps(axes[0], scene)
    for name, colour in zip(scene.others, LINE_COLOURS[1:], strict=False):
        _angle(axes[1], scene, name, colour)
    if scene.primary in DIFFERENTIATED:
        _line(axes[2], scene, velocity_name(scene.primary), LINE_COLOURS[0])
    _finish(scene, axes)
    figure.suptitle(_title(scene), x=0.01, ha="left", fontsize=13)
    figure.savefig(path, dpi=80)
    plt.close(figure)


def _phases(axes: Axes, heard: Heard) -> None:
    """Shades the phases of all counted repetitions."""
    for event in heard.reps:
        for span in event.phases:
            if span.phase in PHASE_COLOURS:
                axes.axvspan(span.start_s, span.end_s, color=PHASE_COLOURS[span.phase], alpha=0.6, lw=0, zorder=0)


def _angle(axes: Axes, scene: Scene, name: str, colour: str) -> None:
    """An angle with the band of its stated error, and its truth."""
    _line(axes, scene, name, colour)
    values, sigmas = (rows[:, COLUMN[name]] for rows in (scene.heard.values, scene.heard.sigmas))
    axes.fill_between(scene.heard.t_s, values - Z80 * sigmas, values + Z80 * sigmas, color=colour, alpha=0.18, lw=0)


def _line(axes: Axes, scene: Scene, name: str, colour: str) -> None:
    """A channel, and its truth."""
    axes.plot(scene.heard.t_s, scene.heard.values[:, COLUMN[name]], color=colour, lw=1.6, label=_words(name))
    if scene.recording is not None and name in scene.recording.truth.channels:
        true = scene.recording.truth.channels[name]
        axes.plot(scene.recording.t_s, true, color=colour, lw=1.2, ls=(0, (4, 2)), alpha=0.9)


def _reps(axes: Axes, scene: Scene) -> None:
    """Numbers the counted repetitions; below, the true ones and their phases."""
    for number, event in enumerate(scene.heard.reps, start=1):
        words = f"{number} {event.record.cycle.side}".strip()
        axes.text(event.record.cycle.turn_s, 1.01, words, transform=axes.get_xaxis_transform(), ha="center")
    if scene.recording is not None:
        for phase in scene.recording.truth.phases:
            colour = TRUE_COLOURS.get(phase.kind, "white")
            axes.axvspan(phase.start_s, phase.end_s, ymax=0.04, color=colour, lw=0, zorder=1)
        for rep in scene.recording.truth.reps:
            ends = [rep.start_s, rep.end_s]
            axes.plot(ends, [0.05, 0.05], transform=axes.get_xaxis_transform(), color="black", lw=2, marker="|")


def _finish(scene: Scene, axes: np.ndarray) -> None:
    """Labels, legends, grids."""
    for part, label in zip(axes, ("degrees", "degrees", "degrees a second"), strict=True):
        part.set_ylabel(label)
        part.grid(alpha=0.25)
        part.spines[["top", "right"]].set_visible(False)
    shades = [
        Patch(color=colour, alpha=0.6, label=phase.value.replace("_", " ")) for phase, colour in PHASE_COLOURS.items()
    ]
    lines = axes[0].get_legend_handles_labels()[0]
    axes[0].legend(handles=[*lines, *shades], loc="upper left", bbox_to_anchor=(1.0, 1.0), frameon=False)
    for part in axes[1:]:
        if part.get_legend_handles_labels()[0]:
            part.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0), frameon=False)
        else:
            part.text(0.5, 0.5, "nothing to show", transform=part.transAxes, ha="center", color="grey")
    axes[-1].set_xlabel("seconds")


def _title(scene: Scene) -> str:
    counted = f"{len(scene.heard.reps)} counted"
    if scene.recording is None:
        return f"{scene.name}: {counted}"
    return f"{scene.name}: {counted}, {len(scene.recording.truth.reps)} true (black); dashed: truth, band: stated 80 %"


def _words(name: str) -> str:
    """A channel's name for a legend."""
    return name.removesuffix("_deg_s").removesuffix("_deg").replace("_", " ")
