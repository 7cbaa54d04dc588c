"""The report: whole in itself, escaped, and true to the figures."""

import base64
import hashlib
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import av
import pytest

from motus_client.outcome import Outcome
from motus_client.report.keyframes import pictures_at
from motus_client.report.material import KeyFrame, Material, chosen_reps
from motus_client.report.page import report_page
from motus_client.report.plots import Axis, path
from motus_client.report.skeleton import Cut, cut_around
from motus_client.series import Landmark, TimeSeries

BODY = tuple(Landmark(0.4 + 0.005 * index, 0.1 + 0.02 * index, 0.9) for index in range(33))
EVIL = '<img src=x onerror="alert(1)">&"\''


class Page(HTMLParser):
    """Elements, attributes and text of a page, as a browser's parser sees them."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str]]] = []
        self.text = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Keep an element."""
        self.tags.append((tag, {name: value or "" for name, value in attrs}))

    def handle_data(self, data: str) -> None:
        """Keep text."""
        self.text += data


@pytest.fixture
def material(video: Path, made: Any) -> Material:
    """The knees of the three squats, and the first one's key frames out of a real video."""
    moments = [("start", 0.0), ("turn", 1.0), ("end", 1.96)]
    pictures = pictures_at(video, [t_s for _, t_s in moments])
    frames = [
        KeyFrame(made.rep(1), name, t_s, BODY, picture) for (name, t_s), picture in zip(moments, pictures, strict=True)
    ]
    return Material({made.participant: TimeSeries.of(made.series())}, tuple(frames))


def test_the_page_fetches_nothing(outcome: Outcome, material: Material) -> None:
    """No element refers to anything outside, and the page's own policy forbids it."""
    page = Page(report_page(outcome, material, "squat.mp4"))

    links = [value for _, attributes in page.tags for name, value in attributes.items() if name in ("src", "href")]
    assert len(links) == 3
    assert all(link.startswith("data:image/jpeg;base64,") for link in links)
    policy = next(attributes["content"] for tag, attributes in page.tags if "http-equiv" in attributes)
    assert policy.startswith("default-src 'none'; img-src data:;")


def test_the_policy_allows_the_script_and_style_that_are_there(outcome: Outcome, material: Material) -> None:
    """The hashes in the policy are those of the page's own elements: else a browser would show it bare."""
    page = report_page(outcome, material, "squat.mp4")

    for tag in ("style", "script"):
        text = re.search(f"<{tag}>(.*?)</{tag}>", page, re.DOTALL)
        assert text is not None
        digest = base64.b64encode(hashlib.sha256(text[1].encode()).digest()).decode()
        assert f"sha256-{digest}" in page


def test_what_comes_from_outside_is_escaped(material: Material, made: Any) -> None:
    """Hostile names and texts are shown as text and never become elements."""
    session = made.session(reason=EVIL, source={"uri": EVIL}, exercise="")
    session.participants[0].display_name = EVIL
    rep = made.rep(1, reason=EVIL, exercise=EVIL)
    rep.measures.add(name=EVIL, value=1.0)
    hostile = Outcome(session, EVIL, (rep,), (made.cue(1, EVIL),), ())

    page = Page(report_page(hostile, material, EVIL))

    assert "img" not in {tag for tag, _ in page.tags}
    assert not any("onerror" in attributes for _, attributes in page.tags)
    assert page.text.count(EVIL) >= 5


def test_a_file_is_named_by_its_plain_path(material: Material, made: Any) -> None:
    """Blanks and umlauts are read as they were written."""
    session = made.session(source={"uri": "file:///gym/Meine%20%C3%9Cbungen/a.mp4"})

    text = Page(report_page(Outcome(session, "squat", (), (), ()), Material({}, ()), "a.mp4")).text

    assert "Made by Motus from /gym/Meine Übungen/a.mp4." in text


def test_a_channel_cannot_close_the_script_it_is_in(outcome: Outcome, made: Any) -> None:
    """Data for the script stays data whatever names it holds."""
    series = TimeSeries(made.participant, (0.0, 1.0), {"</script><b>": (1.0, 2.0)}, {}, {})

    page = Page(report_page(outcome, Material({made.participant: series}, ()), "x"))

    assert ("b", {}) not in page.tags[-6:]
    assert "</script><b>" not in page.text


def test_the_figures_are_on_the_page(outcome: Outcome, material: Material) -> None:
    """Reps, their mean range, cues and latencies are read as text."""
    text = Page(report_page(outcome, material, "squat.mp4")).text

    for words in (
        "88°",
        "Go a little deeper.",
        "Good depth.",
        "0.9-0.2-0.9",
        "240 frames in, 238 with a pose, 3 dropped",
    ):
        assert words in text
    assert "not from this view" in text  # why the asymmetry is absent


def test_a_session_without_reps_has_a_page(material: Material, made: Any) -> None:
    """Nothing counted and nothing said is a page that says so."""
    empty = Outcome(made.session(), "unknown", (), (), ())

    text = Page(report_page(empty, Material({}, ()), "empty.mp4")).text

    assert "None was counted." in text
    assert "Nothing was said." in text


def test_pictures_are_those_of_their_moments(video: Path) -> None:
    """Each JPEG is as bright as the frame that the video shows at that moment, in whatever order they are asked."""
    times = [1.0, 0.0, 1.96, 0.04]

    levels = [_brightness(picture.jpeg) for picture in pictures_at(video, times) if picture]

    assert levels == pytest.approx([20 + 4 * round(t_s * 25) for t_s in times], abs=2.5)


def test_a_moment_after_the_end_has_no_picture(video: Path) -> None:
    """It is None and not the last frame."""
    assert pictures_at(video, [9.0]) == [None]


def test_a_file_that_is_no_video_gives_no_pictures(tmp_path: Path) -> None:
    """The report is made without them."""
    broken = tmp_path / "broken.mp4"
    broken.write_bytes(b"not a video" * 100)

    assert pictures_at(broken, [0.0, 1.0]) == [None, None]


def test_first_middle_and_last_rep_are_shown(made: Any) -> None:
    """Of many reps three, of fewer all there are."""
    assert [rep.ordinal for rep in chosen_reps([made.rep(n) for n in range(1, 8)])] == [1, 4, 7]
    assert [rep.ordinal for rep in chosen_reps([made.rep(1), made.rep(2)])] == [1, 2]
    assert chosen_reps([]) == []


def test_a_curve_is_broken_where_a_value_is_missing() -> None:
    """No line is drawn over what was not measured."""
    scale = Axis(0.0, 10.0, 0.0, 10.0)

    assert path([0, 1, 2, 3], [1.0, None, 2.0, 3.0], scale, scale) == "M0.0 1.0M2.0 2.0L3.0 3.0"


def test_the_cut_holds_the_athlete_with_air() -> None:
    """All points are inside, the cut is inside the picture, and nobody seen means the whole picture."""
    cut = cut_around([BODY], 16 / 9)

    assert 0.0 <= cut.left < 0.4
    assert 0.56 < cut.right <= 1.0
    assert cut_around([()], 1.0) == Cut()


def _brightness(jpeg: bytes) -> float:
    """Mean of the luma of a JPEG."""
    decoder = av.CodecContext.create("mjpeg", "r")
    frames = decoder.decode(av.Packet(jpeg)) + decoder.decode(None)
    plane = frames[0].reformat(format="gray").planes[0]
    data = bytes(plane)
    rows = [data[row * plane.line_size : row * plane.line_size + plane.width] for row in range(plane.height)]
    return sum(sum(row) for row in rows) / (plane.width * plane.height)
