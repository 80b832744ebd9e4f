"""Writes the files beside this one. numpy 2.4.6; the same bytes every time."""

import numpy as np
from numpy.lib import format

a = np.arange(-6, 6).reshape(3, 4)
good = {
    "float32": (a / 4).astype("<f4"),
    "float64": a / 3,
    "float16": (a / 4).astype("<f2"),
    "int64": a * 2**40,
    "int32": a.astype("<i4"),
    "uint8": (a + 6).astype("u1"),
    "bool": a % 3 == 0,
    "scalar": np.array(2.5, "<f4"),
    "vector": np.arange(5, dtype="<f4"),
    "empty": np.zeros((0, 3), "<f4"),
    "five_axes": np.arange(24, dtype="<f4").reshape(2, 1, 3, 1, 4),
}
bad = {
    "fortran": np.asfortranarray(a.astype("<f4")),
    "big_endian": a.astype(">f4"),
    "complex": a.astype("<c8"),
    "structured": np.zeros(2, [("x", "<f4"), ("y", "<i4")]),
    "object": np.array([{}, None], object),
    "text": np.array(["cat", "mat"]),
}
for name, array in {**good, **bad}.items():
    np.save(name + ".npy", array)
for version in (2, 3):
    with open(f"version{version}.npy", "wb") as f:
        format.write_array(f, good["float32"], (version, 0))
np.savez("stored.npz", attention=good["float32"], ids=good["int64"], scalar=good["scalar"])
np.savez_compressed("compressed.npz", attention=good["float32"], ids=good["int64"], zeros=np.zeros((1000, 10)))
