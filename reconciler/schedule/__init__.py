"""When EventBridge Scheduler fires: an expression, a time zone -> instants, and notes about what surprises.

What always holds: nothing here reads a clock; an expression that AWS is known to refuse, or that cannot be understood,
is an `InvalidExpressionError`; where it is not known whether AWS accepts one, it is accepted with a doubt. Not here:
schedules as resources (`kinds`).
"""
