"""The report of a session: one HTML page that needs nothing but itself."""
