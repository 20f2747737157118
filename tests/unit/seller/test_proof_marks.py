"""What is kept of a used proof tells it from every other."""

from paywall.redemptions.holder_proofs import mark


def test_no_two_pairs_of_texts_have_one_mark_wherever_the_one_ends_and_the_other_begins() -> None:
    pairs = [
        ("claim of A", "B C"),
        ("claim of A B", "C"),
        ("claim of A B C", ""),
        ("claim of", "A B C"),
        ("", "2 ab"),
    ]
    assert len({mark(*pair) for pair in pairs}) == len(pairs)
    assert {len(mark(*pair)) for pair in pairs} == {16}
