"""Pictures for the gallery of the documentation, one script each.

A script has a TITLE, an ALT that says in words what its picture shows, and ``draw(path)``.
"""
