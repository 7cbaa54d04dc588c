"""Which hosts may be watched. Names are answered by a name service of the tests' own: theirs is not ours to ask."""

import socket
from pathlib import Path
from typing import Any

import pytest

from motus_ingest.settings import IngestSettings
from motus_ingest.sources.port import LostError, SourceError
from motus_ingest.sources.reachable import reachable

_PUBLIC, _INSIDE = "93.184.216.34", "10.1.2.3"


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> dict[str, list[str]]:
    """What names lead to; every look-up of a name takes its first answer away while there are more."""
    answers: dict[str, list[str]] = {}

    def look_up(host: str, port: None, **kwargs: Any) -> list[Any]:
        if host in answers:
            found = answers[host].pop(0) if len(answers[host]) > 1 else answers[host][0]
            return [(0, 0, 0, "", (address, 0)) for address in found.split()]
        if host.replace(".", "").isdigit() or ":" in host:
            return [(0, 0, 0, "", (host, 0))]
        raise socket.gaierror

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    return answers


def test_without_a_list_no_host_is_watched() -> None:
    """Whoever sets up nothing has opened nothing."""
    with pytest.raises(SourceError, match="MOTUS_INGEST_HOSTS"):
        reachable("rtsp://camera.example/one", IngestSettings())


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "10.1.2.3",
        "172.16.0.1",
        "192.168.1.1",
        "169.254.169.254",
        "100.64.0.1",
        "0.0.0.0",
        "224.0.0.1",
        "255.255.255.255",
        "::1",
        "fe80::1",
        "fd00::1",
        "::ffff:127.0.0.1",
        "::ffff:169.254.169.254",
        "64:ff9b::7f00:1",
        "64:ff9b::a9fe:a9fe",
        "2002:7f00:1::",
        "ff02::1",
        "::",
    ],
)
def test_a_list_of_all_public_hosts_opens_nothing_inside(address: str, names: dict[str, list[str]]) -> None:
    """Neither as an address nor behind a name."""
    settings = IngestSettings(hosts=("*",))
    names["trick.example"] = [address]
    host = f"[{address}]" if ":" in address else address
    for uri in (f"rtsp://{host}/one", "rtsp://trick.example/one", "rtmp://trick.example/live"):
        with pytest.raises(SourceError, match="none that this server may watch"):
            reachable(uri, settings)


def test_one_answer_that_lies_inside_refuses_all(names: dict[str, list[str]]) -> None:
    """Of several addresses the connection could take any."""
    names["two.example"] = [f"{_PUBLIC} {_INSIDE}"]
    with pytest.raises(SourceError):
        reachable("rtsp://two.example/", IngestSettings(hosts=("*",)))


def test_a_name_is_looked_up_once(names: dict[str, list[str]]) -> None:
    """What is connected to is the address that was found allowed, whatever the name leads to a moment later."""
    names["rebind.example"] = [_PUBLIC, _INSIDE]
    endpoint = reachable("rtsp://rebind.example/one?two", IngestSettings(hosts=("*",)))
    assert endpoint.url(by_name=False) == f"rtsp://{_PUBLIC}:554/one?two"


def test_a_second_look_that_leads_inside_is_refused(names: dict[str, list[str]]) -> None:
    """Each connection is judged anew."""
    names["rebind.example"] = [_PUBLIC, _INSIDE]
    settings = IngestSettings(hosts=("*",))
    reachable("rtsp://rebind.example/", settings)
    with pytest.raises(SourceError):
        reachable("rtsp://rebind.example/", settings)


def test_a_network_of_the_list_may_be_watched(names: dict[str, list[str]]) -> None:
    """A gym's cameras have private addresses, by name or without."""
    names["camera1.gym.local"] = [_INSIDE]
    settings = IngestSettings(hosts=("10.1.0.0/16",))
    assert reachable("rtsp://10.1.2.3:8554/a", settings).url(by_name=False) == "rtsp://10.1.2.3:8554/a"
    assert reachable("rtsp://camera1.gym.local/a", settings).address == _INSIDE
    with pytest.raises(SourceError):
        reachable("rtsp://10.2.0.1/a", settings)


def test_a_name_of_the_list_must_lead_outside_unless_its_network_is_listed(names: dict[str, list[str]]) -> None:
    """A listed name whose owner lets it lead inside opens nothing."""
    names["cam.gym.example"] = [_INSIDE]
    with pytest.raises(SourceError):
        reachable("rtsp://cam.gym.example/", IngestSettings(hosts=("*.gym.example",)))
    names["cam.gym.example"] = [_PUBLIC]
    assert reachable("rtsp://cam.gym.example/", IngestSettings(hosts=("*.gym.example",))).address == _PUBLIC
    with pytest.raises(SourceError):
        reachable("rtsp://cam.gym.example.evil.example/", IngestSettings(hosts=("*.gym.example",)))


@pytest.mark.parametrize(
    ("uri", "reason"),
    [
        ("udp://0.0.0.0:5000", "kind 'udp'"),
        ("device:///dev/video0", "kind 'device'"),
        ("lavfi://movie=/etc/passwd", "kind 'lavfi'"),
        ("gopher://camera.example/", "kind 'gopher'"),
        ("srt://camera.example:9000", "kind 'srt'"),
        ("rtsp:///path", "names no host"),
        ("rtsp://camera.example:99999/", "port"),
        ("rtsp://name:secret@camera.example/", "no name and no password"),
        ("rtsp://[1::2", "cannot be understood"),
    ],
)
def test_what_may_not_be_asked_for_is_refused_by_name(uri: str, reason: str) -> None:
    """At once, with a sentence that says why and holds no secret."""
    with pytest.raises(SourceError, match=reason) as refusal:
        reachable(uri, IngestSettings(hosts=("*",)))
    assert "secret" not in str(refusal.value)


def test_an_unknown_name_may_be_known_later(names: dict[str, list[str]]) -> None:
    """A name service that is away for a moment ends no session."""
    with pytest.raises(LostError):
        reachable("rtsp://nowhere.example/", IngestSettings(hosts=("*",)))


def test_names_and_passwords_come_from_the_operators_file(tmp_path: Path, names: dict[str, list[str]]) -> None:
    """They are joined to the URL here, escaped, and are in no text that is printed."""
    file = tmp_path / "cameras"
    file.write_text("machine camera.example login eve password p@ss/word\n")
    names["camera.example"] = [_PUBLIC]
    endpoint = reachable("rtsp://camera.example/a", IngestSettings(hosts=("*",), netrc=str(file)))
    assert endpoint.url(by_name=False) == f"rtsp://eve:p%40ss%2Fword@{_PUBLIC}:554/a"
    assert "p@ss" not in repr(endpoint)
