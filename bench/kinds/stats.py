"""The output of attention with the entropy of every query and the mass that every key receives. A fused operator shows no
weights: so the rivals compute all of them, then sums over them."""
import numpy as np
import torch

from . import case
from .attention import ort_attention, pytorch

CASES = [case(f"entropy and received mass, D64 S{s}, {h} head{'s' * (h > 1)}", kind="stats", heads=h, queries=s)
         for s, h in ((1024, 8), (4096, 8), (16384, 1))]


def pytorch_weights(c, a, threads):
    torch.set_num_threads(threads)
    q, k, v = (torch.from_numpy(a[x]) for x in "qkv")

    def call():
        with torch.inference_mode():
            w = torch.softmax(q @ k.transpose(-1, -2) * c["dim"] ** -0.5, -1)
            entropy, received = -torch.special.xlogy(w, w).sum(-1), w.sum(-2)
            return w @ v, entropy, received

    return call, lambda: call()[0].numpy()


def ort_weights(c, a, threads):
    w = np.empty((c["batch"], c["heads"], c["queries"], c["keys"]), np.float32)
    attend, output = ort_attention(c, a, threads, weights=w)

    def call():
        attend()
        return -np.einsum("bhqk,bhqk->bhq", w, np.log(np.maximum(w, 1e-38))), w.sum(-2)

    return call, output


RIVALS = {"PyTorch weights": pytorch_weights, "ONNX Runtime weights": ort_weights, "PyTorch": pytorch}
ASIDE = {"PyTorch"}  # the output alone: what the weights cost
