"""Wire forms of one and the same 402: pure codecs, headers and bodies on one side, values on the other."""
