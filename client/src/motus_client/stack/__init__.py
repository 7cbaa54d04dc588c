"""A whole Motus on this machine: a NATS server and the five services as processes, kept alive and stopped cleanly."""
