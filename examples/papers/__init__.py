"""The papers that this project grew from, their numbers computed again; see ``__main__``."""
