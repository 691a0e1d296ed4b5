"""What the recipes of CONTRIBUTING.md add to a copy of the repository: nothing to collect here."""

collect_ignore_glob = ["*"]
