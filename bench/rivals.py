#!/usr/bin/env python3
"""rapt beside OpenVINO, ONNX Runtime and PyTorch, on the same numbers, in turn.

    python rivals.py [--kind attention,stats] [--only TEXT] [--threads 1,2] [--rounds 5] [--name NAME]

In every round this machine's peak is measured, then each library is called for a while; a round counts with the median
of its calls, and the best round is the result. Useful work only: visible pairs of query and key; for decoding every byte
of keys and values once. Writes results/NAME.md and results/NAME.json (every round). See README.md.
"""
import argparse, json, pathlib, platform, statistics, subprocess, sys, tempfile, time

import numpy as np

here = pathlib.Path(__file__).resolve().parent


def case(name, kind="attention", batch=1, heads=8, kv_heads=None, queries=1024, keys=None, dim=64, causal=False, mask=None):
    c = dict(name=name, kind=kind, batch=batch, heads=heads, kv_heads=kv_heads or heads, queries=queries, keys=keys or queries, dim=dim, causal=causal, mask=mask)
    c["decode"] = queries == 1
    c["key_len"] = c["keys"] * 7 // 10 if mask == "padding" else 0
    pairs = queries * (c["key_len"] or c["keys"])
    if causal:
        pairs = queries * (queries + 1) // 2
    c["work"] = 8 * batch * c["kv_heads"] * c["keys"] * dim if c["decode"] else 4 * batch * heads * dim * pairs
    return c


CASES = [case(f"full D{d} S{s}", queries=s, dim=d) for d in (64, 128) for s in (512, 1024, 4096)]
CASES += [case(f"full D{d} S16384, 1 head", heads=1, queries=16384, dim=d) for d in (64, 128)]
CASES += [case(f"causal D{d} S{s}", queries=s, dim=d, causal=True) for d in (64, 128) for s in (1024, 4096)]
CASES += [
    case("causal D128 S1024, 32 q / 8 kv heads", heads=32, kv_heads=8, dim=128, causal=True),
    case("boolean mask, half random, D64 S1024", mask="random"),
    case("padding, 70 % kept, D64 S4096", queries=4096, mask="padding"),
    case("additive bias D64 S1024", mask="bias"),
    case("batch 32, 12 heads, D64 S128", batch=32, heads=12, queries=128),
    case("batch 32, 12 heads, D32 S128", batch=32, heads=12, queries=128, dim=32),
    case("12 heads, D32 S9", heads=12, queries=9, dim=32),
]
CASES += [case(f"full D{d} S1024", dim=d) for d in (40, 80, 96, 111, 256)]
CASES += [case(f"decode D128, 32 q / 8 kv heads, {k} keys, batch {b}", batch=b, heads=32, kv_heads=8, queries=1, keys=k, dim=128) for b, k in ((1, 4096), (1, 16384), (1, 65536), (8, 4096), (8, 16384))]
CASES += [case(f"entropy and received mass, D64 S{s}, {h} heads", kind="stats", heads=h, queries=s) for s, h in ((1024, 8), (4096, 8), (16384, 1))]


