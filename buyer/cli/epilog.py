"""What `buyer --help` ends with: exit codes, and the environment."""

EPILOG = """\b
Exit codes
  0  done
  1  a failure of buyer's own, or an answer that cannot be printed
  2  wrong usage, or the wallet cannot be used
  3  over budget, or the owner is to approve it first; nothing was paid
  4  the payment or the receipt was refused
  5  the seller is unreachable or at fault, or the answer is still pending
  6  a proof does not hold
  7  done, and the seller kept less than it promised: see broken_promises
  130  interrupted
  141  whoever read the answer went away, as in a pipe to head

\b
Environment
  BUYER_SELLER           the seller's URL, for --seller
  BUYER_WALLET           the wallet file, for --wallet
  BUYER_ADA_USD          what one ADA costs, like "0.50 USD": needed on every network but the devnet
  BUYER_CHAIN            a Blockfrost-shaped chain service to ask instead, like https://host/api/v0; needed for a
                         devnet that is not on this machine, since no seller elsewhere may name what is called
  BUYER_ACKLAB_CLIENT_ID, BUYER_ACKLAB_CLIENT_SECRET, BUYER_ACKLAB_AGENT
                         who pays from an account at ACK Lab; BUYER_ACKLAB_URL for another address of it
  BUYER_USDC_KEY         the private key of an EVM account that pays in USDC (64 hex digits; the extra evm);
                         BUYER_USDC_NETWORK is eip155:8453 (Base) or eip155:84532, and BUYER_USDC_RPC_URL the
                         service that says what it holds, and what became of a payment
  BUYER_PASSPHRASE_FD    a descriptor that gives the passphrase of an encrypted wallet, for --passphrase-fd
  BLOCKFROST_PROJECT_ID  the key to Blockfrost, by which every network but the devnet is seen
"""
