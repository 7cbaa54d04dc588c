"""Which files may be read, and how a refusal is worded."""

import os
from pathlib import Path

import pytest

from motus_ingest.sources.allowed import allowed_file
from motus_ingest.sources.port import SourceError


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """An allowed folder with a file in it, beside a secret."""
    folder = tmp_path / "videos"
    folder.mkdir()
    (folder / "squat 1#2.mp4").write_bytes(b"x")
    (tmp_path / "secret.mp4").write_bytes(b"x")
    return folder


def test_a_file_below_a_root_may_be_read(root: Path) -> None:
    """Names with spaces and signs that URIs escape work too."""
    path = root / "squat 1#2.mp4"

    assert allowed_file(path.as_uri(), [Path("/nowhere"), root]) == path


@pytest.mark.parametrize("way", ["secret.mp4", "videos/../secret.mp4", "videos/%2e%2e/secret.mp4", "videos/out.mp4"])
def test_no_way_leads_out_of_the_roots(root: Path, way: str) -> None:
    """Neither a plain path nor dots, escaped or not, nor a link get outside."""
    (root / "out.mp4").symlink_to(root.parent / "secret.mp4")

    with pytest.raises(SourceError, match="outside the folders"):
        allowed_file(f"{root.parent.as_uri()}/{way}", [root])


def test_a_link_to_another_root_is_followed(root: Path, tmp_path: Path) -> None:
    """What counts is where the file really lies."""
    (tmp_path / "link.mp4").symlink_to(root / "squat 1#2.mp4")

    assert allowed_file((tmp_path / "link.mp4").as_uri(), [root]) == root / "squat 1#2.mp4"


def test_a_root_that_is_a_link_is_a_root(root: Path, tmp_path: Path) -> None:
    """The operator may name a folder by a link."""
    (tmp_path / "link").symlink_to(root)

    assert allowed_file((tmp_path / "link" / "squat 1#2.mp4").as_uri(), [tmp_path / "link"]).name == "squat 1#2.mp4"


def test_outside_the_roots_nobody_learns_what_exists(root: Path) -> None:
    """A file that is there and one that is not are refused in the same words."""
    words = []
    for name in ("secret.mp4", "nothing.mp4"):
        with pytest.raises(SourceError) as refusal:
            allowed_file((root.parent / name).as_uri(), [root])
        words.append(str(refusal.value))

    assert words[0] == words[1]


def test_without_roots_nothing_may_be_read(root: Path) -> None:
    """The operator must say what is allowed, and the refusal names the variable."""
    with pytest.raises(SourceError, match="MOTUS_INGEST_ROOTS"):
        allowed_file((root / "squat 1#2.mp4").as_uri(), [])


@pytest.mark.parametrize(
    ("uri", "words"),
    [
        ("rtsp://user:password@camera/1", "'rtsp' cannot be played"),
        ("/videos/a.mp4", "'without a scheme'"),
        ("file://host/videos/a.mp4", "names no host"),
        ("file:videos/a.mp4", "whole path"),
        ("file:///videos/a%00.mp4", "cannot be resolved"),
        ("file:///" + "a" * 5000, "cannot be"),
        ("file://[/a", "cannot be understood"),
    ],
)
def test_what_is_no_file_is_refused_by_a_plain_sentence(uri: str, words: str) -> None:
    """The reason names the fault and repeats no password."""
    with pytest.raises(SourceError, match=words) as refusal:
        allowed_file(uri, [Path("/")])

    assert "password" not in str(refusal.value)


def test_what_is_there_but_no_video_file_is_refused(root: Path, fifo: Path) -> None:
    """A folder, a missing file, an empty file and a pipe each have their own sentence."""
    (root / "empty.mp4").touch()
    words = []
    for path in (root, root / "missing.mp4", root / "empty.mp4", fifo):
        with pytest.raises(SourceError) as refusal:
            allowed_file(path.as_uri(), [root.parent])
        words.append(str(refusal.value))

    assert words == [
        "videos is a folder, not a video.",
        "There is no file missing.mp4.",
        "The file empty.mp4 is empty.",
        "pipe.mp4 is not a regular file.",
    ]


def test_links_in_a_circle_are_refused(root: Path) -> None:
    """A circle of links ends in a sentence, not in an error of the service."""
    (root / "a.mp4").symlink_to(root / "b.mp4")
    (root / "b.mp4").symlink_to(root / "a.mp4")

    with pytest.raises(SourceError):
        allowed_file((root / "a.mp4").as_uri(), [root])


def test_a_refusal_holds_nothing_that_cannot_be_printed(root: Path) -> None:
    """A file's name may be any bytes, a reason is text: no line breaks, no terminal codes, nothing but UTF-8."""
    (root / "link.mp4").symlink_to(os.fsdecode(os.fsencode(root) + b"/a\n\x1b[31m\xff.mp4"))

    with pytest.raises(SourceError) as refused:
        allowed_file((root / "link.mp4").as_uri(), [root])

    assert str(refused.value) == "There is no file a??[31m?.mp4."
