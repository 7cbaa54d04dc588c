"""What the operator says about an HTTP server, each a variable `<PREFIX>_<NAME>`, as `MOTUS_SESSIONS_HTTP_SERVE`."""

from dataclasses import dataclass

from motus_runtime.rpc.server_settings import ListenSettings
from motus_runtime.settings import setting


@dataclass(frozen=True)
class HttpSettings(ListenSettings):
    """Where an HTTP server listens, how, and pages of which origins may call it."""

    serve: bool = setting(False, "serve the API as JSON over HTTP, too")
    port: int = setting(7480, "port of the HTTP API; 0 takes a free one", minimum=0, maximum=65535)
    origins: str = setting("", "origins whose pages may call, as https://app.example, with commas; `*`: any")

    @property
    def origin_names(self) -> frozenset[str]:
        """The origins one by one."""
        return frozenset(name.strip().rstrip("/") for name in self.origins.split(",") if name.strip())
