"""Files read with suspicion and written whole: what is in them is asked, never believed."""
