"""Hand-picked colours, each a paper, a tint and an ink that is easy to read on both."""

from paywall.products.images.poster.plates import Palette

PALETTES = (
    Palette(paper=(241, 234, 214), tint=(99, 150, 116), ink=(18, 48, 44)),  # greenback
    Palette(paper=(244, 231, 208), tint=(205, 92, 66), ink=(48, 26, 38)),  # brick and plum
    Palette(paper=(14, 27, 46), tint=(190, 146, 66), ink=(246, 234, 204)),  # gold at midnight
    Palette(paper=(15, 38, 34), tint=(74, 148, 124), ink=(243, 231, 198)),  # verdigris
    Palette(paper=(239, 234, 222), tint=(72, 118, 184), ink=(25, 32, 68)),  # cobalt
    Palette(paper=(42, 24, 44), tint=(212, 122, 82), ink=(250, 234, 210)),  # apricot and aubergine
    Palette(paper=(241, 225, 197), tint=(222, 130, 66), ink=(14, 74, 78)),  # terracotta and teal
    Palette(paper=(244, 230, 184), tint=(208, 152, 34), ink=(60, 34, 22)),  # mustard and coffee
)
