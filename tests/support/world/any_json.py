"""Whatever a client may send as JSON, as our strict reader gives it: finite, within 63 bits, storable."""

from collections.abc import Iterable
from typing import Any

from hypothesis import strategies as st

TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=40)
_SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(1 - 2**63, 2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | TEXTS
)
VALUES: st.SearchStrategy[Any] = st.recursive(
    _SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=8,
)


def objects(names: Iterable[str], values: Iterable[Any] = ()) -> st.SearchStrategy[dict[str, Any]]:
    """Objects that have these names, and these values, more often than chance would give them."""
    known = sorted(set(names))
    keys = st.sampled_from(known) | TEXTS if known else TEXTS
    given = list(values)
    return st.dictionaries(keys, st.sampled_from(given) | VALUES if given else VALUES, max_size=4)
