"""A recording that is fetched by HTTP(S) before it is played as a file."""

import asyncio
import tempfile
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import replace
from pathlib import Path

from motus_ingest.regions import Regions
from motus_ingest.sampling import Sampling
from motus_ingest.settings import IngestSettings
from motus_ingest.sources.download import download
from motus_ingest.sources.file_source import FileSource
from motus_ingest.sources.port import FrameSource, Step


class UrlSource:
    """An `http://` or `https://` source; see the port. What is fetched is gone with the generator.

    Args:
        uri: which recording.
        settings: who may be asked, bounds and form of the pictures.
        sampling: which frames are wanted.
        regions: where pose sees people.
    """

    def __init__(self, uri: str, settings: IngestSettings, sampling: Sampling, regions: Regions) -> None:
        self._uri, self._settings, self._sampling, self._regions = uri, settings, sampling, regions
        self._file: FrameSource | None = None

    @property
    def duration_s(self) -> float | None:
        """Seconds that the file says it lasts."""
        return None if self._file is None else self._file.duration_s

    async def steps(self) -> AsyncGenerator[Step, None]:
        """See the port."""
        with tempfile.TemporaryDirectory(prefix="motus-ingest-", ignore_cleanup_errors=True) as folder:
            path = Path(folder) / "video"
            await asyncio.to_thread(download, self._uri, self._settings, path)
            settings = replace(self._settings, roots=(Path(folder),))
            self._file = FileSource(path.as_uri(), settings, self._sampling, self._regions)
            async with aclosing(self._file.steps()) as steps:
                async for step in steps:
                    yield step
