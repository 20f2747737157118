"""For programs of ours: pycardano without the clients of chain services that it brings along."""

import sys
from importlib.util import find_spec
from types import ModuleType


def leave_backends_out() -> None:
    """Call before pycardano is imported: three quarters of its import are models for services that we never ask.

    Only `pycardano.backend.base` is left of them. Not for a library: another part of its process may want the rest.
    """
    found = find_spec("pycardano")
    if "pycardano" in sys.modules or found is None or found.submodule_search_locations is None:
        return
    package = ModuleType("pycardano.backend")
    package.__path__ = [f"{place}/backend" for place in found.submodule_search_locations]
    sys.modules[package.__name__] = package
