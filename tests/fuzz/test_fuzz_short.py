"""The short form of `make fuzz`: every reader answers odd documents with a value or a refusal of its own."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fuzz.campaign import fuzz
from tests.fuzz.judging import execute
from tests.fuzz.mutating import mutated
from tests.fuzz.planted import planted
from tests.fuzz.readers import readers

READERS = readers()
edits = st.lists(
    st.tuples(st.integers(0, 2_000), st.integers(0, 3), st.binary(max_size=9)), min_size=1, max_size=4
)


@pytest.mark.parametrize("name", READERS)
def test_the_samples_themselves_are_read(name: str) -> None:
    for sample in READERS[name].samples:
        READERS[name].read(sample)


@pytest.mark.parametrize("name", READERS)
@settings(max_examples=60)
@given(data=st.data())
def test_whatever_the_bytes_a_reader_gives_a_value_or_a_refusal_of_its_own(
    name: str, data: st.DataObject
) -> None:
    reader = READERS[name]
    raw = data.draw(st.sampled_from(reader.samples))
    if reader.form and data.draw(st.booleans()):
        for seed in data.draw(st.lists(st.integers(0, 2**32), min_size=1, max_size=4)):
            raw = mutated(reader.form, raw, seed) or raw
    else:
        for place, cut, filling in data.draw(edits):
            raw = raw[:place] + filling + raw[place + cut :]
    execute(reader, raw)


@pytest.mark.parametrize("name", planted())
def test_the_campaign_finds_what_is_planted(name: str) -> None:
    assert fuzz(name, executions=20_000, seed=1).fault.startswith(name)
