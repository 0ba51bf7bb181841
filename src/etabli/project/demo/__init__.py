"""The sample companies: a provider and three French clients with a year behind them, to look around and to
measure.

``load`` builds them from a fixed seed through the same actions as people and the same path as agents;
``remove``
takes away those organisations and everything that hangs on them, and touches nothing else. Names, addresses
in
``.example`` and telephone numbers (the ranges that ARCEP keeps for fiction) belong to nobody; towns are real.
"""
