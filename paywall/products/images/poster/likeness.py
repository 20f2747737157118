"""What a schematic profile shows of each president: after their well-known portraits, one row each."""

from dataclasses import dataclass
from typing import Literal

Hair = Literal["short", "receding", "bald", "swept", "tall", "long", "queue", "curly"]
Beard = Literal["none", "curtain", "short", "full", "long", "chops", "whiskers"]


@dataclass(frozen=True, slots=True)
class Likeness:
    """The features that tell one profile from another. `nose` and `chin` are added to the common lengths."""

    hair: Hair
    beard: Beard = "none"
    moustache: bool = False
    hat: bool = False
    nose: float = 0.0
    chin: float = 0.0
    grey: bool = False


LIKENESSES = {
    "John Adams": Likeness("bald", nose=-0.01, chin=0.02, grey=True),
    "Thomas Jefferson": Likeness("queue", nose=0.01, chin=0.02),
    "James Madison": Likeness("queue", nose=0.02, grey=True),
    "James Monroe": Likeness("receding", nose=0.01),
    "John Quincy Adams": Likeness("bald", "chops", nose=0.0),
    "Andrew Jackson": Likeness("tall", nose=0.01, chin=0.02, grey=True),
    "Martin Van Buren": Likeness("bald", "whiskers", grey=True),
    "William Henry Harrison": Likeness("short", nose=0.04),
    "John Tyler": Likeness("receding", "chops", nose=0.05),
    "James K. Polk": Likeness("long", nose=0.01, grey=True),
    "Zachary Taylor": Likeness("short", "chops", nose=0.02, chin=0.02),
    "Millard Fillmore": Likeness("swept", chin=-0.01, grey=True),
    "Franklin Pierce": Likeness("curly"),
    "James Buchanan": Likeness("swept", chin=0.01, grey=True),
    "Abraham Lincoln": Likeness("short", "curtain", hat=True, nose=0.03, chin=0.02),
    "Andrew Johnson": Likeness("long", nose=0.01, chin=0.01),
    "Ulysses S. Grant": Likeness("short", "short", moustache=True),
    "Rutherford B. Hayes": Likeness("swept", "long", moustache=True, nose=0.01),
    "James A. Garfield": Likeness("receding", "full", moustache=True),
    "Chester A. Arthur": Likeness("receding", "whiskers", moustache=True),
    "Grover Cleveland": Likeness("short", moustache=True, chin=-0.01),
    "Benjamin Harrison": Likeness("receding", "full", moustache=True, grey=True),
    "William McKinley": Likeness("receding", nose=0.02, chin=0.02),
}
