"""An independent judge of placed programs: it shares no code with the passes that make them."""

from neuromorph.compile.check.judge import check_program
from neuromorph.compile.check.read import Weights
from neuromorph.compile.check.report import CheckReport, Usage, Violation

__all__ = ["check_program", "CheckReport", "Usage", "Violation", "Weights"]
