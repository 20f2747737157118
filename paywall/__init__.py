"""The seller: signed 402s, multi-use receipts, one provable burn for each use."""

__version__ = "0.1.0"
