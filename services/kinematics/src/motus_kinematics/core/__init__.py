"""The pure core: landmarks in, what was measured out; no bus, no message, no clock."""
