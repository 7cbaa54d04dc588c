"""The page's tables: figures at a glance, repetitions with their measures, cues, latencies."""

import html
from collections.abc import Sequence

from motus.v1 import measure_pb2, movement_pb2
from motus_client.measures import mean_of, tempo
from motus_client.names import value_name
from motus_client.outcome import Outcome
from motus_register import MEASURES

_UNITS = {"deg": "°", "deg/s": "°/s", "1": "", "%": "%", "s": "s"}
_ABSENCES = {"VIEW": "not from this view", "OCCLUDED": "hidden", "NO_PERSON": "nobody seen"}


def tiles(outcome: Outcome) -> str:
    """The figures that everybody asks for first."""
    frames, reps = outcome.frames, outcome.reps
    seen = f"{frames.with_pose / frames.read:.0%}" if frames.read else "–"
    lag = outcome.latency_ms.get("kinematics", {}).get("p95")
    figures = (
        (str(len(reps)), "repetitions"),
        (_figure(mean_of(reps, "rep_duration_s"), 1, " s"), "mean duration"),
        (_figure(mean_of(reps, "range_of_motion_deg"), 0, "°"), "mean range of motion"),
        (str(len(outcome.cues)), "cues"),
        (seen, f"of {frames.read} frames with a pose"),
        (_figure(lag, 0, " ms"), "frame to measurement, p95"),
    )
    return f'<div class="tiles">{"".join(_tile(*pair) for pair in figures)}</div>'


def reps_section(reps: Sequence[movement_pb2.Rep]) -> str:
    """A row per repetition, and every measure of each behind a fold."""
    if not reps:
        return "<section><h2>Repetitions</h2><p>None was counted.</p></section>"
    head = ("rep", "exercise", "side", "from", "to", "seconds", "tempo down-hold-up", "range of motion")
    rows = [
        (
            str(rep.ordinal),
            rep.exercise,
            _side(rep),
            f"{rep.start_s:.2f} s",
            f"{rep.end_s:.2f} s",
            f"{rep.end_s - rep.start_s:.2f}",
            tempo(rep),
            _measure(_by_name(rep).get("range_of_motion_deg")),
        )
        for rep in reps
    ]
    return (
        f"<section><h2>Repetitions</h2>{_table(head, rows, figures_from=3)}"
        f"<details><summary>All measures</summary>{_all_measures(reps)}</details></section>"
    )


def cues_section(cues: Sequence[movement_pb2.Cue]) -> str:
    """What was said, in order of time."""
    rows = "".join(
        f'<tr><td class="n">{cue.t_s:.1f} s</td><td><i class="severity '
        f'{value_name(movement_pb2.Severity, cue.severity).lower()}"></i>{html.escape(cue.text)}</td></tr>'
        for cue in cues
    )
    return f"<section><h2>Cues</h2>{f'<table>{rows}</table>' if rows else '<p>Nothing was said.</p>'}</section>"


def latency_section(outcome: Outcome) -> str:
    """How long each stage took since a frame's ingest, and what became of the frames."""
    frames = outcome.frames
    rows = [
        (stage, *(f"{figures[name]:.0f}" for name in ("p50", "p95", "p99", "max")))
        for stage, figures in outcome.latency_ms.items()
    ]
    table = _table(("stage", "p50 ms", "p95 ms", "p99 ms", "max ms"), rows, figures_from=1) if rows else ""
    words = f"{frames.read} frames in, {frames.with_pose} with a pose, {frames.dropped} dropped."
    return f"<section><h2>Latency since a frame was read</h2>{table}<p>{words}</p></section>"


def _all_measures(reps: Sequence[movement_pb2.Rep]) -> str:
    """A row per measure, a column per repetition."""
    found = [_by_name(rep) for rep in reps]
    names = [name for name in MEASURES if any(name in measures for measures in found)]
    names += sorted({name for measures in found for name in measures} - set(names))
    head = ("measure", *(f"rep {rep.ordinal}" for rep in reps))
    rows = [(_words(name), *(_measure(measures.get(name)) for measures in found)) for name in names]
    return _table(head, rows, figures_from=1)


def _by_name(rep: movement_pb2.Rep) -> dict[str, measure_pb2.Measure]:
    return {measure.name: measure for measure in rep.measures}


def _measure(measure: measure_pb2.Measure | None) -> str:
    """A value with its unit, or why there is none."""
    if measure is None:
        return "–"
    if not measure.HasField("value"):
        reason = value_name(measure_pb2.AbsenceReason, measure.absence)
        return _ABSENCES.get(reason, reason.lower().replace("_", " "))
    row = MEASURES.get(measure.name)
    unit = _UNITS.get(row.unit, f" {row.unit}") if row else ""
    digits = 0 if unit.startswith("°") else 2
    # Adding zero: what rounds to nothing has no sign.
    return f"{round(measure.value, digits) + 0.0:.{digits}f}{' s' if unit == 's' else unit}"


def _words(name: str) -> str:
    """A measure's name without its unit, in words."""
    row = MEASURES.get(name)
    return name.rsplit("_", 1)[0].replace("_deg", "").replace("_", " ") if row else name


def _side(rep: movement_pb2.Rep) -> str:
    return value_name(movement_pb2.Side, rep.side).lower().replace("unspecified", "both")


def _figure(value: float | None, digits: int, unit: str) -> str:
    return "–" if value is None else f"{value:.{digits}f}{unit}"


def _tile(value: str, words: str) -> str:
    return f'<div class="tile"><b>{html.escape(value)}</b><span>{html.escape(words)}</span></div>'


def _table(head: Sequence[str], rows: Sequence[Sequence[str]], *, figures_from: int) -> str:
    """A table; from the given column on, cells are figures."""

    def cells(tag: str, row: Sequence[str]) -> str:
        marks = ['class="n"' if column >= figures_from else "" for column in range(len(row))]
        pairs = zip(marks, row, strict=True)
        return "".join(f"<{tag} {mark}>{html.escape(cell)}</{tag}>" for mark, cell in pairs)

    body = "".join(f"<tr>{cells('td', row)}</tr>" for row in rows)
    return f'<div class="scroll"><table><tr>{cells("th", head)}</tr>{body}</table></div>'
