"""[P] Hashes of passwords: their textual forms, making and checking them."""
