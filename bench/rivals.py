#!/usr/bin/env python3
"""rapt beside OpenVINO, ONNX Runtime and PyTorch, on the same numbers, in turn.

In every round this machine's peak is measured, then each library is called for a while; a round counts with the median
of its calls, and the best round is the result. Useful work only: visible pairs of query and key; for decoding every byte
of keys and values once. Writes results/NAME.md and results/NAME.json (every round). See README.md.
"""
import argparse, importlib, json, pathlib, platform, shlex, statistics, subprocess, sys, tempfile, time

import numpy as np

here = pathlib.Path(__file__).resolve().parent
KINDS = ("attention", "stats")  # modules of the package kinds

# The most that an output may differ from PyTorch's. An output is a mean of values of size 1, and its float32 rounding stays
# below 1e-5; a key more or less, or another scale, is far above 1e-3.
TOLERANCE = 1e-4

QUICK_WORK = 10e9  # the most work of a case that --quick runs, a byte counting as 8 operations; as in `rapt bench --quick`


class Rapt:
    """The Go program beside this one, with a case loaded."""

    def __init__(self, program, c, folder, threads):
        self.process = subprocess.Popen([program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        fields = ("batch", "heads", "kv_heads", "queries", "keys", "dim", "causal", "mask", "key_len")
        self.ask(folder=str(folder), threads=threads, stats=c["kind"] == "stats", **{f: c[f] for f in fields})

    def ask(self, **request):
        self.process.stdin.write(json.dumps(request) + "\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        if not line:
            raise SystemExit("raptcase ended")
        return json.loads(line)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.stdin.close()
        self.process.wait()


def inputs(c, folder):
    """Draws the inputs of a case and leaves them in a folder for the Go program."""
    rng = np.random.default_rng(1)
    draw = lambda *shape: rng.standard_normal(shape, dtype=np.float32)
    a = {"q": draw(c["batch"], c["heads"], c["queries"], c["dim"])}
    a["k"], a["v"] = (draw(c["batch"], c["kv_heads"], c["keys"], c["dim"]) for _ in range(2))
    for x in "qkv":
        a[x].tofile(folder / f"{x}.f32")
    match c["mask"]:
        case "random":
            a["mask"] = rng.random((c["queries"], c["keys"])) < 0.5
            a["mask"][:, 0] = True
            a["mask"].astype(np.uint8).tofile(folder / "mask.u8")
        case "bias":
            a["bias"] = draw(c["heads"], c["queries"], c["keys"])
            a["bias"].tofile(folder / "bias.f32")
        case "padding":  # raptcase is told the length
            a["mask"] = np.broadcast_to(np.arange(c["keys"]) < c["key_len"], (c["queries"], c["keys"])).copy()
    return a


def median_of_calls(call, seconds):
    times = []
    begin = time.perf_counter()
    while not times or time.perf_counter() - begin < seconds:
        start = time.perf_counter()
        call()
        times.append(time.perf_counter() - start)
    return statistics.median(times)


def prepare(c, a, threads, ours):
    """The calls of the rivals that can do a case, and by how much their outputs differ from ours at most."""
    calls, differences = {}, {}
    for name, make in kind(c["kind"]).RIVALS.items():
        try:
            made = make(c, a, threads)
            if made is None:
                continue
            call, output = made
            call()
            differences[name] = float(np.abs(output() - ours).max())
        except Exception as problem:  # what a rival can't do is no reason to stop
            differences[name] = f"{type(problem).__name__}: {str(problem)[:120]}"
            continue
        calls[name] = call
    return calls, differences


def run(c, threads, effort, program):
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        a = inputs(c, folder)
        with Rapt(program, c, folder, threads) as rapt:
            once = min(rapt.ask(run=3))
            rapt.ask(save=str(folder / "out.f32"))
            ours = np.fromfile(folder / "out.f32", np.float32).reshape(a["q"].shape)
            rivals, differences = prepare(c, a, threads, ours)
            result = {"case": c["name"], "kind": c["kind"], "threads": threads, "work": c["work"], "limit": "read" if c["decode"] else "peak",
                      "difference": differences, "peak": [], "seconds": {n: [] for n in ["rapt", *rivals]}}
            for _ in range(effort["rounds"]):
                result["peak"].append(rapt.ask(threads=threads, **{result["limit"]: True}))
                result["seconds"]["rapt"].append(statistics.median(rapt.ask(run=max(1, round(effort["seconds"] / once)))))
                for name, call in rivals.items():
                    result["seconds"][name].append(median_of_calls(call, effort["seconds"]))
    return result


def kind(name):
    return importlib.import_module(f"kinds.{name}")


def table(about, results):
    """The results as markdown. The peak is the best of all rounds with as many threads: other programs on the machine only
    ever make it less."""
    names = columns(results)
    head = ["case", "threads", "rapt", "best rival / rapt", *names]
    lines = [f"{about['cpu']}, {about['go']}, " + ", ".join(f"{n} {v}" for n, v in about["versions"].items()) + f"; {about['date']}; `{about['command']}`", "",
             "Time, and share of the multiply-add peak (for decoding: of the rate at which memory is read) measured in the same run.", "",
             "| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    of = lambda r: (r["threads"], r["limit"])
    for r in results:
        peak = max(max(x["peak"]) for x in results if of(x) == of(r))
        lines.append(row(r, peak, names))
    return "\n".join(lines) + "\n"


def columns(results):
    """The rivals that ran, in the order of their kinds."""
    ran = {n for r in results for n in r["seconds"]}
    return [n for n in dict.fromkeys(n for k in KINDS for n in kind(k).RIVALS) if n in ran]


def row(r, peak, names):
    best = {n: min(s) for n, s in r["seconds"].items()}
    share = lambda n: f"{best[n] * 1e3:.3g} ms, {100 * r['work'] / best[n] / peak:.0f} %"
    others = [s for n, s in best.items() if n != "rapt" and n not in kind(r["kind"]).ASIDE]
    ratio = f"{min(others) / best['rapt']:.2f}" if others else ""
    cells = [share(n) if n in best else "" for n in names]
    return f"| {r['case']} | {r['threads']} | {share('rapt')} | {ratio} | " + " | ".join(cells) + " |"


def describe():
    """What a result was taken with."""
    def said(*command):
        try:
            return subprocess.run(command, cwd=here, capture_output=True, text=True).stdout.strip()
        except FileNotFoundError:  # a copy without git
            return ""

    commit = said("git", "rev-parse", "--short", "HEAD")
    if said("git", "--no-optional-locks", "status", "--porcelain", "--untracked-files=no"):
        commit += "-dirty"
    import onnxruntime, openvino, torch
    info = pathlib.Path("/proc/cpuinfo")
    names = [line.split(":")[1].strip() for line in info.read_text().splitlines() if line.startswith("model name")] if info.exists() else []
    return {"cpu": names[0] if names else platform.machine(), "go": said("go", "env", "GOVERSION"), "rapt": commit,
            "python": platform.python_version(), "versions": {"PyTorch": torch.__version__, "ONNX Runtime": onnxruntime.__version__, "OpenVINO": openvino.__version__.split("-")[0]},
            "date": time.strftime("%Y-%m-%d"), "command": shlex.join(["python", *sys.argv])}


def flags():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--kind", default=",".join(KINDS), help="which kinds (%(default)s)")
    p.add_argument("--only", default="", help="only cases with this text in their name")
    p.add_argument("--threads", default="1,2", help="numbers of threads (%(default)s)")
    p.add_argument("--rounds", type=int, help="rounds of a case (5; with --quick 2)")
    p.add_argument("--quick", action="store_true", help="the small cases, briefly, to see that all works; the default name is then quick")
    p.add_argument("--list", action="store_true", help="print the cases and end")
    p.add_argument("--name", help="results go to results/NAME.md and .json (attention)")
    args = p.parse_args()
    args.kind = args.kind.split(",")
    for k in args.kind:
        if k not in KINDS:
            p.error(f"--kind {k}: expected {' or '.join(KINDS)}")
    try:
        args.threads = [int(t) for t in args.threads.split(",")]
    except ValueError:
        p.error(f"--threads {args.threads}: expected numbers, as in 1,2")
    if args.rounds is not None and args.rounds < 1 or min(args.threads) < 1:
        p.error("--rounds and --threads must be at least 1")
    small = lambda c: c["work"] * (8 if c["decode"] else 1) <= QUICK_WORK
    args.cases = [c for k in args.kind for c in kind(k).CASES if args.only in c["name"] and (not args.quick or small(c))]
    if not args.cases:
        p.error(f"--only {args.only} matches none of the cases")
    return args


def main():
    args = flags()
    if args.list:
        print("\n".join(c["name"] for c in args.cases))
        return
    effort = {"rounds": args.rounds or (2 if args.quick else 5), "seconds": 0.05 if args.quick else 0.3}
    to = here / "results" / (args.name or ("quick" if args.quick else "attention"))
    about, results = describe(), []
    with tempfile.TemporaryDirectory() as folder:
        program = pathlib.Path(folder) / "raptcase"
        subprocess.run(["go", "build", "-o", program, "./raptcase"], cwd=here, check=True)
        for c in args.cases:
            for threads in args.threads:
                r = run(c, threads, effort, program)
                results.append(r)
                print(row(r, max(r["peak"]), list(r["seconds"])[1:]), flush=True)
                pathlib.Path(f"{to}.md").write_text(table(about, results))
                pathlib.Path(f"{to}.json").write_text(json.dumps({"about": about, "results": results}, indent=1) + "\n")
    wrong = [f"{r['case']}: {n} differs by {d:g}" for r in results for n, d in r["difference"].items() if isinstance(d, float) and not d <= TOLERANCE]
    if wrong:
        raise SystemExit("\n".join(wrong))


if __name__ == "__main__":
    main()
