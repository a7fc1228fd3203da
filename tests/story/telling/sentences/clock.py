"""Time that jumps."""
