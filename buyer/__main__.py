"""`python -m buyer`."""

from buyer.cli.main import main

main()
