"""Composition of the pose service: gets its engine ready, then owns sessions."""

import asyncio
import logging
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Final

from nats.aio.msg import Msg

from motus.bus.v1 import control_pb2
from motus_pose.bundle import default_bundle_path, networks_of, read_bundle
from motus_pose.convert import lanes_of, participants_of
from motus_pose.engines.blazepose.runner import Runner
from motus_pose.engines.libraries import missing_libraries, remedy
from motus_pose.engines.port import EngineError, EngineFactory
from motus_pose.engines.recording import load_recording
from motus_pose.engines.replay_engine import ReplayEngine
from motus_pose.engines.spares import Spares
from motus_pose.engines.watched import Watched
from motus_pose.session import PoseSession
from motus_pose.settings import PoseSettings
from motus_pose.tflite import ModelError
from motus_pose.weights import fetched, is_address, read_weights
from motus_runtime import topics
from motus_runtime.bus import decode
from motus_runtime.errors import PermanentError
from motus_runtime.ownership import SessionOwner
from motus_runtime.pushed import has_pictures
from motus_runtime.service import App, Context
from motus_runtime.settings import load

log = logging.getLogger("motus.pose")

RETRY_S: Final = 5.0
HUNG_S: Final = 5.0
"""A look that takes longer will never end; the slowest that was seen took half a second."""
# The engine's thread needs the interpreter after each network; at the usual 5 ms it would wait for the loop's turn.
SWITCH_INTERVAL_S: Final = 0.0005
NO_TORCH: Final = "MOTUS_POSE_DEVICE=cuda needs PyTorch, which cannot be imported: run `make setup-cuda`"


async def build(context: Context) -> App:
    """The service, given the loop's context; it claims nothing and is not ready until its engine works."""
    return PoseApp(context, load(PoseSettings, "MOTUS_POSE"))


class PoseApp:
    """Owns sessions for the stage `pose`.

    Args:
        context: bus, health, leases and specs.
        settings: the service's own.
    """

    def __init__(self, context: Context, settings: PoseSettings) -> None:
        self._context, self._settings = context, settings
        self._fault = "engine not loaded yet"
        self._watch: Watched | None = None
        self._engines: Spares | None = None
        self._sessions: set[PoseSession] = set()
        self._turns = asyncio.Semaphore(settings.looks)
        self._owner = SessionOwner(context.leases, context.specs, self._run_session, wants=has_pictures)
        context.leases.capacity, context.leases.working = settings.capacity, self._working
        sys.setswitchinterval(SWITCH_INTERVAL_S)
        context.health.require("engine", lambda: self._fault or self._broken)

    @property
    def _broken(self) -> str:
        """Why no engine works any more; empty while they do, and before there is one."""
        return "" if self._watch is None else self._watch.fault

    async def run(self) -> None:
        """Get the engine ready, trying again for as long as something is missing, then work until cancelled.

        Raises:
            BrokenError: engines fail, whatever they look at; the process is of no use.
        """
        while True:
            try:
                make = await asyncio.to_thread(engine_factory, self._settings)
                break
            except (ModelError, EngineError) as error:
                before, self._fault = self._fault, str(error)
                if self._fault != before:
                    log.error("not ready: %s", error)
            await asyncio.sleep(RETRY_S)
        self._watch = Watched(make)
        self._engines = Spares(self._watch, self._settings.spares)
        self._fault = ""
        log.info("engine ready")
        stop_listening = await self._context.bus.listen(topics.every("invitations"), self._invited)
        try:
            await self._owner.run()
        finally:
            await stop_listening()

    def _invited(self, message: Msg) -> None:
        with suppress(PermanentError):  # a malformed one invites nobody
            invitation = decode(control_pb2.Invitation, message.data)
            self._owner.invite(invitation.session, invitation.pose_epoch)

    async def drain(self) -> None:
        """Give spare engines back; a frame without an answer is sent again to the next owner."""
        if self._engines is not None:
            await asyncio.to_thread(self._engines.close)

    async def _run_session(self, spec: control_pb2.SessionSpec, epoch: int) -> None:
        if self._engines is None:
            raise EngineError("no engine")
        context, people = self._context, participants_of(spec)
        session = PoseSession(
            context.bus, context.leases, spec.session, people, epoch, self._engines, self._turns, lanes_of(spec)
        )
        self._sessions.add(session)
        try:
            await session.run()
        finally:
            # One whose engine hangs stays on the list when others have taken it over: this process is of no use.
            if session.looking_s < HUNG_S:
                self._sessions.discard(session)

    def _working(self) -> bool:
        """Whether engines work and every look ends; if not, the heartbeat stops, others take over, liveness fails."""
        hung = [session.name for session in self._sessions if session.looking_s > HUNG_S]
        if hung:
            log.critical("the engine hangs in %s: this worker gives up all it has", ", ".join(sorted(hung)))
        return not hung and not self._broken


