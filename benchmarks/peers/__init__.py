"""One adapter file per rival. Each imports its package when it is called."""
