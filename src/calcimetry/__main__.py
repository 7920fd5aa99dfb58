"""``python -m calcimetry``: the command line."""

from calcimetry.cli import main

main()
