"""What the commands do, as functions: plain values in, reports out."""
