"""An HTTP server beside a gRPC server: requests become calls of the same handlers, within the same stages."""

import asyncio
import socket
from collections.abc import Callable, Mapping, Sequence
from contextlib import aclosing
from pathlib import Path
from typing import Any

from aiohttp import web
from google.protobuf import descriptor_pool, message_factory

from motus_runtime.errors import (
    InvalidArgumentError,
    MotusError,
    NotFoundError,
    PermanentError,
    ResourceExhaustedError,
    UnavailableError,
)
from motus_runtime.rpc.call import Call, CallerGone, Stage
from motus_runtime.rpc.http.origins import Origins
from motus_runtime.rpc.http.outputs import RESUME, Output, output_of, refusal
from motus_runtime.rpc.http.patience import PatientServer
from motus_runtime.rpc.http.routes import Route, find, routes_of
from motus_runtime.rpc.http.settings import HttpSettings
from motus_runtime.rpc.http.standins import TIMEOUT, Aborted, Handlers, HttpContext
from motus_runtime.rpc.http.statuses import METHOD_NOT_ALLOWED, REQUEST_TOO_LARGE
from motus_runtime.rpc.http.transcode import message_of
from motus_runtime.rpc.interceptor import led
from motus_runtime.rpc.server import MAX_REQUEST_BYTES, write_atomically
from motus_runtime.rpc.status import status_of
from motus_runtime.rpc.tls import certificates_of
from motus_runtime.rpc.validation import SMALL_BYTES, check

PATIENCE_S = 10.0
"""How long a connection may take to say what it wants, and a request for its body."""
GRACE_S = 5.0
RENEW_EVERY_S = 10.0
_SEND_BUFFER_BYTES = 128 * 1024
"""Else a slow watcher has megabytes of old samples on the way before anybody notices."""
_LAST_EVENT = "Last-Event-ID"


