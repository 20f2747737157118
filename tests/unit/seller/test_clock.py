"""Ids are UUIDs in the order of time, and no two are one."""

import uuid

from paywall import clock


def test_an_id_is_a_uuid_of_version_7() -> None:
    made = uuid.UUID(clock.new_id())
    assert (made.version, made.variant) == (7, uuid.RFC_4122)
    assert abs((made.int >> 80) / 1000 - clock.unix_now()) < 5


def test_ids_of_later_milliseconds_sort_after_those_of_earlier_ones() -> None:
    made = [clock.new_id() for _ in range(20_000)]
    assert len(set(made)) == len(made)
    stamps = [one[:13] for one in made]
    assert stamps == sorted(stamps)


def test_a_reference_is_32_hex_digits() -> None:
    assert len(bytes.fromhex(clock.new_reference())) == 16
