"""Programs that use neuromorph; none of them is part of the package."""
