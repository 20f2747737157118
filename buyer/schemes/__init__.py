"""Paying on Cardano with clients of others: PyPI `x402` (scheme `exact`) and PyPI `pympp` (method `cardano`)."""
