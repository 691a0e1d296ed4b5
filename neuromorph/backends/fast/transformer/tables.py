"""Places in the tables of a prepared model: what compiled code knows of it."""

from __future__ import annotations

from neuromorph.backends.fast.lanes import LANES

PANEL = 2 * LANES
"""Rows of weights, or slots, or columns of values, that stand together."""

(WEIGHTS, OUTPUTS, INPUTS, X_AT, WIDE, MULTIPLIERS, SHIFTS, BIASES, COLUMN) = range(9)
"""Of a dense layer: addresses, sizes, where its payloads begin, whether they need 32 bits, and
where its sums go."""
LAYER = 9

(SIZE, LADDER_SHIFT, THRESHOLD, LEAST, LEAST_SHIFT, Y_MULTIPLIER, Y_SHIFT, LIMIT, CENTRED,
 MEAN_BITS, MEAN_MULTIPLIER, MEAN_SHIFT, LARGEST) = range(13)
"""Of a norm."""
NORM = 13

(CENTRES, CODE_MULTIPLIERS, CODE_SHIFTS, CODE_LIMIT, X_LIMIT, OWN_NORM, GAINS,
 GAIN_SHIFTS) = range(8)
"""Of a code, and of what stands before it: where numbers are cut off, and a head's norm or -1."""
CODE = 8

(FIRST_DUE, RAMP, WINDOW, SCORE_BOUND, CLIMB, KEY_SHIFT, SPAN, GAIN, GAIN_SHIFT, BASE, BASE_BITS,
 INVERSE, INVERSE_SHIFT, SLOTS, CONTEXT_MULTIPLIER, CONTEXT_SHIFT, CONTEXT_LIMIT, KEEP,
 NORMALISED, LEFT, RIGHT) = range(21)
"""Of a head; `INVERSE` / 2^`INVERSE_SHIFT` divides by its ramp."""
HEAD = 21

(NUMBER, NORM_1, NORM_2, UNIT_NORM, END_NORM, QUERY, OUTPUT, TURNS, GATE, DOWN, GATED, HEADS,
 GROUPS, HEAD_SIZE, ROTARY, CONTEXT_AT, CARRIES_1, CARRY_SHIFTS_1, CARRIES_2, CARRY_SHIFTS_2,
 ACTIVATION, PRODUCT_SHIFT, HIDDEN_LIMIT, LIMIT_1, LIMIT_2, WIDTH, HIDDEN) = range(27)
"""Of a block: addresses, sizes, and places in the other tables; -1 where it has no such part. Its
keys' layer stands behind its queries', its values' behind that, and ``up`` behind its gate."""
BLOCK = 27

(NORM_OF, SOURCE, CARRIED, SPEAKER, IN_FRONT_OF, FROM) = range(6)
"""Of a norm of many tokens: which, of sums or else of the stream, whether it is carried on in the
stream, who speaks, the block in front of which R is kept (or -1), and the first token."""

(LAYERS_FROM, LAYERS_TO) = range(2)
"""Which layers are added up."""

(TOKENS, FIRST, CAUSAL, CAPACITY, STREAM, STREAM_STRIDE, WIDE_SAID, SAID, SAID_STRIDE, SUMS,
 SUMS_STRIDE, QUERIES, QUERY_STRIDE, ROOTS, ANSWERS, ANSWER_FROM, COSINES, SINES, RECORD, PANELS,
 PANEL_STRIDE, BARRIER, EMBEDDING_NORM, HEAD_NORM, HEAD_LAYER, BLOCKS, SCORES, SCORE_STRIDE, SPOKEN,
 LATE, LATE_STRIDE, PARTS, PARTS_STRIDE, MASS, MASS_STRIDE, COLUMNS, ANSWER_STRIDE,
 MODEL_WIDTH, LONGEST, LAYERS, NORMS, CODES, KINDS, KINDS_STRIDE, RINGS) = range(45)
"""Of a call: what is read, where it is written, and room to work in."""
WORK = 45

SPIKES = ("normed", "query", "key", "value", "match", "context", "middle", "mlp_normed", "hidden",
          "unit", "end")
"""Who speaks in a block."""

CUTS = ("norm", "x", "code", "context", "gate", "hidden", "stream")
"""What is cut off."""

(S_NORMED, S_QUERY, S_KEY, S_VALUE, S_MATCH, S_CONTEXT, S_MIDDLE, S_MLP_NORMED, S_HIDDEN, S_UNIT,
 S_END) = range(len(SPIKES))
(C_NORM, C_X, C_CODE, C_CONTEXT, C_GATE, C_HIDDEN, C_STREAM) = range(
    len(SPIKES), len(SPIKES) + len(CUTS))
COUNTS = len(SPIKES) + len(CUTS)
S_NOBODY = COUNTS
"""Where spikes are counted that are not asked for."""
