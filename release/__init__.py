"""What is given away: the packages, and how they are checked."""
