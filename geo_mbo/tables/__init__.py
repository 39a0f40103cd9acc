"""Raw frames to tables that keep their contract."""
