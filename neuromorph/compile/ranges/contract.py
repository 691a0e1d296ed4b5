"""Proof of a whole contract: no overflow, and every output as its port says."""

from __future__ import annotations

from neuromorph.compile.ranges.proof import RangeProof
from neuromorph.compile.ranges.prove import proof_from, require_proof, required
from neuromorph.errors import RangeProofError
from neuromorph.network import Network, verify
from neuromorph.network.credit import credit
from neuromorph.network.promises import lacks

OF_AN_OUTPUT = {
    "in some steps": "a payload may leave the range that it says in some steps",
    "must be silent": "it speaks in steps in which it says that it is silent",
    "must hear something": "it is silent in steps in which it says that it speaks",
    "several neurons": "several neurons may speak in a step, and it says one at most",
    "2-norm": "the 2-norm of one step's payloads may exceed what it says",
    "the range": "a payload may leave the range that it says"}
"""What an input lacks, in the words of an output."""


def prove_contract(network: Network) -> RangeProof:
    """The proof that nothing overflows, if what the outputs say is proved as well.

    For inputs as their ports say: range by neuron, 2-norm of one step's payloads, steps of the
    period, course and turns. A claim is proved by the rules of a circuit, or derived from what
    arrives when; what cannot be derived is refused, though it may be true. Every part must be
    what its builder builds, and hear what it assumes.

    Parameters
    ----------
    network : Network
        Of the fixed domain.

    Raises
    ------
    RangeProofError
        Naming the output, what is known of it and what it says; or as `require_proof`.
    """
    if verify(network).domain == "float":
        return require_proof(network)
    known, period = credit(network), network.period
    proof = required(proof_from(network, known))
    for doubt in proof.doubts:
        raise RangeProofError(f"a part is not proved by its circuit: {doubt.lack.what}",
                              where=f"{network.name}.{doubt.part}: {doubt.where}",
                              found=doubt.lack.found, expected=doubt.lack.needed,
                              hint="`require_proof` asks only that nothing overflows")
    for port in network.outputs:
        for lack in lacks(known.promises[port.population], port, period, period):
            what = next((said for phrase, said in OF_AN_OUTPUT.items() if phrase in lack.what),
                        lack.what)
            raise RangeProofError(f"a guarantee is not proved: {what}",
                                  where=f"{network.name}.{port.name}", found=lack.found,
                                  expected=lack.needed,
                                  hint="say less of this output, or of which circuit it is a part")
    ignores = {one.here[port.population] for one in known.believed for port in one.built.inputs
               if port.first}
    for port in network.inputs:
        if port.first and port.population not in ignores:
            raise RangeProofError("a guarantee is not proved: that later values are ignored",
                                  where=f"{network.name}.{port.name}", found="no circuit's rules",
                                  expected="a part whose circuit says so of this input")
    return proof
