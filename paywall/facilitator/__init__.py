"""x402's facilitator for the scheme `exact` on Cardano: in process, or over HTTP by `paywall facilitator`."""
