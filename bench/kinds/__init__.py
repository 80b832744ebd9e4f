"""What is compared. A kind is a module of this package with

    CASES    the cases, made by case()
    RIVALS   {name: make}; make(case, arrays, threads) gives a call and a function that reads the call's output as
             [batch][heads][queries][dim], or None where the rival has no such operation
    ASIDE    names of RIVALS that do less than rapt does here: shown, but not counted as rivals

A new kind is one more module, its name in rivals.py, and what raptcase does for it.
"""


def case(name, kind="attention", batch=1, heads=8, kv_heads=None, queries=1024, keys=None, dim=64, causal=False, mask=""):
    """A case. `work` is what it takes at least: bytes of keys and values where a single query reads them, else four
    operations for every visible pair of query and key and every dim."""
    kv_heads, keys = kv_heads or heads, keys or queries
    key_len = keys * 7 // 10 if mask == "padding" else keys
    pairs = queries * (queries + 1) // 2 if causal else queries * key_len
    decode = queries == 1
    work = 8 * batch * kv_heads * keys * dim if decode else 4 * batch * heads * dim * pairs
    return dict(name=name, kind=kind, batch=batch, heads=heads, kv_heads=kv_heads, queries=queries, keys=keys, key_len=key_len,
                dim=dim, causal=causal, mask=mask, decode=decode, work=work)
