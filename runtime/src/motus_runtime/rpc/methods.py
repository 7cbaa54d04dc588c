"""What the protos say of a method, and which services need no token."""

from functools import lru_cache

from google.protobuf import descriptor_pool

from motus.v1 import access_pb2

HEALTH = "grpc.health.v1.Health"
REFLECTION = "grpc.reflection.v1alpha.ServerReflection"


def is_open(method: str) -> bool:
    """Whether anybody may call a method without a token: probes have none."""
    return method.startswith(f"/{HEALTH}/")


@lru_cache(maxsize=1024)
def required_scopes(method: str) -> frozenset[str] | None:
    """The scopes that a caller of `/package.Service/Method` needs; None: nobody may call it.

    Reflection, which is served by flag alone, is open to every caller who is known.
    """
    if method.startswith(f"/{REFLECTION}/"):
        return frozenset()
    try:
        found = descriptor_pool.Default().FindMethodByName(method.strip("/").replace("/", "."))
    except KeyError:
        return None
    return frozenset(found.GetOptions().Extensions[access_pb2.required_scopes]) or None
