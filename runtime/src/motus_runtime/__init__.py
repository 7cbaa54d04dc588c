"""What every Motus service needs; see each module."""
