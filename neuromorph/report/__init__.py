"""What a person reads: tables, pictures, a page."""
