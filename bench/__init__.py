"""Measure hio beside other HTTP servers, in one run on one machine.

apps        the WSGI apps that every server serves
servers     how each server is started, and how it is watched and ended
loads       what the clients do, by wrk or by hammer where wrk is missing
scenarios   which app meets which load
report      samples to medians, ratios and a Markdown table
idle        what connections cost that do nothing

Run `python -m bench --help`. Servers are started anew for every sample, and the rounds are interleaved (a b c, a b c),
so that a machine that slows down slows all of them.
"""
