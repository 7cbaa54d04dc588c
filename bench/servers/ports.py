"""Ports of this machine that nobody listens on."""

import socket
from contextlib import ExitStack, suppress

LOOPBACK = "127.0.0.1"


def free_port(host: str = LOOPBACK, *, udp: bool = False) -> int:
    """A port of an address of this machine that nobody listens on now."""
    with socket.socket(type=socket.SOCK_DGRAM if udp else socket.SOCK_STREAM) as probe:
        probe.bind((host, 0))
        return int(probe.getsockname()[1])


def free_udp_pair(host: str = LOOPBACK) -> int:
    """An even UDP port that nobody listens on now, nor on the one behind it, as RTP and RTCP want them."""
    while True:
        port = free_port(host, udp=True) & ~1
        with ExitStack() as stack, suppress(OSError):
            for one in (port, port + 1):
                stack.enter_context(socket.socket(type=socket.SOCK_DGRAM)).bind((host, one))
            return port
