"""An echo: what goes in comes out, so many steps later."""

from neuromorph.circuits.echo.build import Echo, build
from neuromorph.circuits.echo.read import read

__all__ = ["Echo", "build", "read"]
