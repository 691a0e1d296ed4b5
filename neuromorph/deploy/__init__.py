"""From a bundle to a placed program, its report and its folder: the jobs, joined."""
