#!/bin/sh
# A step of a CI job that buys: a picture for a release, for 2 USD at most.
#
# Keep BUYER_WALLET where the next run finds it. Run again after a failure, it finishes what it began: nothing is paid or
# used twice. Exit 3 is over budget (nothing was paid), 5 is a seller that cannot be reached: try again later.
set -eu

: "${BUYER_WALLET:?the wallet file, such as \$HOME/.local/share/buyer/wallet.db}"
: "${BUYER_SELLER:?the seller, such as https://shop.example}"

buyer images --credits 1 --generate 1 --name "Abraham Lincoln" --max-price 2.00 --out "${1:-release}" --json > bought.json
buyer history --json > history.json   # what was spent, for the job's artifacts
