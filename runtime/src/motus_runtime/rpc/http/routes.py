"""Where methods are found: the `google.api.http` rules of the protos, matched against verb and path."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

from google.api import annotations_pb2
from google.protobuf.descriptor import MethodDescriptor, ServiceDescriptor

_VERBS = ("get", "post", "put", "patch", "delete")
_VARIABLE = re.compile(r"\{([a-z0-9_.]+)(?:=([^}]+))?\}")


@dataclass(frozen=True)
class Route:
    """One rule.

    Attributes:
        method: the method that it leads to.
        verb: `GET` and the like.
        pattern: the whole path as it is sent, a group for each variable.
        variables: the request's field paths that the groups are of.
        body: the field that the body is; `*`: the whole request; empty: there is no body.
    """

    method: MethodDescriptor
    verb: str
    pattern: re.Pattern[str]
    variables: tuple[str, ...]
    body: str

    @property
    def name(self) -> str:
        """`/package.Service/Method`."""
        return f"/{self.method.containing_service.full_name}/{self.method.name}"


def routes_of(service: ServiceDescriptor) -> Iterator[Route]:
    """The rules of a service's methods; a method whose requests are a stream has none."""
    for method in service.methods:
        rule = method.GetOptions().Extensions[annotations_pb2.http]
        verb = rule.WhichOneof("pattern")
        if verb in _VERBS and not method.client_streaming:
            pattern, variables = _compiled(getattr(rule, verb))
            yield Route(method, verb.upper(), pattern, variables, rule.body)


def find(routes: Sequence[Route], verb: str, path: str) -> tuple[Route | None, Mapping[str, str], tuple[str, ...]]:
    """Which rule a request fits.

    Returns:
        The rule or None; the variables by field path, decoded; the verbs that the path is known by.
    """
    fitting = [(route, fit) for route in routes if (fit := route.pattern.fullmatch(path))]
    for route, fit in fitting:
        if route.verb == verb:
            values = (unquote(group) for group in fit.groups())
            return route, dict(zip(route.variables, values, strict=True)), ()
    return None, {}, tuple(sorted({route.verb for route, _ in fitting}))


def _compiled(template: str) -> tuple[re.Pattern[str], tuple[str, ...]]:
    """A template as `/v1/{name=sessions/*}:stop` as a pattern, and its variables."""
    pieces: list[str] = []
    at = 0
    variables: list[Any] = []
    for found in _VARIABLE.finditer(template):
        pieces += [re.escape(template[at : found.start()]), f"({_segments(found[2] or '*')})"]
        variables.append(found[1])
        at = found.end()
    return re.compile("".join([*pieces, re.escape(template[at:])])), tuple(variables)


def _segments(text: str) -> str:
    # A colon begins the verb of a custom method; in a name it must be sent as %3A.
    return r"[^/:]+".join(re.escape(part) for part in text.split("*"))
