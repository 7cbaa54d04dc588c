"""The coach service: measured repetitions in, short spoken cues out."""
