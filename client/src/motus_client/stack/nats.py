"""The stack's NATS server: a real `nats-server` on loopback with streams on disk and a token made for the run."""

import json
import sys
from pathlib import Path

from motus_client.stack.layout import Layout

TOKEN = "MOTUS_NATS_TOKEN"
# The server reads the token from its environment, so that it lies in no file and on no command line. Every stored
# message is flushed: what was acknowledged outlives a power cut. The file limit is what the streams reserve, and more;
# by default it would be a share of the disk that happens to be free.
_CONFIGURATION = """\
listen: "127.0.0.1:{port}"
server_name: "motus-local"
authorization {{ token: ${token} }}
jetstream {{ store_dir: {streams}, sync_interval: always, max_file_store: 16GB }}
"""


def nats_command(layout: Layout, port: int) -> tuple[str, ...]:
    """Write the server's configuration; returns its command. The binary is the one installed beside this Python.

    Raises:
        FileNotFoundError: the binary is not there.
    """
    binary = Path(sys.executable).parent / "nats-server"
    if not binary.is_file():
        raise FileNotFoundError(f"there is no {binary}: install the extra with `pip install 'motus-client[local]'`")
    file = layout.run / "nats.conf"
    streams = json.dumps(str(layout.streams), ensure_ascii=False)
    file.write_text(_CONFIGURATION.format(port=port, streams=streams, token=TOKEN), encoding="utf-8")
    return (str(binary), "--config", str(file))
