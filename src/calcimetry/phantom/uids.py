"""Identifiers that follow from what they name: same recipe and seed, same UIDs."""

from __future__ import annotations

import hashlib

__all__ = ["uid"]


def uid(*parts: object) -> str:
    """A DICOM UID under ``2.25`` (a UUID as a decimal number), derived from the parts.

    >>> uid("thorax-demo", 1) == uid("thorax-demo", 1)
    True
    """
    digest = bytearray(hashlib.sha256("\x1f".join(str(p) for p in parts).encode()).digest()[:16])
    digest[6] = (digest[6] & 0x0F) | 0x80  # UUID version 8: made from a name, by a rule of one's own
    digest[8] = (digest[8] & 0x3F) | 0x80
    return f"2.25.{int.from_bytes(digest, 'big')}"
