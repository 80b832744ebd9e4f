#!/usr/bin/env python3
"""Writes the golden data of this folder from the suites that it was taken from.

    python convert.py GOLDENS    GOLDENS holds attention/torch and attention/onnx, each a cases.json and a tensors.safetensors

Keeps what the forward operation needs: of the PyTorch suite everything but the gradients, of the ONNX suite everything.
Needs nothing but Python: a safetensors file is the length of its header, the header in JSON, and the numbers.
"""

import json
import pathlib
import struct
import sys

FORWARD = ("q", "k", "v", "mask", "bias", "sinks", "alibi", "out", "lse", "weights")


def read(path):
    """The header's entries without their offsets, and the bytes of each."""
    data = path.read_bytes()
    (size,) = struct.unpack("<Q", data[:8])
    header = json.loads(data[8 : 8 + size])
    header.pop("__metadata__")
    body = data[8 + size :]
    return {name: (x["dtype"], x["shape"], body[slice(*x["data_offsets"])]) for name, x in header.items()}


def write(path, tensors):
    """Widest type first, so that every number is aligned."""
    width = lambda x: len(x[1][2]) // max(1, product(x[1][1]))
    header, at = {}, 0
    tensors = dict(sorted(tensors.items(), key=lambda x: (-width(x), x[0])))
    for name, (dtype, shape, data) in tensors.items():
        header[name] = {"dtype": dtype, "shape": shape, "data_offsets": [at, at + len(data)]}
        at += len(data)
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    path.write_bytes(struct.pack("<Q", len(text)) + text + b"".join(data for _, _, data in tensors.values()))


def product(shape):
    n = 1
    for length in shape:
        n *= length
    return n


def write_cases(path, cases):
    lines = ",\n".join(json.dumps(c, ensure_ascii=False) for c in cases)  # one case a line
    path.write_text(f"[\n{lines}\n]\n")


def main():
    goldens, here = pathlib.Path(sys.argv[1]) / "attention", pathlib.Path(__file__).parent

    cases = json.loads((goldens / "torch/cases.json").read_text())
    for c in cases:
        c.pop("tensors")
        c["float32_error"] = {n: x for n, x in c["float32_error"].items() if n in FORWARD}
    tensors = read(goldens / "torch/tensors.safetensors")
    write_cases(here / "torch.json", cases)
    write(here / "torch.safetensors", {n: x for n, x in tensors.items() if n.split("/")[1] in FORWARD})

    cases = json.loads((goldens / "onnx/cases.json").read_text())
    for c in cases:
        c["inputs"], c["outputs"] = list(c["inputs"]), list(c["outputs"])
    write_cases(here / "onnx.json", cases)
    write(here / "onnx.safetensors", read(goldens / "onnx/tensors.safetensors"))


if __name__ == "__main__":
    main()
