"""Angles over time as SVG, with repetitions as bands, their turning points, and phases as a strip below."""

import html
from collections.abc import Sequence
from dataclasses import dataclass

from motus.v1 import movement_pb2
from motus_client.names import value_name

WIDTH, HEIGHT = 960, 190
LEFT, RIGHT, TOP, BOTTOM = 44, 10, 20, 34
_STRIP = 8
_STEPS = (1, 2, 5, 10, 15, 20, 30, 45, 60, 90, 120, 300, 600, 1800, 3600)


@dataclass(frozen=True)
class Axis:
    """A straight scale from values to pixels."""

    low: float
    high: float
    start_px: float
    end_px: float

    def at(self, value: float) -> float:
        """The pixel of a value."""
        return self.start_px + (value - self.low) / (self.high - self.low) * (self.end_px - self.start_px)

    def ticks(self, wanted: int) -> list[float]:
        """Round values on the axis, about so many."""
        step = next((step for step in _STEPS if (self.high - self.low) / step <= wanted), _STEPS[-1])
        first = -(-self.low // step) * step
        return [first + index * step for index in range(int((self.high - first) // step) + 1)]


def time_axis(start_s: float, end_s: float) -> Axis:
    """The axis that all plots of a page share, seconds on the source's clock."""
    return Axis(start_s, max(end_s, start_s + 0.1), LEFT, WIDTH - RIGHT)


@dataclass(frozen=True)
class Line:
    """One curve of a plot.

    Attributes:
        channel: its name in the register.
        look: CSS class: `left`, `right`, `mid` or `side`.
        values: degrees, None where there is none.
    """

    channel: str
    look: str
    values: Sequence[float | None]


def plot(
    title: str,
    readout: str,
    t_s: Sequence[float],
    lines: Sequence[Line],
    reps: Sequence[movement_pb2.Rep],
    phases: Sequence[movement_pb2.Phase],
    x: Axis,
) -> str:
    """One plot; empty when no line has a value.

    Args:
        title: what is plotted.
        readout: id of the element that gets the values under the cursor.
        t_s: seconds on the source's clock.
        lines: the curves.
        reps: shown as bands.
        phases: shown as a strip; those of one leg take half of it, the left one's the upper half.
        x: the time axis.
    """
    values = [value for line in lines for value in line.values if value is not None]
    if not values:
        return ""
    y = Axis(*_range(values), HEIGHT - BOTTOM, TOP)
    parts = [_bands(reps, x), _grid(x, y), _strip(phases, x)]
    parts += [f'<path class="curve {line.look}" d="{path(t_s, line.values, x, y)}"/>' for line in lines]
    channels = " ".join(line.channel for line in lines)
    return (
        f'<svg class="plot" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{html.escape(title)}" '
        f'data-readout="{html.escape(readout)}" data-channels="{html.escape(channels)}">{"".join(parts)}'
        f'<line class="cursor" y1="{TOP}" y2="{HEIGHT - BOTTOM}"/></svg>'
    )


def path(t_s: Sequence[float], values: Sequence[float | None], x: Axis, y: Axis) -> str:
    """The `d` of a line that is broken where a value is missing."""
    commands, pen_down = [], False
    for moment, value in zip(t_s, values, strict=True):
        if value is not None:
            commands.append(f"{'L' if pen_down else 'M'}{x.at(moment):.1f} {y.at(value):.1f}")
        pen_down = value is not None
    return "".join(commands)


def _range(values: Sequence[float]) -> tuple[float, float]:
    """Bounds at tens that leave some air, at least 30 degrees apart."""
    low, high = min(values) // 10 * 10, -(-max(values) // 10) * 10
    return (low, max(high, low + 30))


def _grid(x: Axis, y: Axis) -> str:
    rows = [
        f'<line class="grid" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y.at(v):.1f}" y2="{y.at(v):.1f}"/>'
        f'<text class="tick" x="{LEFT - 6}" y="{y.at(v) + 4:.1f}" text-anchor="end">{v:g}°</text>'
        for v in y.ticks(5)
    ]
    columns = [
        f'<text class="tick" x="{x.at(t):.1f}" y="{HEIGHT - 4}" text-anchor="middle">{t:g} s</text>'
        for t in x.ticks(12)
    ]
    return "".join(rows + columns)


def _bands(reps: Sequence[movement_pb2.Rep], x: Axis) -> str:
    bands = []
    for rep in reps:
        start, turn, end = (x.at(value) for value in (rep.start_s, rep.turn_s, rep.end_s))
        bands.append(
            f'<rect class="rep" x="{start:.1f}" y="{TOP}" width="{max(0.0, end - start):.1f}" '
            f'height="{HEIGHT - TOP - BOTTOM}"/>'
            f'<line class="turn" x1="{turn:.1f}" x2="{turn:.1f}" y1="{TOP}" y2="{HEIGHT - BOTTOM}"/>'
            f'<text class="ordinal" x="{(start + end) / 2:.1f}" y="{TOP - 6}" text-anchor="middle">{rep.ordinal}</text>'
        )
    return "".join(bands)


def _strip(phases: Sequence[movement_pb2.Phase], x: Axis) -> str:
    top = HEIGHT - BOTTOM + 4
    rects = []
    for phase in phases:
        kind = value_name(movement_pb2.PhaseKind, phase.kind).lower()
        start = max(x.low, phase.start_s)
        end = min(x.high, phase.end_s) if phase.HasField("end_s") else x.high
        side = value_name(movement_pb2.Side, phase.side).lower() if phase.side else ""
        height = _STRIP / 2 if side else _STRIP
        if end > start:
            name = f"{side} {kind}".strip().replace("_", " ")
            rects.append(
                f'<rect class="phase {kind}" x="{x.at(start):.1f}" y="{top + (height if side == "right" else 0):g}" '
                f'width="{x.at(end) - x.at(start):.1f}" height="{height:g}">'
                f"<title>{name} {start:.2f} to {end:.2f} s</title></rect>"
            )
    return "".join(rects)
