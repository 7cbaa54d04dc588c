"""Whole pipelines side by side: the stack on a recording, on live cameras, and a plain design to hold it to."""
