"""calcimetry."""
