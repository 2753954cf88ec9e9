"""The only room that joins rooms: one function per verb, called by the command line and the web alike.

In: a request. Out: a product, with access checked, audit written and provenance stored.
"""
