"""Who may use a stack: whoever can read the token in its data folder, which is its user alone."""

import hashlib
import os
import secrets

from motus.v1 import access_pb2, athlete_service_pb2, operations_service_pb2, session_service_pb2
from motus_client.stack.layout import Layout


def admit_holder(layout: Layout) -> None:
    """Make the stack's token if there is none yet, and the file of keys by which its services know it.

    Raises:
        OSError: the data folder cannot be read or written.
    """
    if not layout.token.exists():
        _write_privately(layout.token, f"motus_{secrets.token_hex(32)}\n")
    digest = hashlib.sha256(layout.token.read_text().strip().encode()).hexdigest()
    scopes = ", ".join(f'"{scope}"' for scope in _all_scopes())
    keys = f'[keys.this-stack]\nsha256 = "{digest}"\ntenant = "default"\nscopes = [{scopes}]\n'
    _write_privately(layout.keys, keys)


def _all_scopes() -> list[str]:
    methods = [
        method
        for file in (session_service_pb2.DESCRIPTOR, athlete_service_pb2.DESCRIPTOR, operations_service_pb2.DESCRIPTOR)
        for service in file.services_by_name.values()
        for method in service.methods
    ]
    return sorted({scope for one in methods for scope in one.GetOptions().Extensions[access_pb2.required_scopes]})


def _write_privately(path: "os.PathLike[str]", text: str) -> None:
    partial = f"{os.fspath(path)}.{os.getpid()}"
    with open(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.write(text)
    os.replace(partial, path)
