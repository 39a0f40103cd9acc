"""Parts of the made-up example province; see ``scripts/make_example.py``."""