class HttpServer:
    """Serves services by HTTP. `settings` must have passed `refuse_exposure`.

    Args:
        settings: where to listen, and how.
        stages: what every call passes, as the gRPC server has them.
        insecure_dev: everybody on this machine is let in.
        patience_s: how long a connection may say nothing at first, and a body may take, seconds.
        grace_s: how long `stop` waits for requests that run, seconds.

    Attributes:
        port: where it listens, once it is bound.
    """

    def __init__(
        self,
        settings: HttpSettings,
        stages: Sequence[Stage],
        *,
        insecure_dev: bool = False,
        patience_s: float = PATIENCE_S,
        grace_s: float = GRACE_S,
    ) -> None:
        self._settings, self._stages = settings, stages
        self._patience_s, self._grace_s = patience_s, grace_s
        self._origins = Origins(settings.origin_names, local_only=insecure_dev)
        self._certificates = certificates_of(settings)
        self._tls = self._certificates.context() if self._certificates else None
        self._routes: list[Route] = []
        self._handlers = Handlers()
        self._socket: socket.socket | None = None
        self._runner: web.ServerRunner | None = None
        self.port = 0

    def add(self, service: str, register: Callable[[Any, Any], None], servicer: Any) -> None:
        """Serve those methods of a service that its proto has a rule for; as `RpcServer.add`."""
        register(servicer, self._handlers)
        self._routes += routes_of(descriptor_pool.Default().FindServiceByName(service))

    def bind(self) -> None:
        """Take the port.

        Raises:
            UnavailableError: the address is taken, or is none of this machine's.
        """
        host, port = self._settings.host, self._settings.port
        try:
            family = socket.AF_INET6 if ":" in host else socket.AF_INET
            self._socket = socket.create_server((host, port), family=family)
        except OSError:
            raise UnavailableError(f"cannot listen on {host}:{port}: is another server there?") from None
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _SEND_BUFFER_BYTES)
        self.port = self._socket.getsockname()[1]

    async def start(self) -> None:
        """Answer requests, and write the port down for who waits for it."""
        assert self._socket is not None, "bound before"
        # Compressed bodies are not read: a small one may hold much.
        server = PatientServer(self._answer, self._patience_s, auto_decompress=False)
        self._runner = web.ServerRunner(server, access_log=None, shutdown_timeout=self._grace_s)
        await self._runner.setup()
        await web.SockSite(self._runner, self._socket, ssl_context=self._tls).start()
        if self._settings.port_file:
            write_atomically(Path(self._settings.port_file), str(self.port))

    async def run(self) -> None:
        """Keep certificates up to date until cancelled."""
        while True:
            await asyncio.sleep(RENEW_EVERY_S)
            self.renew()

    def renew(self) -> None:
        """Have the next connections see a certificate that has changed."""
        if self._certificates is not None and self._tls is not None:
            self._certificates.renew(self._tls)

    async def stop(self) -> None:
        """Take no more requests, and wait a while for those that run."""
        if self._runner is not None:
            await self._runner.cleanup()

    async def _answer(self, request: web.BaseRequest) -> web.StreamResponse:
        shown = self._origins.shown(request.headers)
        try:
            self._origins.check(request.headers)
            route, variables, verbs = find(self._routes, request.method, request.rel_url.raw_path)
            if request.method == "OPTIONS" and verbs:
                return web.Response(status=204, headers=self._origins.preflight(request.headers, verbs))
            if route is None:
                return _nowhere(verbs, shown)
            context = HttpContext(request.headers.get(TIMEOUT))
        except MotusError as error:
            return refusal(status_of(error), shown)
        streams = route.method.server_streaming
        output = output_of(request, route.method.output_type, shown, streams=streams)
        call = Call(route.name, _headers(request), context, streams)
        try:
            async with led(self._stages, call):
                await self._work(route, variables, request, output, context)
        except Aborted as aborted:
            await output.refuse(aborted.status)
        except CallerGone:
            pass
        finally:
            output.close()
        return output.response

    async def _work(
        self, route: Route, variables: Mapping[str, str], request: web.BaseRequest, output: Output, context: HttpContext
    ) -> None:
        message = await self._message(route, variables, request)
        handler = self._handlers.find(route.name)
        if not route.method.server_streaming:
            await output.write(await handler.unary_unary(message, context))
            return
        async with aclosing(handler.unary_stream(message, context)) as answers:
            async for answer in answers:
                await output.write(answer)
        await output.end()

    async def _message(self, route: Route, variables: Mapping[str, str], request: web.BaseRequest) -> Any:
        """The request's message, held against its rules."""
        body = await self._body(request)
        kind = message_factory.GetMessageClass(route.method.input_type)
        query = list(request.query.items())
        last = request.headers.get(_LAST_EVENT)
        if last and RESUME in route.method.input_type.fields_by_name:
            query = [(name, value) for name, value in query if name not in (RESUME, "resumeToken")]
            query.append((RESUME, last))
        message = message_of(kind, route, variables, query, body)
        check(message, whole=len(body) <= SMALL_BYTES)
        return message

    async def _body(self, request: web.BaseRequest) -> bytes:
        if not request.body_exists:
            return b""
        if request.content_type != "application/json":
            raise InvalidArgumentError({"Content-Type": "must be application/json"})
        try:
            async with asyncio.timeout(self._patience_s):
                return await request.read()
        except web.HTTPRequestEntityTooLarge:
            text = f"a request has at most {MAX_REQUEST_BYTES} bytes"
            raise ResourceExhaustedError(text, reason=REQUEST_TOO_LARGE) from None


def _nowhere(verbs: tuple[str, ...], shown: Mapping[str, str]) -> web.Response:
    """No rule fits: the path is not known, or not by this verb."""
    if not verbs:
        return refusal(status_of(NotFoundError("there is nothing at this path", reason="PATH_NOT_FOUND")), shown)
    allowed = ", ".join(verbs)
    error = PermanentError(f"this path is asked by {allowed}", reason=METHOD_NOT_ALLOWED)
    return refusal(status_of(error), {**shown, "Allow": allowed})


def _headers(request: web.BaseRequest) -> dict[str, list[str]]:
    return {name.lower(): request.headers.getall(name) for name in set(request.headers)}
