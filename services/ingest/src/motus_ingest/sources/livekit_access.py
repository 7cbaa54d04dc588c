"""What opens a LiveKit room, and what keeps that out of every log."""

import logging
import re
from datetime import timedelta
from typing import Final

from livekit import api, rtc

from motus_ingest.settings import IngestSettings
from motus_ingest.sources.port import LostError, SourceError

# It must last until the room is entered; the server gives a new one to whoever is inside.
_LASTS: Final = timedelta(minutes=10)
_TOKEN: Final = re.compile(r"eyJ[\w-]+(\.[\w-]+){1,2}")
_REFUSED: Final = re.compile(r"client error: 40[13]\b")


class _WithoutTokens(logging.Filter):
    """The SDK writes whole tokens into its log when it is refused."""

    def filter(self, record: logging.LogRecord) -> bool:
        text = record.getMessage()
        if _TOKEN.search(text):
            record.msg, record.args = _TOKEN.sub("(token)", text), ()
        return True


# The SDK's one logger, which tells of every step of every connection.
_log = logging.getLogger("livekit")
_log.addFilter(_WithoutTokens())
_log.setLevel(logging.WARNING)


def token(settings: IngestSettings, room: str, identity: str) -> str:
    """Lets somebody whom nobody there sees into a room, to watch and to send cues.

    Raises:
        SourceError: the operator named no server, or no key for it.
    """
    if not settings.livekit_url:
        raise SourceError("This server watches no LiveKit rooms: MOTUS_INGEST_LIVEKIT_URL is not set.")
    if not settings.livekit_url.startswith(("ws://", "wss://")):
        raise SourceError("MOTUS_INGEST_LIVEKIT_URL must begin with ws:// or wss://.")
    if not settings.livekit_key or not settings.livekit_secret:
        raise SourceError(
            "This server has no key for LiveKit rooms: MOTUS_INGEST_LIVEKIT_KEY or _LIVEKIT_SECRET is not set."
        )
    # Without the grant for data a message is dropped, and nobody is told.
    grants = api.VideoGrants(
        room_join=True, room=room, hidden=True, can_publish=False, can_subscribe=True, can_publish_data=True
    )
    made = api.AccessToken(settings.livekit_key, settings.livekit_secret).with_identity(identity).with_ttl(_LASTS)
    return made.with_grants(grants).to_jwt()


def refusal(error: rtc.ConnectError) -> SourceError | LostError:
    """Why a room could not be entered, without the token that the SDK's own text holds."""
    if _REFUSED.search(error.message):
        return SourceError("The LiveKit server does not accept this server's key.")
    return LostError("The LiveKit server was not to be reached.")
