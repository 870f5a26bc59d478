"""Campaigns: conditions measured again and again, unattended, in an order that chance decides."""
