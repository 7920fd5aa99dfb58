"""Kernels on plain arrays that more than one stage needs: array in, array out, spacing as an argument."""
