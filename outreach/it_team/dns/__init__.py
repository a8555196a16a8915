"""What DNS says of the way our mail takes: read through dnspython, judged here.

Mechanism: a domain and keys in, findings out. Knows no school and no page.
"""
