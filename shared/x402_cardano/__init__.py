"""x402's scheme `exact` on Cardano: its words, and what of its rules needs no chain.

After `specs/schemes/exact/scheme_exact_cardano.md` of x402-foundation/x402; the names of the reasons are those of the
foundation's TypeScript package, for the specification lists none.
"""
