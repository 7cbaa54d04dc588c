"""Puts the page together: one file, no link to anything outside, everything that came from outside escaped."""

import base64
import hashlib
import html
from importlib.resources import files

from motus.v1 import event_pb2
from motus_client.names import last_part, source_words, value_name
from motus_client.outcome import Outcome
from motus_client.report import plots
from motus_client.report.angles import angles_section
from motus_client.report.embedding import data_element
from motus_client.report.material import KeyFrame, Material
from motus_client.report.sections import cues_section, latency_section, reps_section, tiles
from motus_client.report.skeleton import cut_around, key_frame_svg


def report_page(outcome: Outcome, material: Material, title: str) -> str:
    """The page as HTML; `title` is the video's name."""
    style, script = _asset("style.css"), _asset("script.js")
    x = plots.time_axis(*_span(outcome, material))
    frame = {"start": x.low, "end": x.high, "width": plots.WIDTH, "left": plots.LEFT, "right": plots.RIGHT}
    # Only this very style and script are allowed, and nothing is ever fetched.
    policy = f"default-src 'none'; img-src data:; style-src '{_hash(style)}'; script-src '{_hash(script)}'"
    body = [
        _header(outcome, title),
        tiles(outcome),
        _key_frames(material.key_frames),
        *(angles_section(outcome, name, series, x) for name, series in material.series.items()),
        reps_section(outcome.reps),
        f'<div class="two">{cues_section(outcome.cues)}{latency_section(outcome)}</div>',
        _footer(outcome),
    ]
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="{html.escape(policy)}">
<title>{html.escape(title)} · Motus</title>
<style>{style}</style>
</head>
<body>
<main>
{"".join(body)}
</main>
{data_element("frame", frame)}
<script>{script}</script>
</body>
</html>
"""


def _span(outcome: Outcome, material: Material) -> tuple[float, float]:
    """First and last second that anything is known about."""
    times = [t for series in material.series.values() for t in (series.t_s[:1] + series.t_s[-1:])]
    times += [t for rep in outcome.reps for t in (rep.start_s, rep.end_s)]
    return (min(times), max(times)) if times else (0.0, 1.0)


def _header(outcome: Outcome, title: str) -> str:
    session = outcome.session
    people = [person.display_name or last_part(person.athlete) for person in session.participants]
    words = [outcome.exercise, *(person for person in people if person)]
    if session.HasField("create_time"):
        words.append(session.create_time.ToDatetime().strftime("%Y-%m-%d %H:%M UTC"))
    words.append(f"session {last_part(session.name)}")
    fault = ""
    if not outcome.ended:
        state = value_name(event_pb2.SessionState, session.state)
        fault = f'<p class="failed">{html.escape(f"{state}: {session.reason}")}</p>'
    return f"<header><h1>{html.escape(title)}</h1><p>{html.escape(' · '.join(words))}</p>{fault}</header>"


def _key_frames(frames: tuple[KeyFrame, ...]) -> str:
    if not frames:
        return ""
    aspect = next((frame.picture.aspect for frame in frames if frame.picture), 1.0)
    cut = cut_around((frame.landmarks for frame in frames), aspect)
    figures = []
    for frame in frames:
        label = f"Rep {frame.rep.ordinal}, {frame.moment}, {frame.t_s:.2f} s"
        svg = key_frame_svg(frame.picture, frame.landmarks, cut, label)
        figures.append(f"<figure>{svg}<figcaption>{html.escape(label)}</figcaption></figure>")
    return f'<section><h2>Key frames</h2><div class="keys">{"".join(figures)}</div></section>'


def _footer(outcome: Outcome) -> str:
    source = source_words(outcome.session.source.uri)
    return f"<footer>Made by Motus from {html.escape(source)}. Angles are estimates from one camera.</footer>"


def _asset(name: str) -> str:
    return files("motus_client.report").joinpath(name).read_text(encoding="utf-8")


def _hash(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
