"""A cable between a client and a server that a test can cut, in both directions or in one."""

import asyncio
from contextlib import suppress
from enum import Enum, auto
from typing import Self


class Cut(Enum):
    """How a cable is cut."""

    WHOLE = auto()
    """Nothing gets through, and whoever tries to connect is refused."""
    DEAF = auto()
    """What the client says gets through, what it is answered does not."""


class Cable:
    """A TCP proxy on loopback; made with `to`.

    Attributes:
        port: where clients connect.
    """

    def __init__(self, host: str, port: int) -> None:
        self._host, self._server_port = host, port
        self._cut: Cut | None = None
        self._ends: set[asyncio.StreamWriter] = set()
        self._server: asyncio.Server | None = None
        self.port = 0

    @classmethod
    async def to(cls, host: str, port: int) -> Self:
        """A cable to a server that listens there."""
        cable = cls(host, port)
        cable._server = await asyncio.start_server(cable._connect, "127.0.0.1", 0)
        cable.port = cable._server.sockets[0].getsockname()[1]
        return cable

    def cut(self, how: Cut) -> None:
        """Cut it."""
        self._cut = how
        if how is Cut.WHOLE:
            self._drop_all()

    def mend(self) -> None:
        """Whole again; a connection that missed something must be made anew."""
        if self._cut is Cut.DEAF:
            self._drop_all()
        self._cut = None

    async def close(self) -> None:
        """Take it away."""
        assert self._server is not None
        self._server.close()
        self._drop_all()

    def _drop_all(self) -> None:
        for end in self._ends:
            end.close()
        self._ends.clear()

    async def _connect(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._cut is Cut.WHOLE:
            writer.close()
            return
        answers, asks = await asyncio.open_connection(self._host, self._server_port)
        self._ends |= {writer, asks}
        with suppress(OSError, asyncio.IncompleteReadError):
            await asyncio.gather(self._pump(reader, asks, heard=True), self._pump(answers, writer, heard=False))

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, heard: bool) -> None:
        while data := await reader.read(65536):
            if heard or self._cut is not Cut.DEAF:
                writer.write(data)
                await writer.drain()
        writer.close()
