"""Proof of a whole contract: no overflow, and every output as its port says."""

from __future__ import annotations

from neuromorph.compile.ranges.proof import RangeProof
from neuromorph.compile.ranges.prove import require_proof
from neuromorph.errors import RangeProofError
from neuromorph.network import Network
from neuromorph.network.credit import credit
from neuromorph.network.promises import lacks


def prove_contract(network: Network) -> RangeProof:
    """The proof that nothing overflows, if what the outputs say is proved as well.

    For inputs as their ports say: range by neuron, 2-norm of one step's payloads, steps of the
    period, course and turns. A claim is proved by the rules of a circuit, or derived from what
    arrives when; what cannot be derived is refused, though it may be true.

    Parameters
    ----------
    network : Network
        Of the fixed domain.

    Raises
    ------
    RangeProofError
        Naming the output, what is known of it and what it says; or as `require_proof`.
    """
    proof = require_proof(network)
    if network.domain == "float":
        return proof
    promises, period = credit(network).promises, network.period
    for port in network.outputs:
        for lack in lacks(promises[port.population], port, period, period):
            raise RangeProofError(f"a guarantee is not proved: {lack.what}",
                                  where=f"{network.name}.{port.name}", found=lack.found,
                                  expected=lack.needed,
                                  hint="say less of this output, or of which circuit it is a part")
    return proof
