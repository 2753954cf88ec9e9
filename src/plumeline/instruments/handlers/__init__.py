"""One handler for each format that is not a plain table; each is imported only when such a file is read.

In: a file and its format's TOML. Out: `RawTables`.
"""
