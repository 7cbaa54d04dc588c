"""The pure core: what a message does to what is known of a session. It knows no bus, message, clock or store."""
