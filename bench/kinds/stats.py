"""The output of attention with the entropy of every query and the mass that every key receives. A fused operator shows no
weights: so the rivals compute all of them, then sums over them."""
import numpy as np
import torch

from . import case
from .attention import inputs, ort_attention, pytorch, request

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


# --- Memory: python -m kinds.stats, on Linux ---


def resident(what, pid="self"):
    """VmRSS, the memory of a process, or VmHWM, the most it was, in bytes."""
    for line in open(f"/proc/{pid}/status"):
        if line.startswith(what):
            return 1024 * int(line.split()[1])


def rival_growth(name, c, threads, answer):
    """What this process, which is new, grows by in a first call, beyond its inputs."""
    a = {x: np.random.default_rng(n).standard_normal((c["batch"], c["heads"], c["keys"], c["dim"]), np.float32) for n, x in enumerate("qkv")}
    small = dict(c, queries=16, keys=16)
    RIVALS[name](small, {x: np.ascontiguousarray(a[x][:, :, :16]) for x in a}, threads)[0]()  # threads and code are there then
    before = resident("VmRSS")
    call, _ = RIVALS[name](c, a, threads)
    call()
    answer.put(resident("VmHWM") - before)


def our_growth(c, threads, program, folder):
    """The same of raptcase: from before it reads its inputs, less their size. What it reads them by counts as well."""
    from rivals import Rapt

    class Fresh(Rapt):
        def ask(self, **request):
            if "folder" in request:
                self.before = resident("VmRSS", self.process.pid)
            return super().ask(**request)

    a = inputs(c, folder)
    with Fresh(program, request(c), folder, threads) as rapt:
        return resident("VmHWM", rapt.process.pid) - rapt.before - sum(x.nbytes for x in a.values())


def memory(threads=2):
    """A table of what a call takes beyond inputs, in processes of their own."""
    import multiprocessing, pathlib, tempfile
    from rivals import build

    spawn = multiprocessing.get_context("spawn")
    names = [n for n in RIVALS if n not in ASIDE]
    lines = ["| case | rapt | " + " | ".join(names) + " |", "|" + "---|" * (2 + len(names))]
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        program = build("", folder)
        for c in CASES:
            grown = [our_growth(c, threads, program, folder)]
            for name in names:
                answer = spawn.Queue()
                process = spawn.Process(target=rival_growth, args=(name, c, threads, answer))
                process.start()
                grown.append(answer.get())
                process.join()
            lines.append(f"| {c['name']} | " + " | ".join(f"{g / 1e6:.0f} MB" for g in grown) + " |")
    return "\n".join(lines)


if __name__ == "__main__":
    print(memory())
