"""What a run takes: events counted, then joules and seconds by a profile's sets of constants."""

from neuromorph.cost.band import Band, Ends, band
from neuromorph.cost.constants import costs_of
from neuromorph.cost.estimate import Estimate, PhaseCost, estimate
from neuromorph.cost.events import Events, count_events
from neuromorph.cost.links import fullest_link
from neuromorph.cost.pace import passes_of, pipelined
from neuromorph.cost.phases import step_classes
from neuromorph.cost.steps import count_steps, work_of
from neuromorph.cost.work import PhaseWork

__all__ = ["Band", "Ends", "Estimate", "Events", "PhaseCost", "PhaseWork", "band", "costs_of",
           "count_events", "count_steps", "estimate", "fullest_link", "passes_of", "pipelined",
           "step_classes", "work_of"]
