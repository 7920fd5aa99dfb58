"""Published facts as tables: each row with source, edition, date and status. Code reads them, never holds them."""
