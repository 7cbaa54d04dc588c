"""Ingest: opens video sources, decodes and paces them, and sends every frame to pose."""
