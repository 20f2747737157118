"""Coverage-guided fuzzing of every reader of strangers' bytes: `make fuzz`.

A reader gives a value or one of its own refusals, and takes time in proportion to what it reads.
"""
