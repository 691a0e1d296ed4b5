"""What is sent in which step of a token."""

READ_AT, VALUE_AT, WRITE_AT, ASK_AT = range(4)
"""The key asks what it brings back; the wanted value; error, key and gate write; the query."""

PERIOD = 4
"""Steps a token."""

ANSWER_AT, HELD_AT, STRAY_AT = 0, 1, 3
"""When the memory speaks: the query's answer a step after it, in the next token's first step; what
the key brings back; and what it makes of the payloads that write, which nobody hears."""

ANSWER_STEPS = 1
"""Steps from a query to its answer."""
