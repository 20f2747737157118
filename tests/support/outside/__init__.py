"""A package of somebody else's: a rail, a dialect, a resource and a payer. A test copies it away and sells with it.

Nothing of it knows anything of `paywall` and `buyer` but their public faces and ports.
"""
