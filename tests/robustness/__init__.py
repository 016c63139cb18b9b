"""Generated inputs through every public estimator and function.

``values``, ``inputs`` and ``params`` draw what a call gets; ``spaces`` and ``targets``
are the tables. ``runner`` makes the calls and checks what all of them promise, with
``messages`` and ``bits``. The ``hold_`` modules check results against ``references``,
and ``fuzz`` runs many cases.
"""