class Rapt:
    """The Go program beside this one, with a case loaded."""

    def __init__(self, program, c, folder, threads):
        self.process = subprocess.Popen([program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        fields = ("batch", "heads", "kv_heads", "queries", "keys", "dim", "causal", "key_len")
        self.threads = threads
        self.ask(folder=str(folder), threads=threads, stats=c["kind"] == "stats", **{f: c[f] for f in fields})

    def ask(self, **request):
        self.process.stdin.write(json.dumps(request) + "\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        if not line:
            raise SystemExit("raptcase ended")
        return json.loads(line)

    def close(self):
        self.process.stdin.close()
        self.process.wait()


def inputs(c, folder):
    """Draws the inputs of a case and leaves them in a folder for the Go program."""
    rng = np.random.default_rng(1)
    draw = lambda *shape: rng.standard_normal(shape, dtype=np.float32)
    a = {"q": draw(c["batch"], c["heads"], c["queries"], c["dim"])}
    a["k"], a["v"] = (draw(c["batch"], c["kv_heads"], c["keys"], c["dim"]) for _ in range(2))
    if c["mask"] == "random":
        a["mask"] = rng.random((c["queries"], c["keys"])) < 0.5
        a["mask"][:, 0] = True
        a["mask"].astype(np.uint8).tofile(folder / "mask.u8")
    if c["mask"] == "bias":
        a["bias"] = draw(c["heads"], c["queries"], c["keys"])
        a["bias"].tofile(folder / "bias.f32")
    for x in "qkv":
        a[x].tofile(folder / f"{x}.f32")
    if c["mask"] == "padding":
        a["mask"] = np.broadcast_to(np.arange(c["keys"]) < c["key_len"], (c["queries"], c["keys"])).copy()
    return a


def median_of_calls(call, seconds=0.3):
    times = []
    begin = time.perf_counter()
    while not times or time.perf_counter() - begin < seconds:
        start = time.perf_counter()
        call()
        times.append(time.perf_counter() - start)
    return statistics.median(times)


def run(c, threads, rounds, program):
    import rivals_attention
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        a = inputs(c, folder)
        rapt = Rapt(program, c, folder, threads)
        first = rapt.ask(run=1)[0]
        rapt.ask(save=str(folder / "out.f32"))
        ours = np.fromfile(folder / "out.f32", np.float32).reshape(a["q"].shape)
        rivals, errors = {}, {}
        for name, make in rivals_attention.RIVALS[c["kind"]].items():
            try:
                call = make(c, a, threads)
                if call is None:
                    continue
                out = call()
                if out is not None:
                    errors[name] = float(np.abs(np.asarray(out).reshape(ours.shape) - ours).max())
                rivals[name] = call
            except Exception as problem:  # what a rival can't do is no reason to stop
                errors[name] = f"{type(problem).__name__}: {str(problem)[:120]}"
        result = {"case": c["name"], "threads": threads, "work": c["work"], "difference": errors, "peak": [], "seconds": {n: [] for n in ["rapt", *rivals]}}
        count = max(3, int(0.3 / first))
        for _ in range(rounds):
            result["peak"].append(rapt.ask(threads=threads, **({"read": True} if c["decode"] else {"peak": True})))
            result["seconds"]["rapt"].append(statistics.median(rapt.ask(run=count)))
            for name, call in rivals.items():
                result["seconds"][name].append(median_of_calls(call))
        rapt.close()
    return result


def table(about, results):
    """The results as markdown. The peak is the best of all rounds with as many threads: other programs on the machine only
    ever make it less."""
    head = ["case", "threads", "rapt", "best rival / rapt", *COLUMNS]
    lines = [f"{about['cpu']}, {about['go']}, " + ", ".join(f"{n} {v}" for n, v in about["versions"].items()) + f"; {about['date']}; `{about['command']}`", "",
             "Time, and share of the multiply-add peak (for decoding: of the rate at which memory is read) measured in the same run.", "",
             "| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    of = lambda r: (r["threads"], r["case"].startswith("decode"))
    for r in results:
        peak = max(max(x["peak"]) for x in results if of(x) == of(r))
        lines.append(row(r, peak))
    return "\n".join(lines) + "\n"


def row(r, peak):
    best = {n: min(s) for n, s in r["seconds"].items()}
    share = lambda n: f"{best[n] * 1e3:.3g} ms, {100 * r['work'] / best[n] / peak:.0f} %"
    # Where weights are asked for, PyTorch without them is there to show what they cost, and is no rival.
    others = {n: s for n, s in best.items() if n != "rapt" and not (n == "PyTorch" and "PyTorch weights" in best)}
    ratio = f"{min(others.values()) / best['rapt']:.2f}" if others else ""
    cells = [share(n) if n in best else "" for n in COLUMNS]
    return f"| {r['case']} | {r['threads']} | {share('rapt')} | {ratio} | " + " | ".join(cells) + " |"


COLUMNS = ["PyTorch", "ONNX Runtime Attention", "ONNX Runtime MHA", "ONNX Runtime GQA", "OpenVINO", "PyTorch weights", "ONNX Runtime weights"]


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--kind", default="attention,stats")
    p.add_argument("--only", default="")
    p.add_argument("--threads", default="1,2")
    p.add_argument("--rounds", type=int, default=5)
    p.add_argument("--name", default="attention")
    args = p.parse_args()
    program = pathlib.Path(tempfile.gettempdir()) / "raptcase"
    subprocess.run(["go", "build", "-o", program, "./raptcase"], cwd=here, check=True)
    import rivals_attention
    cpu = next((line.split(":")[1].strip() for line in open("/proc/cpuinfo") if line.startswith("model name")), platform.machine())
    about = {"cpu": cpu, "go": subprocess.run(["go", "version"], capture_output=True, text=True).stdout.split()[2], "python": platform.python_version(),
             "versions": rivals_attention.versions(), "date": time.strftime("%Y-%m-%d"), "command": " ".join(["python", *sys.argv])}
    results = []
    for c in CASES:
        if c["kind"] not in args.kind.split(",") or args.only not in c["name"]:
            continue
        for threads in map(int, args.threads.split(",")):
            r = run(c, threads, args.rounds, program)
            results.append(r)
            print(row(r, max(r["peak"])), flush=True)
            (here / "results" / f"{args.name}.md").write_text(table(about, results))
            (here / "results" / f"{args.name}.json").write_text(json.dumps({"about": about, "results": results}, indent=1) + "\n")


if __name__ == "__main__":
    main()
