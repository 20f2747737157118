"""`python -m buyer`."""

from buyer.cli import main

main()
