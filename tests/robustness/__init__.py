"""Generated inputs through every public estimator and function.

``inputs`` and ``params`` draw what a call gets, ``spaces`` and ``targets`` are the
tables, ``runner`` makes the calls and checks what all of them promise, the ``hold_``
modules check results against ``references``, and ``fuzz`` runs many cases.
"""
