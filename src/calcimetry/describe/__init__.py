"""Words for what was found and outlined: form of each particle, morphology and distribution of each group."""
