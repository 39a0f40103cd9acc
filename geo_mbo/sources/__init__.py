"""Raw bytes to raw frames: one module per publisher, and the catalogue of data sets."""
