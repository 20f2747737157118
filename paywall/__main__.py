"""`python -m paywall`."""

from paywall.cli.main import main

main()
