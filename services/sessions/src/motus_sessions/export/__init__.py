"""Files that others read: tables of a session as Parquet, CSV, TRC and MOT. Pure but for the formats' libraries."""
