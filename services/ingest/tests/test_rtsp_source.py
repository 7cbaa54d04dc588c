"""RTSP against a real server: TCP, UDP, passwords, TLS, a server that is killed, or hangs, or knows nobody yet."""

import asyncio
import datetime
import ipaddress
import logging
import os
import signal
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from motus_ingest.live import BACK, STALLED, LiveFeed
from motus_ingest.regions import Regions
from motus_ingest.settings import IngestSettings
from motus_ingest.sources.av_source import AvSource
from motus_ingest.sources.port import LostError, Picture, SourceError, Step
from motus_runtime.tally import Tally
from servers.media import Rtsp
from servers.publishing import Publisher

StartRtsp = Callable[..., Rtsp]
WAIT_S = 40.0
PASSWORD = "s3cret/of@camera"


def publish(server: Rtsp, *, size: tuple[int, int] = (320, 180)) -> Publisher:
    """Somebody who publishes to the server's path `one`."""
    options = {"rtsp_transport": "tcp", "tls_verify": "0"}
    return Publisher(server.url("one"), "rtsp", size=size, options=options)


def settings(**change: Any) -> IngestSettings:
    """Loopback may be watched, and silence is told soon."""
    return IngestSettings(hosts=("127.0.0.0/8",), silence_s=1.0, connect_s=6.0, patch_px=0, **change)


def feed(server: Rtsp, how: IngestSettings) -> tuple[AsyncIterator[Step], Tally]:
    """What comes of the server's path, and what is counted."""
    tally = Tally("ingest")
    url = server.url("one", secret=False)
    return LiveFeed(lambda: AvSource(url, how), how, Regions(), tally, start_ns=0).steps(), tally


async def pictures(steps: AsyncIterator[Step], number: int) -> list[Picture]:
    """The next pictures, whatever else comes."""
    found: list[Picture] = []
    async with asyncio.timeout(WAIT_S):
        while len(found) < number:
            step = await anext(steps)
            found += [step] if isinstance(step, Picture) else []
    return found


async def until(steps: AsyncIterator[Step], wanted: Step) -> None:
    """Pass over steps up to one."""
    async with asyncio.timeout(WAIT_S):
        while await anext(steps) != wanted:
            pass


def certificate(folder: Path, address: str) -> tuple[Path, Path]:
    """A certificate for an address that nobody but itself vouches for, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "camera")])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(address))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    paths = folder / f"{address}.pem", folder / f"{address}.key"
    paths[0].write_bytes(made.public_bytes(serialization.Encoding.PEM))
    unlocked = serialization.NoEncryption()
    paths[1].write_bytes(key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, unlocked))
    return paths


@pytest.mark.parametrize("transport", ["tcp", "udp"])
async def test_a_camera_is_watched(start_rtsp: StartRtsp, transport: str) -> None:
    """Over either way pictures come in order, as large as they were sent."""
    server = start_rtsp(udp=True)
    steps, _ = feed(server, settings(rtsp_transport=transport))
    with publish(server):
        async with aclosing(steps):
            found = await pictures(steps, 30)
    assert {(one.width, one.height) for one in found} == {(320, 180)}
    assert [one.t_s for one in found] == sorted({one.t_s for one in found})


async def test_a_camera_asks_for_a_password(
    start_rtsp: StartRtsp, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """The operator's file has it; without it, or with a wrong one, the source is refused; no text ever holds it."""
    caplog.set_level(logging.DEBUG)
    server = start_rtsp(login=("eve", PASSWORD))
    good, bad = tmp_path / "good", tmp_path / "bad"
    good.write_text(f"machine 127.0.0.1 login eve password {PASSWORD}\n")
    bad.write_text(f"machine 127.0.0.1 login eve password not-{PASSWORD}\n")
    with publish(server):
        steps, _ = feed(server, settings(netrc=str(good)))
        async with aclosing(steps):
            await pictures(steps, 5)
        said = [caplog.text]
        for file in (str(bad), ""):
            steps, _ = feed(server, settings(netrc=file))
            async with aclosing(steps):
                with pytest.raises(SourceError, match="refuses the name and password") as refusal:
                    await pictures(steps, 1)
            said += [str(refusal.value), repr(refusal.value)]
    assert not any(PASSWORD in text or "s3cret" in text for text in [*said, caplog.text])


async def test_a_certificate_is_checked_unless_told_otherwise(start_rtsp: StartRtsp, tmp_path: Path) -> None:
    """One that nobody vouches for gives no picture; with it as the operator's own, or unchecked, there are."""
    pem, key = certificate(tmp_path, "127.0.0.1")
    server = start_rtsp(tls=(pem, key))
    url = server.url("one")
    with publish(server):
        for how in (settings(ca_file=str(pem)), settings(tls_verify=False)):
            steps, _ = feed(server, how)
            async with aclosing(steps):
                await pictures(steps, 3)
        async with aclosing(AvSource(url, settings()).shots()) as shots:
            with pytest.raises(LostError):
                await anext(shots)


async def test_a_certificate_of_another_host_is_none(start_rtsp: StartRtsp, tmp_path: Path) -> None:
    """It is not enough that somebody vouches for it: it must name the host that is watched."""
    pem, key = certificate(tmp_path, "127.0.0.9")
    server = start_rtsp(tls=(pem, key))
    with publish(server):
        async with aclosing(AvSource(server.url("one"), settings(ca_file=str(pem))).shots()) as shots:
            with pytest.raises(LostError):
                await anext(shots)


async def test_a_server_that_is_killed_is_waited_for(start_rtsp: StartRtsp) -> None:
    """The stall is told, and pictures come again by themselves, larger ones too."""
    server = start_rtsp()
    steps, tally = feed(server, settings())
    async with aclosing(steps):
        with publish(server):
            before = await pictures(steps, 10)
            server.server.kill()
            await until(steps, STALLED)
        server.server.start()
        with publish(server, size=(480, 272)):
            await until(steps, BACK)
            after = await pictures(steps, 10)
    assert after[-1].t_s > before[-1].t_s
    assert (after[-1].width, after[-1].height) == (480, 272)
    assert tally.counts["reconnects"] >= 1


async def test_a_server_that_hangs_is_found_out(start_rtsp: StartRtsp) -> None:
    """Its connection stays open and gives nothing: it is left, and a new one is made when the server wakes."""
    server = start_rtsp()
    steps, tally = feed(server, settings())
    async with aclosing(steps):
        with publish(server):
            await pictures(steps, 10)
            os.kill(server.server.pid, signal.SIGSTOP)
            await until(steps, STALLED)
            os.kill(server.server.pid, signal.SIGCONT)
            await until(steps, BACK)
            await pictures(steps, 10)
    assert tally.counts["reconnects"] >= 1


async def test_a_camera_that_is_not_there_yet_is_waited_for(start_rtsp: StartRtsp) -> None:
    """A session may begin before its camera does."""
    server = start_rtsp()
    steps, _ = feed(server, settings())
    async with aclosing(steps):
        await until(steps, STALLED)
        with publish(server):
            await until(steps, BACK)
            await pictures(steps, 5)
