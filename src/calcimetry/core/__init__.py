"""The nouns: what the stages hand on. numpy and the standard library only; values are frozen, arrays read-only."""
