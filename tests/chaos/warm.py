"""Imported once by the server that forks the sellers, after all else: what each of them would do anew at its start."""

import gc

from shared.chain.tls import trusted

for trust_env in (False, True):
    trusted(trust_env)  # reading authorities, which no devnet needs
gc.collect()
gc.freeze()  # or each child's first collection copies the whole memory
