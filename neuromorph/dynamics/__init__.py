"""Step functions of encoders, of match-and-control and of feature maps."""
