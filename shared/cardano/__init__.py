"""Cardano's primitives, without any network: assets, addresses, metadata, transaction bytes."""
