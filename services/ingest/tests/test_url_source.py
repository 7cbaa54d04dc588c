"""Recordings by HTTP from a real server: fetched, played, and never from where nobody may look."""

import threading
from collections.abc import Callable, Iterator
from contextlib import aclosing
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar

import pytest

from motus_ingest.regions import Regions
from motus_ingest.sampling import Sampling
from motus_ingest.settings import IngestSettings
from motus_ingest.sources.port import Picture, SourceError
from motus_ingest.sources.url_source import UrlSource


class Handler(BaseHTTPRequestHandler):
    """Answers as it was told, by path."""

    files: ClassVar[dict[str, bytes]] = {}
    redirects: ClassVar[dict[str, str]] = {}
    asked: ClassVar[list[dict[str, str]]] = []

    def do_GET(self) -> None:
        """Give a file, a part of it, or another place."""
        self.asked.append(dict(self.headers))
        if self.path in self.redirects:
            self.send_response(302)
            self.send_header("Location", self.redirects[self.path])
            self.end_headers()
        elif self.path in self.files:
            body = self.files[self.path]
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body[: len(body) // 2] if "cut" in self.path else body)
        else:
            self.send_error(404)

    def log_message(self, format: str, *arguments: Any) -> None:
        """Say nothing."""


@pytest.fixture
def server() -> Iterator[str]:
    """The address of a server that knows nothing yet."""
    for kept in (Handler.files, Handler.redirects, Handler.asked):
        kept.clear()
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as found:
        threading.Thread(target=found.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{found.server_port}"
        found.shutdown()


@pytest.fixture
def allowed(settings: IngestSettings) -> IngestSettings:
    """Loopback may be watched."""
    return replace(settings, hosts=("127.0.0.0/8",))


async def _played(uri: str, settings: IngestSettings) -> list[Picture]:
    source = UrlSource(uri, settings, Sampling(60.0), Regions())
    async with aclosing(source.steps()) as steps:
        return [step async for step in steps if isinstance(step, Picture)]


async def _refusal(uri: str, settings: IngestSettings) -> str:
    with pytest.raises(SourceError) as refusal:
        await _played(uri, settings)
    return str(refusal.value)


async def test_a_recording_is_fetched_and_played(
    server: str, allowed: IngestSettings, make_video: Callable[..., Path]
) -> None:
    """Every frame of it, also when it lies elsewhere by now."""
    Handler.files["/a.mp4"] = make_video(frames=12).read_bytes()
    Handler.redirects["/moved"] = "/a.mp4"
    assert len(await _played(f"{server}/a.mp4", allowed)) == 12
    assert len(await _played(f"{server}/moved", allowed)) == 12


@pytest.mark.parametrize(
    "inside",
    [
        "http://169.254.169.254/latest/meta-data",
        "http://10.0.0.1/a.mp4",
        "http://[::1]/a.mp4",
        "http://localhost.example.invalid/a.mp4",
        "file:///etc/passwd",
        "gopher://127.0.0.1/",
        "rtsp://127.0.0.1/one",
    ],
)
async def test_a_redirect_leads_nowhere_that_may_not_be_watched(
    server: str, allowed: IngestSettings, inside: str
) -> None:
    """Each step is judged as the first was."""
    Handler.redirects["/trap"] = inside
    assert await _refusal(f"{server}/trap", allowed)
    assert len(Handler.asked) == 1


async def test_redirects_in_a_circle_end(server: str, allowed: IngestSettings) -> None:
    """After a few."""
    Handler.redirects["/round"] = "/round"
    assert "from one place to the next" in await _refusal(f"{server}/round", allowed)


async def test_what_is_too_large_or_cut_off_or_missing_is_told(
    server: str, allowed: IngestSettings, make_video: Callable[..., Path]
) -> None:
    """One sentence each, and nothing is left on the disk."""
    video = make_video(frames=12).read_bytes()
    Handler.files |= {"/a.mp4": video, "/cut.mp4": video, "/page": b"<html>no video</html>"}
    small = replace(allowed, max_download_bytes=len(video) - 1)
    assert "larger than" in await _refusal(f"{server}/a.mp4", small)
    assert "broke off" in await _refusal(f"{server}/cut.mp4", allowed)
    assert "404" in await _refusal(f"{server}/none", allowed)
    assert "no video" in await _refusal(f"{server}/page", allowed)


async def test_a_password_goes_to_its_host_alone(
    server: str, allowed: IngestSettings, make_video: Callable[..., Path], tmp_path: Path
) -> None:
    """The operator's file has it."""
    file = tmp_path / "hosts"
    file.write_text("machine 127.0.0.1 login eve password secret\n")
    Handler.files["/a.mp4"] = make_video(frames=3).read_bytes()
    assert len(await _played(f"{server}/a.mp4", replace(allowed, netrc=str(file)))) == 3
    assert Handler.asked[0]["Authorization"] == "Basic ZXZlOnNlY3JldA=="
