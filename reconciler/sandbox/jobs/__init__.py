"""Jobs: they wait in line, run where there is room, and end. Nothing is executed.

The lines are first in, first out: fair shares and priorities among the jobs of one queue do not change their order. A
queue of a higher priority comes first where two share an environment.
"""
