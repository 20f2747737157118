"""`make bench`: what a 402, a redemption and a burn cost, beside the peers, in one interleaved run."""
