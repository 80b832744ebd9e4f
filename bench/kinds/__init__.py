"""What is compared. A kind is a module of this package with

    CASES    the cases: dicts with name, kind, work, limit, which is what a share is of ("peak": multiply-add, "read": memory, or
             None), and quick, whether --quick runs it. One with a field model gets the directory of all-MiniLM-L6-v2 there; one
             with a field threads runs on so many.
    RIVALS   {name: make}; make(case, arrays, threads) gives a call and a function that reads the call's output, or None where
             the rival has no such operation
    ASIDE    names of RIVALS that do less than rapt does here: shown, but not counted as rivals

and, where they aren't those of kinds.attention,

    inputs(case, folder)       draws the inputs, leaves them in a folder for raptcase, and gives them as arrays for the rivals;
                               "work" among them stands for that of the case
    request(case)              what raptcase is told about the case
    saved(path, arrays)        reads the output that raptcase saved
    difference(theirs, ours)   how far two outputs are apart
    TOLERANCE                  the most that they may be
    INEXACT                    names of RIVALS that may differ more: by how much is shown
    OWN                        what else of rapt is shown, of OTHER_SETS in rivals.py, in cases that --quick runs
    cell(result, name, peak)   what the table shows of a library

A new kind is one more module, its name in rivals.py, and what raptcase does for it.
"""

QUICK_WORK = 10e9  # the most work of a case that --quick runs, a byte counting as 8 operations; as in `rapt bench --quick`


def case(name, kind="attention", batch=1, heads=8, kv_heads=None, queries=1024, keys=None, dim=64, causal=False, mask=""):
    """A case of attention. `work` is what it takes at least: bytes of keys and values where a single query reads them, else
    four operations for every visible pair of query and key and every dim."""
    kv_heads, keys = kv_heads or heads, keys or queries
    key_len = keys * 7 // 10 if mask == "padding" else keys
    pairs = queries * (queries + 1) // 2 if causal else queries * key_len
    decode = queries == 1
    work = 8 * batch * kv_heads * keys * dim if decode else 4 * batch * heads * dim * pairs
    return dict(name=name, kind=kind, batch=batch, heads=heads, kv_heads=kv_heads, queries=queries, keys=keys, key_len=key_len,
                dim=dim, causal=causal, mask=mask, decode=decode, work=work, limit="read" if decode else "peak",
                quick=work * (8 if decode else 1) <= QUICK_WORK)
