"""``python -m neuromorph``: the command line."""

from neuromorph.cli import main

if __name__ == "__main__":
    main()
