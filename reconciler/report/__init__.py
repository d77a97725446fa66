"""What people and programs read: plans, drift, outcomes and problems, as text and as JSON."""