def engine_factory(settings: PoseSettings) -> EngineFactory:
    """What makes engines here, tried once; blocks for a second or more, mostly for imports and compiling networks.

    Raises:
        EngineError: system libraries are missing, the model or the recording does not work.
        ModelError: the model is missing or damaged, or cannot be downloaded.
    """
    if settings.device != "cpu" and settings.engine != "blazepose":
        raise EngineError(f"the engine {settings.engine} works on the CPU alone: set MOTUS_POSE_DEVICE=cpu")
    makers = {
        "blazepose": _blazepose_factory,
        "mediapipe": _mediapipe_factory,
        "movenet": _movenet_factory,
        "replay": _replay_factory,
    }
    return makers[settings.engine](settings)


def _replay_factory(settings: PoseSettings) -> EngineFactory:
    path = settings.recording_path
    if path is None:
        raise EngineError("the engine replay needs a recording: set MOTUS_POSE_RECORDING (see motus-pose-record)")
    recording = load_recording(path)
    return lambda: ReplayEngine(recording, path.stem)


def _blazepose_factory(settings: PoseSettings) -> EngineFactory:
    path, people = _model_path(settings), settings.people
    detector, landmarks = networks_of(read_bundle(path, settings.expected_sha256), str(path))
    from motus_pose.engines.blazepose_engine import BlazePoseEngine

    run = _runner_factory(settings, detector, landmarks)
    model = path.stem if settings.precision == "f32" else f"{path.stem}-{settings.precision}"
    return lambda: BlazePoseEngine(run(), model, people=people)


def _runner_factory(settings: PoseSettings, detector: bytes, landmarks: bytes) -> Callable[[], Runner]:
    """What makes runners of BlazePose's networks; never those of another device than was asked for."""
    if settings.device == "cpu":
        from motus_pose.engines.blazepose.openvino_runner import Networks, OpenvinoRunner

        networks = Networks(detector, landmarks, settings.precision)
        return lambda: OpenvinoRunner(networks)
    if settings.precision != "f32":
        raise EngineError("a GPU has a precision of its own: unset MOTUS_POSE_PRECISION")
    try:
        from motus_pose.engines.blazepose.torch_runner import TorchNetworks, TorchRunner
    except (ImportError, OSError) as error:  # a library of NVIDIA's that cannot be loaded is the latter
        raise EngineError(f"{NO_TORCH} ({error})") from None
    on_gpu = TorchNetworks(detector, landmarks, f"{settings.device}:0")
    return lambda: TorchRunner(on_gpu)


def _movenet_factory(settings: PoseSettings) -> EngineFactory:
    if not settings.model:
        raise EngineError(
            "the engine movenet needs its network: set MOTUS_POSE_MODEL to the path or https address of a .tflite"
        )
    path = _model_path(settings)
    weights = read_weights(path, settings.expected_sha256)
    from motus_pose.engines.movenet.network import Network
    from motus_pose.engines.movenet_engine import MoveNetEngine

    network = Network(weights, str(path))
    return lambda: MoveNetEngine(network, path.stem)


def _mediapipe_factory(settings: PoseSettings) -> EngineFactory:
    missing = missing_libraries()
    if missing:
        raise EngineError(remedy(missing))
    path = _model_path(settings)
    read_bundle(path, settings.expected_sha256)
    # Imported only now: without its system libraries the import itself fails.
    from motus_pose.engines.mediapipe_engine import MediapipeEngine

    MediapipeEngine(path).close()
    return lambda: MediapipeEngine(path)


def _model_path(settings: PoseSettings) -> Path:
    """Where the model lies here, once it is downloaded if it was named by an address."""
    if is_address(settings.model):
        return fetched(settings.model, settings.model_sha256.lower(), default_bundle_path().parent)
    return settings.model_path
