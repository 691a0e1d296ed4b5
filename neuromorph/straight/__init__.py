"""Updates of neurons and synapses as straight-line integer code.

A kernel is one neuron and one step in plain Python (`neuromorph.neurons.contract`). Here it is
walked once, both sides of every branch, and what is left is a list of operations without control
flow: what a format that knows no Python can hold, for all neurons at once. A learning rule
becomes such a list from its terms.
"""

from neuromorph.straight.code import Code, Node
from neuromorph.straight.learning import Learned, learned
from neuromorph.straight.numpy_text import learning_function, numpy_function
from neuromorph.straight.update import Update, named_update, stacked, update_of, why_not_straight

__all__ = ["Code", "Learned", "Node", "Update", "learned", "learning_function", "named_update",
           "numpy_function", "stacked", "update_of", "why_not_straight"]
