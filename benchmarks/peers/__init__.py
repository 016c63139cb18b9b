"""One adapter file per rival."""
