"""What a run takes: events counted, then joules and seconds by a profile's constants."""
