"""The movements of the synthetic athletes."""
