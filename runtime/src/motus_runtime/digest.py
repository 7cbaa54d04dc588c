"""A latency digest of bounded memory: logarithmic buckets 2 % wide, so that quantiles are within 2 %."""

import math
from collections import Counter
from dataclasses import dataclass, field

_GROWTH = math.log(1.02)


@dataclass
class Digest:
    """Counts milliseconds in logarithmic buckets; negative ones are counted apart, not recorded."""

    buckets: Counter[int] = field(default_factory=Counter)
    count: int = 0
    negative: int = 0
    max_ms: float = 0.0

    def add(self, milliseconds: float) -> None:
        """Record one latency; a negative one tells of clocks that disagree and is only counted."""
        if milliseconds < 0:
            self.negative += 1
            return
        self.buckets[math.ceil(math.log(max(milliseconds, 0.001)) / _GROWTH)] += 1
        self.count += 1
        self.max_ms = max(self.max_ms, milliseconds)

    def quantile(self, share: float) -> float:
        """The latency in milliseconds that `share` (0 to 1) of all were at or below; 0 when there are none."""
        wanted, seen = share * self.count, 0
        for bucket in sorted(self.buckets):
            seen += self.buckets[bucket]
            if seen >= wanted:
                return min(math.exp(bucket * _GROWTH), self.max_ms)
        return 0.0
