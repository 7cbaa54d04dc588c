"""What a pipeline of several processes does within a while: results by session, their age, processor time by part."""

import os
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

_TICK_MS = 1000.0 / os.sysconf("SC_CLK_TCK")
_PPID, _UTIME, _STIME = 1, 11, 12


@dataclass
class Watch:
    """Results as they come.

    Attributes:
        results: how many, by session.
        ages_ms: from each frame's ingest time to its result, milliseconds.
    """

    results: Counter[str] = field(default_factory=Counter)
    ages_ms: list[float] = field(default_factory=list)

    def saw(self, session: str, ingest_time_ns: int) -> None:
        """A frame's result is there."""
        self.results[session] += 1
        self.ages_ms.append((time.time_ns() - ingest_time_ns) / 1e6)

    def clear(self) -> None:
        """Forget what came so far."""
        self.results.clear()
        self.ages_ms.clear()


@dataclass(frozen=True)
class Run:
    """How it went.

    Attributes:
        done_share: results over frames that the cameras saw, of the worst session.
        p50_ms, p95_ms: age of the results, milliseconds.
        cpu_ms: processor time of all processes for one result, by part, milliseconds.
    """

    done_share: float
    p50_ms: float
    p95_ms: float
    cpu_ms: dict[str, float]

    @property
    def total_cpu_ms(self) -> float:
        """Of all parts together."""
        return sum(self.cpu_ms.values())


def run_of(watch: Watch, sessions: list[str], seconds: float, fps: float, used_ms: Counter[str]) -> Run:
    """The figures of a while."""
    done, wanted = sum(watch.results.values()), fps * seconds
    p50, p95 = np.percentile(watch.ages_ms, [50, 95]) if watch.ages_ms else (np.inf, np.inf)
    cpu = {part: ms / max(done, 1) for part, ms in used_ms.items()}
    return Run(min(watch.results[one] for one in sessions) / wanted, float(p50), float(p95), cpu)


def processor_ms() -> Counter[str]:
    """Processor time of all processes that this one has started, by part, milliseconds."""
    used = Counter[str]()
    for pid in _descendants(os.getpid()):
        fields = _stat(pid)
        used[_part(pid)] += round(_TICK_MS * (int(fields[_UTIME]) + int(fields[_STIME]))) if fields else 0
    return used


def _descendants(root: int) -> Iterator[int]:
    parents = {int(path.name): _stat(int(path.name)) for path in Path("/proc").iterdir() if path.name.isdigit()}
    line = [root]
    while line:
        parent = line.pop()
        children = [pid for pid, fields in parents.items() if fields and int(fields[_PPID]) == parent]
        yield from children
        line += children


def _stat(pid: int) -> list[str]:
    """Fields of proc(5) `stat` behind the name; empty when the process has gone."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return []


def _part(pid: int) -> str:
    """The module that a process runs, or its program."""
    try:
        words = Path(f"/proc/{pid}/cmdline").read_text().split("\0")
    except OSError:
        return "gone"
    return words[words.index("-m") + 1].removeprefix("motus_") if "-m" in words else Path(words[0]).name
