"""Many sessions on several workers: live sources, worker processes, and what became of each frame."""
