"""How the case store's tables came to be, step by step (alembic).

In: a connection to a store of any version. Out: the store at this version, in one transaction or not at all.
"""
