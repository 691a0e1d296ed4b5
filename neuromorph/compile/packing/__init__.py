"""What neurons ask of cores, which core they are put on, and where that core lies."""
