"""The page's section with the angles of one participant over time."""

import html
from collections import Counter
from collections.abc import Sequence

from motus.v1 import movement_pb2
from motus_client.names import last_part
from motus_client.outcome import Outcome
from motus_client.report.embedding import data_element
from motus_client.report.material import PLOTS
from motus_client.report.plots import Axis, Line, plot
from motus_client.series import TimeSeries

_LOOKS = {"trunk_lean_deg": "mid", "trunk_lean_lateral_deg": "side"}
_FIRST = 2
_NAMES = {"left": "left", "right": "right", "mid": "trunk forward", "side": "trunk sideways"}
_PHASES = {"eccentric": "eccentric", "turn_hold": "held", "concentric": "concentric", "rest": "rest"}

_STEPS = {"swing": "swing", "stance": "stance (left leg above, right leg below)"}


def angles_section(outcome: Outcome, participant: str, series: TimeSeries, x: Axis) -> str:
    """Plots of every joint that was measured, the exercise's own first; empty when nothing was measured."""
    who = last_part(participant)
    reps = [rep for rep in outcome.reps if rep.participant == participant]
    phases = [item.phase for item in outcome.phases if item.participant == who]
    drawn, looks = [], set()
    for title in _in_order(reps):
        readout = f"r-{who}-{title.split()[0].lower()}"
        lines = [
            Line(channel, _look(channel), series.channels[channel])
            for channel in PLOTS[title]
            if channel in series.channels
        ]
        if svg := plot(title, readout, series.t_s, lines, reps, phases, x):
            looks |= {line.look for line in lines}
            drawn.append(f'<h3>{title}<span class="readout" id="{html.escape(readout)}"></span></h3>{svg}')
    if not drawn:
        return ""
    name = f"s-{who}"
    more = "".join(drawn[_FIRST:])
    rest = f"<details><summary>More angles</summary>{more}</details>" if more else ""
    return (
        f'<section data-series="{html.escape(name)}"><h2>Angles{_whose(outcome, who)}</h2>{_legend(looks, phases)}'
        f"{''.join(drawn[:_FIRST])}{rest}</section>{_data(name, series)}"
    )


def _legend(looks: set[str], phases: Sequence[movement_pb2.Phase]) -> str:
    steps = any(phase.side for phase in phases)
    marks = {look: name for look, name in _NAMES.items() if look in looks} | (_STEPS if steps else _PHASES)
    items = "".join(f'<span><i class="k {look}"></i>{name}</span>' for look, name in marks.items())
    return f'<p class="legend">{items}</p>'


def _in_order(reps: Sequence[movement_pb2.Rep]) -> list[str]:
    """Titles of the plots, those of the reps' own channels first."""
    used = Counter(rep.curve.channel for rep in reps)
    return sorted(PLOTS, key=lambda title: -sum(used[channel] for channel in PLOTS[title]))


def _look(channel: str) -> str:
    return _LOOKS.get(channel, "left" if "_left_" in channel else "right")


def _whose(outcome: Outcome, who: str) -> str:
    return f" of {html.escape(who)}" if len(outcome.session.participants) > 1 else ""


def _data(name: str, series: TimeSeries) -> str:
    """The figures for the cursor."""
    channels = {
        channel: [None if value is None else round(value, 1) for value in values]
        for channel, values in series.channels.items()
    }
    figures = {"t_s": [round(t, 3) for t in series.t_s], "channels": channels}
    return data_element(name, figures)
