"""What outlives a session: `port` says what is asked of a store, `sql` does it."""
