"""Charging on Cardano with servers of others: PyPI `x402` (scheme `exact`) and PyPI `pympp` (method `cardano`)."""
