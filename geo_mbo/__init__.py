"""geo_mbo: travel and catchments for Dutch vocational education (mbo and vavo)."""
