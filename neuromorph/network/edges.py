"""From a port's line back to the port."""

from __future__ import annotations

import re
from itertools import chain

from neuromorph.network.lines import Line, matched, word_of
from neuromorph.network.ports import Course, Port

STEPS = 1 << 20
"""Steps of all ports together."""

_PORT = re.compile(
    r"(?:in|out)put ([^ ]+) ([^ ]+) (\d{1,18}) (?:plain|graded payload_bits=(-?\d{1,18})) "
    r"(-?\d{1,18})\.\.(-?\d{1,18})(?: steps=([^ ]*))?(?: norm=(-?\d{1,18}))?"
    r"(?: stride=(-?\d{1,18}))?(?: course=([^ ]*))?(?: first=(1))?(?: alone=(1))?"
    r"(?: rivals=([^ ]+))?"
    r"(?: (.+))?", re.ASCII)
_COURSE = re.compile(r"(-?\d{1,18})\.\.(-?\d{1,18})@(-?\d{1,18}:-?\d{1,18})", re.ASCII)
_SPAN = re.compile(r"(-?\d{1,18}):(-?\d{1,18})", re.ASCII)


class Edges:
    """Reads the ports of a network, which together say no more than so many steps."""

    def __init__(self) -> None:
        self._steps = 0

    def port(self, line: Line) -> Port:
        """The port of a line; whether there is such a population is another's matter.

        Raises
        ------
        FileFormatError
        """
        (name, population, size, bits, low, high, spans, norm, stride, course, first, alone,
         rivals, says) = matched(
            line, _PORT, "input NAME POPULATION SIZE plain|graded payload_bits=BITS LOW..HIGH "
            "steps=START:STOP,… norm=BOUND stride=NEURONS course=LOW..HIGH@START:STOP,… first=1 "
            "alone=1 rivals=NAME TEXT").groups()
        steps = None if spans is None else tuple(chain.from_iterable(
            self._span(line, span) for span in spans.split(",") if spans))
        return Port(word_of(line, name), word_of(line, population), int(size), int(bits or 0),
                    int(low), int(high), steps, word_of(line, says or ""),
                    None if norm is None else int(norm), int(stride or 1),
                    None if course is None else self._course(line, course), first is not None,
                    alone is not None, word_of(line, rivals or ""))

    def _course(self, line: Line, written: str) -> Course:
        found = []
        for one in written.split(","):
            told = _COURSE.fullmatch(one)
            if told is None:
                line.refuse("this is no course", found=one, expected="LOW..HIGH@START:STOP")
            steps = self._span(line, told[3])
            found.append((steps.start, steps.stop, int(told[1]), int(told[2])))
        return tuple(found)

    def _span(self, line: Line, span: str) -> range:
        found = _SPAN.fullmatch(span)
        if found is None:
            line.refuse("this is no span of steps", found=span, expected="START:STOP")
        steps = range(int(found[1]), int(found[2]))
        self._steps += max(len(steps), 1)
        if self._steps > STEPS:
            line.refuse("too many steps", found=span, expected=f"at most {STEPS}")
        return steps
