"""Serial lines.

serialing   Console: the terminal of the process, without waiting
"""
