"""What the groups of commands share: settings from the environment, and a set-up fault printed as one sentence."""

import os
import sys
from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

import click

from paywall.environment import read_settings
from paywall.errors import SetupError
from paywall.settings import Settings
from shared.cardano.lean import leave_backends_out

P = ParamSpec("P")
T = TypeVar("T")
EXIT_SETUP = 2


def configured() -> Settings:
    """Errors: SetupError."""
    return read_settings(os.environ)


def explained(command: Callable[P, T]) -> Callable[P, T]:
    """A set-up that is not complete ends in one sentence and exit status 2, not in a traceback."""

    @wraps(command)
    def run(*args: P.args, **kwargs: P.kwargs) -> T:
        # pycardano's own checks of types double its import (1.1 s) and its drafts; our reader judges every byte.
        os.environ.setdefault("PYCARDANO_NO_TYPE_CHECK", "1")
        leave_backends_out()
        try:
            return command(*args, **kwargs)
        except SetupError as error:
            click.echo(f"paywall: {error.detail}", err=True)
            sys.exit(EXIT_SETUP)

    return run
