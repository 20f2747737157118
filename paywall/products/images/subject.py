"""What was asked for: reads the body of a generate request. Pure; chance is an argument."""

import unicodedata
from collections.abc import Callable, Mapping, Sequence
from difflib import get_close_matches
from itertools import groupby

from paywall.products.images.maker import Subject
from paywall.products.images.presidents import NAMES, find

MAX_PROMPT_CHARACTERS = 1000

# Canonical composition joins at most four code points into one (UAX #15, table of expansion factors), so a
# longer text cannot shrink to a lawful prompt.
_MAX_RAW_CHARACTERS = 4 * MAX_PROMPT_CHARACTERS
#: combining marks in a row (UAX #15, Stream-Safe Text Format): putting them into order, as normalising does,
#: takes time by the square of their number
_MAX_MARKS = 30
_MAX_HINTED_NAME = 64
_HINTS = 3

_CONTROL = {"Cc", "Cs", "Zl", "Zp"}
#: Unicode's property Bidi_Control
_BIDIRECTIONAL = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_TAGS = frozenset(map(chr, range(0xE0000, 0xE0080)))
_INVISIBLE = {"Zs", "Cf", "Mn", "Me"}


class SubjectError(ValueError):
    """The body asks for nothing that can be drawn.

    `refused` tells a well-formed prompt that is not accepted (422) from a request with an error in it (400).
    """

    def __init__(self, message: str, *, refused: bool = False) -> None:
        """Keep the sentence for the client and which of the two it is."""
        super().__init__(message)
        self.refused = refused


def read_subject(body: Mapping[str, object], pick: Callable[[Sequence[str]], str]) -> Subject:
    """Read `name` or `prompt`; a body with neither gets a president chosen by `pick` (like `random.choice`).

    Other members of the body are not looked at. Raises SubjectError.
    """
    if "name" in body and "prompt" in body:
        raise SubjectError("Give either a name or a prompt, not both.")
    if "name" in body:
        return Subject("name", _read_name(_text(body, "name")))
    if "prompt" in body:
        return Subject("prompt", _read_prompt(_text(body, "prompt")))
    return Subject("name", pick(NAMES))


def _text(body: Mapping[str, object], member: str) -> str:
    value = body[member]
    if not isinstance(value, str):
        raise SubjectError(f"The {member} must be a string.")
    return value


def _read_name(name: str) -> str:
    president = find(name)
    if president is None:
        raise SubjectError(f"There is no 19th-century US president of that name.{_hint(name)}")
    return president.name


def _hint(name: str) -> str:
    near = _near(name.casefold()) if len(name) <= _MAX_HINTED_NAME else []
    return f" Did you mean {' or '.join(near)}?" if near else ""


def _near(name: str) -> list[str]:
    """Names that share the surname, and else those that are spelt alike."""
    surname = name.split()[-1:]
    same_surname = [known for known in NAMES if [known.split()[-1].casefold()] == surname]
    if same_surname:
        return same_surname
    folded = {known.casefold(): known for known in NAMES}
    return [folded[match] for match in get_close_matches(name, folded, n=_HINTS)]


def _read_prompt(prompt: str) -> str:
    if len(prompt) > _MAX_RAW_CHARACTERS:
        raise _too_long()
    if any(unicodedata.category(character) in _CONTROL for character in prompt):
        raise SubjectError("The prompt must not hold control characters, line breaks included.")
    prompt = "".join(character for character in prompt if not _is_disguise(character))
    if _longest_run_of_marks(prompt) > _MAX_MARKS:
        raise SubjectError(f"The prompt has more than {_MAX_MARKS} combining marks in a row.")
    prompt = unicodedata.normalize("NFC", prompt).strip()
    if len(prompt) > MAX_PROMPT_CHARACTERS:
        raise _too_long()
    if all(unicodedata.category(character) in _INVISIBLE for character in prompt):
        raise SubjectError("The prompt is empty.")
    return prompt


def _is_disguise(character: str) -> bool:
    """Bidirectional controls and tags: with them a text says to a model, or to who reads it, what nobody sees."""
    return character in _BIDIRECTIONAL or character in _TAGS


def _is_mark(character: str) -> bool:
    return unicodedata.combining(character) != 0


def _longest_run_of_marks(text: str) -> int:
    return max((len(list(run)) for marks, run in groupby(text, _is_mark) if marks), default=0)


def _too_long() -> SubjectError:
    return SubjectError(f"The prompt is longer than {MAX_PROMPT_CHARACTERS} characters.", refused=True)
