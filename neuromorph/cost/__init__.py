"""What a run takes: events counted, then joules and seconds by a profile's constants."""

from neuromorph.cost.estimate import Estimate, estimate, estimate_phases
from neuromorph.cost.events import Events, count_events
from neuromorph.cost.phases import step_classes
from neuromorph.cost.steps import count_steps

__all__ = ["Estimate", "Events", "count_events", "count_steps", "estimate", "estimate_phases",
           "step_classes"]
