"""Range proofs: can any accumulator overflow, whatever a network is fed?"""
