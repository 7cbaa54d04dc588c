"""What clients push: IngestService, and who looks after its sessions."""
