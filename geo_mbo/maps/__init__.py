"""Tables to maps that open without a network."""
