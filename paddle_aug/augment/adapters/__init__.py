"""Other libraries inside our contract."""
