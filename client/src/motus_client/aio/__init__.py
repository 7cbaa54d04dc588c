"""The client for asyncio; the one that waits is written from it by `make client`."""
