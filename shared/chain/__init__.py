"""The only code that speaks to a chain: a port and its adapter."""
