"""A real EVM in process, and what pays and settles on it."""

import sys

_LIMIT = sys.getrecursionlimit()

import eth  # noqa: E402, F401  py-evm lets recursion go so deep, at its import, that what others bound by it ends the process

sys.setrecursionlimit(_LIMIT)
