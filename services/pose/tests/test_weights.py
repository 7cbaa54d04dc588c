"""A named model is fetched once, over https alone, and used only when it is what was promised."""

import hashlib
import ssl
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import trustme

from motus_pose import weights
from motus_pose.app import engine_factory
from motus_pose.engines.port import EngineError
from motus_pose.settings import PoseSettings
from motus_pose.tflite import ModelError
from motus_pose.weights import fetched, read_weights

MODEL = b"the bytes of a model" * 100
SHA256 = hashlib.sha256(MODEL).hexdigest()


class _Answers(BaseHTTPRequestHandler):
    """A model, a redirect away from https, and a connection that breaks."""

    asked: list[str]

    def do_GET(self) -> None:
        """Answer as the path says."""
        self.asked.append(self.path)
        self.send_response({"/away": 302, "/none": 404}.get(self.path, 200))
        self.send_header("Content-Length", str(len(MODEL)))
        self.send_header("Location", "http://127.0.0.1:1/plain.tflite")
        self.end_headers()
        self.wfile.write(MODEL[:100] if self.path == "/broken" else MODEL)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@pytest.fixture
def asked() -> list[str]:
    """The paths that the server was asked for."""
    return []


@pytest.fixture
def server(asked: list[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[str]:
    """The address of a server on this machine, whose certificate is trusted."""
    authority, handler = trustme.CA(), type("Answers", (_Answers,), {"asked": asked})
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
    monkeypatch.setenv("no_proxy", "localhost")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(context)
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as http:
        http.socket = context.wrap_socket(http.socket, server_side=True)
        thread = threading.Thread(target=http.serve_forever)
        thread.start()
        yield f"https://localhost:{http.server_port}"
        http.shutdown()
        thread.join()


def test_a_model_is_fetched_once_and_whole(server: str, asked: list[str], tmp_path: Path) -> None:
    """The second start finds it; its name is the address's, and nothing else is left behind."""
    paths = [fetched(f"{server}/movenet.tflite?v=4", SHA256, tmp_path / "models") for _ in range(2)]

    assert asked == ["/movenet.tflite?v=4"]
    assert paths == [tmp_path / "models" / SHA256 / "movenet.tflite"] * 2
    assert read_weights(paths[0], SHA256) == MODEL
    assert list(paths[0].parent.iterdir()) == [paths[0]]


def test_a_wrong_model_is_not_used_and_not_fetched_again(
    server: str, asked: list[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Another checksum than the operator's is an error each time, without asking the server each time."""
    monkeypatch.setenv("MOTUS_MODEL_DIR", str(tmp_path / "models"))
    settings = PoseSettings(engine="movenet", model=f"{server}/movenet.tflite", model_sha256="0" * 64)

    for _ in range(2):
        with pytest.raises(ModelError, match=f"has SHA-256 {SHA256}, expected 0000"):
            engine_factory(settings)

    assert asked == ["/movenet.tflite"]


@pytest.mark.parametrize(
    ("path", "said"),
    [
        pytest.param("/away", "leads to http://127.0.0.1:1/plain.tflite, which is not https", id="led away from https"),
        pytest.param("/none", "404", id="not there"),
        pytest.param("/broken", "100 of 2000 bytes came", id="broken off"),
    ],
)
def test_what_cannot_be_fetched_is_said_and_leaves_nothing(server: str, path: str, said: str, tmp_path: Path) -> None:
    """The address and the cause are named, and the next try begins anew."""
    with pytest.raises(ModelError, match=f"{path} cannot be downloaded: .*{said}"):
        fetched(server + path, SHA256, tmp_path / "models")

    assert not [file for file in (tmp_path / "models").rglob("*") if file.is_file()]


def test_a_model_of_no_end_is_refused(server: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """More than a model may have is not taken in."""
    monkeypatch.setattr(weights, "MAX_BYTES", 1000)

    with pytest.raises(ModelError, match="more than"):
        fetched(f"{server}/movenet.tflite", SHA256, tmp_path)


@pytest.mark.parametrize(
    ("address", "sha256", "said"),
    [
        ("http://localhost/movenet.tflite", SHA256, "by https only"),
        ("file:///etc/passwd", SHA256, "by https only"),
        ("https://localhost/movenet.tflite", "", "MOTUS_POSE_MODEL_SHA256"),
        ("https://localhost/movenet.tflite", "../../elsewhere", "MOTUS_POSE_MODEL_SHA256"),
    ],
)
def test_nothing_is_fetched_without_https_and_checksum(address: str, sha256: str, said: str, tmp_path: Path) -> None:
    """An address that cannot be trusted, or a model that cannot be told from another, is refused at once."""
    with pytest.raises(ModelError, match=said):
        fetched(address, sha256, tmp_path / "models")

    assert not (tmp_path / "models").exists()


def test_a_path_with_a_checksum_is_held_to_it(tmp_path: Path) -> None:
    """A file that the operator names with its checksum is checked, in capitals too; without one it is believed."""
    path = tmp_path / "movenet.tflite"
    path.write_bytes(MODEL)

    assert read_weights(path, PoseSettings(model=str(path)).expected_sha256) == MODEL
    assert read_weights(path, PoseSettings(model=str(path), model_sha256=SHA256.upper()).expected_sha256) == MODEL
    with pytest.raises(ModelError, match=rf"movenet\.tflite has SHA-256 {SHA256}"):
        engine_factory(PoseSettings(engine="movenet", model=str(path), model_sha256="1" * 64))


def test_movenet_without_a_network_says_what_to_set() -> None:
    """The operator reads which variable is missing."""
    with pytest.raises(EngineError, match="the engine movenet needs its network: set MOTUS_POSE_MODEL"):
        engine_factory(PoseSettings(engine="movenet"))


def test_a_network_that_is_not_there_is_named(tmp_path: Path) -> None:
    """A wrong path is an error, not a crash."""
    with pytest.raises(ModelError, match=r"no model at .*none\.tflite"):
        engine_factory(PoseSettings(engine="movenet", model=str(tmp_path / "none.tflite")))
