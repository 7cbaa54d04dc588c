"""Pose service: frames in, landmarks of every person in them out."""
