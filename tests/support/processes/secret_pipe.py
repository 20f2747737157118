"""A passphrase on a file descriptor, as `paywall … 3< <(pass show custody)` gives it."""

import os


def descriptor_of(text: str) -> int:
    """To be read, and closed, by whoever gets it."""
    reading, writing = os.pipe()
    os.write(writing, text.encode())
    os.close(writing)
    return reading
