"""Words that are read once for all who ask in them are to everybody what they would have been read alone."""

from collections.abc import Mapping
from typing import Any, cast

from hypothesis import given
from hypothesis import strategies as st

from paywall.clock import new_id
from paywall.redemptions.access import Principal
from paywall.redemptions.resource import Resource
from paywall.redemptions.using import Asked, UseAttempt, Using
from paywall.web.bodies import SMALL_BODY, object_of
from paywall.web.resources import _asked
from shared import strict_json
from tests.conformance.samples import RECEIPT, REQUEST
from tests.support.world.echo import Echo

NOBODY = cast("Any", None)
VALUES = st.none() | st.booleans() | st.integers(-2, 2) | st.text("ab{[", max_size=3)
BODIES = st.dictionaries(
    st.sampled_from(["a", "b", "prompt"]), VALUES | st.lists(VALUES, max_size=2), max_size=3
)


@given(st.lists(BODIES, min_size=1, max_size=8))
def test_bodies_that_look_alike_are_told_apart(bodies: list[dict[str, Any]]) -> None:
    """True is 1 to Python, and no seller's request."""
    for body in bodies:
        raw = strict_json.dumps(body).encode()
        asked = _asked(raw)
        assert asked.body == object_of(raw)
        assert asked.canonical == Asked(object_of(raw)).canonical


def test_what_could_hold_a_receipt_or_be_changed_within_is_not_kept() -> None:
    for raw in (b'{"a":"%b"}' % (b"x" * SMALL_BODY), b'{"a":{"b":1}}', b'{"a":[1]}'):
        assert _asked(raw) is not _asked(raw)
    assert _asked(b'{"a":1}') is _asked(b'{"a":1}')


class Taking(Echo):
    """Takes what it is given apart."""

    def read(self, body: Mapping[str, Any]) -> Mapping[str, Any]:
        given = cast("dict[str, Any]", body)
        return {"prompt": given.pop("prompt")}


def test_a_fulfilment_that_changes_the_body_changes_it_for_nobody_else() -> None:
    using = Using(NOBODY, NOBODY, NOBODY, new_id)
    resource = Resource("echo", REQUEST.order.product, "/api/echo", Taking())
    principal, raw = Principal(RECEIPT, REQUEST, None), b'{"prompt":"a cat"}'
    made = [using._request(resource, principal, UseAttempt(None, _asked(raw), "key")) for _ in range(2)]
    assert [one.document for one in made] == [raw.decode()] * 2
    assert [one.request for one in made] == [raw.decode()] * 2
