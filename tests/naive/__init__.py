"""The methods in their plainest form, one file a family: slow and easy to check."""
