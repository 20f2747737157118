"""Draws the offline image maker's posters with Pillow. Everything is decided by the subject's SHA-256."""
