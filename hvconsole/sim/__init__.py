"""The simulated board: everything hvconsole shows, on any machine, always labelled simulated."""
