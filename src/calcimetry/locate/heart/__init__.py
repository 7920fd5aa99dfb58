"""The heart and the great vessels on a chest CT, without learned weights: landmarks with a spread.

One file, one find: ``spine``, ``airway``, ``descending`` and ``ascending`` aorta, ``levels`` (carina, bottom of the
heart), ``root``; ``anatomy`` joins them. All work on one :class:`~calcimetry.locate.heart.frame.Frame`.
"""

from calcimetry.locate.heart.anatomy import anatomy

__all__ = ["anatomy"]
