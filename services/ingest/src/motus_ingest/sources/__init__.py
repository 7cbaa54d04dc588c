"""Video sources: one module each, all behind the port `FrameSource`."""
