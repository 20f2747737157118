"""Draws posters for the server that started it: subjects as lines of JSON in, posters with their length out.

It ends with its input, so with the server, however that ends.
"""

import json
import os
import sys

from paywall.products.images.maker import LENGTH_BYTES, Subject
from paywall.products.images.poster.sheet import draw

#: behind the API where both want the same core
NICENESS = 10


def main() -> None:
    os.nice(NICENESS)
    for line in sys.stdin.buffer:
        kind, text = json.loads(line)
        poster = draw(Subject(kind, text))
        try:
            sys.stdout.buffer.write(len(poster).to_bytes(LENGTH_BYTES) + poster)
            sys.stdout.buffer.flush()
        except BrokenPipeError:
            os._exit(0)  # nobody is there any more; the interpreter would try to flush once more


if __name__ == "__main__":
    main()
