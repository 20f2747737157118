"""Everything here has pycardano as our commands have it, so this comes before anything imports it."""

import os

# Without its checks of types, each of its drafts takes half the time.
os.environ.setdefault("PYCARDANO_NO_TYPE_CHECK", "1")
