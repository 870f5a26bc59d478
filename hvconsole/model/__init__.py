"""Plain data: boards, runs, switches, and problems worth telling a person."""
