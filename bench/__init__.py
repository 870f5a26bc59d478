"""Costs, as ratios within one run; ``make bench`` prints them and fails over budget."""
