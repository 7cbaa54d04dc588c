"""What `bench/ingest.py` measures."""
