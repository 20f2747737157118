"""`python -m paywall`."""

from paywall.cli import main

main()
