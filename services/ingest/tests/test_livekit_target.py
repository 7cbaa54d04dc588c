"""Which camera of a LiveKit room is watched."""

import pytest

from motus_ingest.sources.livekit_target import Candidate, Target, check_room, pick, target_of
from motus_ingest.sources.port import SourceError


@pytest.mark.parametrize(
    ("uri", "target"),
    [
        ("livekit://Gym", Target("Gym")),
        ("LIVEKIT://Gym/", Target("Gym")),
        ("livekit://gym/ann", Target("gym", "ann")),
        ("livekit://gym/ann/front", Target("gym", "ann", "front")),
        ("livekit://room%201/a%2Fb/%C3%BC", Target("room 1", "a/b", "ü")),
    ],
)
def test_a_uri_names_room_participant_and_track(uri, target) -> None:
    """Case counts, and what a URI cannot hold is escaped."""
    assert target_of(uri) == target


@pytest.mark.parametrize(
    "uri",
    [
        "livekit://",
        "livekit:gym",
        "livekit:///ann",
        "livekit://gym//front",
        "livekit://a/b/c/d",
        "livekit://key:secret@gym",
        "livekit://gym?token=x",
        "livekit://gym#x",
        "file:///gym",
    ],
)
def test_what_names_no_camera_is_refused(uri) -> None:
    """The refusal says how it is done."""
    with pytest.raises(SourceError, match="livekit://ROOM"):
        target_of(uri)


def candidate(sid: str, participant: str = "ann", *, name: str = "", camera: bool | None = True, muted: bool = False):
    """A track."""
    return Candidate(sid, name or sid, participant, camera, muted)


def test_a_camera_goes_before_what_does_not_say_what_it_is() -> None:
    """Clients of few lines say nothing of their track."""
    assert pick([candidate("1", camera=None), candidate("2")], Target("r"), None) == "2"
    assert pick([candidate("1", camera=None)], Target("r"), None) == "1"


def test_a_screen_is_watched_by_its_name_alone() -> None:
    """Whoever shares a screen is not coached by it."""
    screen = candidate("1", name="screen", camera=False)
    assert pick([screen], Target("r"), None) is None
    assert pick([screen], Target("r", "ann", "screen"), None) == "1"


def test_only_what_is_named_is_watched() -> None:
    """By identity, and by name or id of the track."""
    tracks = [candidate("1", "ann", name="front"), candidate("2", "bob", name="front"), candidate("3", "bob")]
    assert pick(tracks, Target("r", "bob", "front"), None) == "2"
    assert pick(tracks, Target("r", "bob", "3"), None) == "3"
    assert pick(tracks, Target("r", "cid"), None) is None


def test_one_that_shows_something_is_begun_with() -> None:
    """A muted one may stay so."""
    assert pick([candidate("1", muted=True), candidate("2", "bob")], Target("r"), None) == "2"


def test_the_one_that_is_watched_stays_until_it_is_gone() -> None:
    """Another may show somebody else."""
    tracks = [candidate("1"), candidate("2", muted=True)]
    assert pick(tracks, Target("r"), "2") == "2"
    assert pick(tracks, Target("r"), "gone") == "1"
    assert pick([], Target("r"), "2") is None


@pytest.mark.parametrize(
    ("room", "rooms", "tenant", "may"),
    [
        ("gym", ("*",), "a", True),
        ("a-gym", ("{tenant}-*",), "a", True),
        ("b-gym", ("{tenant}-*",), "a", False),
        ("ab-gym", ("{tenant}-*",), "a", False),
        ("b-gym", ("{tenant}-*",), "*", False),
        ("b-gym", ("{tenant}-*",), "[ab]", False),
        ("hall", ("{tenant}-*", "hall"), "a", True),
        ("gym", (), "a", False),
    ],
)
def test_tenants_are_kept_to_their_rooms(room, rooms, tenant, may) -> None:
    """By the operator's patterns; no tenant's name is a pattern itself."""
    if may:
        check_room(f"livekit://{room}/ann", rooms, tenant)
        return
    with pytest.raises(SourceError, match="none that may be watched"):
        check_room(f"livekit://{room}/ann", rooms, tenant)
