"""``python -m geo_mbo`` is the command ``geo-mbo``."""

from geo_mbo.cli import main

if __name__ == "__main__":
    main()
