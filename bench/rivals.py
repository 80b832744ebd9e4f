#!/usr/bin/env python3
"""rapt beside other libraries, on the same numbers, in turn.

In every round this machine's peak is measured, then each library is called for a while; a round counts with the median
of its calls, and the best round is the result. Useful work only: visible pairs of query and key, no padding; for decoding
every byte of keys and values once. Writes results/NAME.md and results/NAME.json (every round). See README.md.
"""
import argparse, contextlib, importlib, json, os, pathlib, platform, shlex, statistics, subprocess, sys, tempfile, time
from importlib import metadata

here = pathlib.Path(__file__).resolve().parent
KINDS = ("attention", "stats", "model", "tokenizer")  # modules of the package kinds

# Threads of a library that has just been called look out for more work for a while. The next one waits until they sleep.
REST = 0.05


class Rapt:
    """The Go program beside this one, with a case loaded."""

    def __init__(self, program, request, folder, threads, godebug=""):
        environment = os.environ | ({"GODEBUG": godebug} if godebug else {})
        self.process = subprocess.Popen([program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment)
        self.ask(folder=str(folder), threads=threads, **request)
        self.threads, self.once = threads, min(self.ask(run=3))

    def ask(self, **request):
        self.process.stdin.write(json.dumps(request) + "\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        if not line:
            raise SystemExit("raptcase ended")
        return json.loads(line)

    def output(self, folder, read):
        self.ask(save=str(folder / "out"))
        return read(folder / "out")

    def measure(self, limit, seconds):
        """The peak, if there is a limit, and the median of calls for so long."""
        time.sleep(REST)
        peak = self.ask(threads=self.threads, **{limit: True}) if limit else None
        return peak, statistics.median(self.ask(run=max(1, round(seconds / self.once))))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.stdin.close()
        self.process.wait()


# The same program with fewer instructions: how it is built, and what it is told that the CPU lacks.
OTHER_SETS = {"rapt AVX2": ("", "cpu.avx512f=off"), "rapt purego": ("purego", "")}


def build(tags, folder):
    program = pathlib.Path(folder) / f"raptcase{tags}"
    if not program.exists():
        subprocess.run(["go", "build", "-tags", tags, "-o", program, "./raptcase"], cwd=here, check=True)
    return program


def of_kind(name, what):
    """What a kind has, or where it hasn't, attention."""
    module = importlib.import_module(f"kinds.{name}")
    return getattr(module, what) if hasattr(module, what) else of_kind("attention", what)


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
    for name, make in of_kind(c["kind"], "RIVALS").items():
        try:
            made = make(c, a, threads)
            if made is None:
                continue
            call, output = made
            call()
            differences[name] = of_kind(c["kind"], "difference")(output(), ours)
        except Exception as problem:  # what a rival can't do is no reason to stop
            differences[name] = f"{type(problem).__name__}: {str(problem)[:120]}"
            continue
        calls[name] = call
    return calls, differences


def run(c, threads, effort, programs):
    of = lambda what: of_kind(c["kind"], what)
    with contextlib.ExitStack() as stack:
        folder = pathlib.Path(stack.enter_context(tempfile.TemporaryDirectory()))
        a = of("inputs")(c, folder)
        start = lambda tags, godebug: stack.enter_context(Rapt(build(tags, programs), of("request")(c), folder, threads, godebug))
        rapt = start("", "")
        own = {n: start(*OTHER_SETS[n]) for n in of("OWN") if c["quick"]}
        read = lambda path: of("saved")(path, a)
        ours = rapt.output(folder, read)
        rivals, differences = prepare(c, a, threads, ours)
        differences |= {n: of("difference")(r.output(folder, read), ours) for n, r in own.items()}
        result = {"case": c["name"], "kind": c["kind"], "threads": threads, "work": a.get("work", c["work"]), "limit": c["limit"],
                  "difference": differences, "peak": [], "own_peak": {n: [] for n in own}, "seconds": {n: [] for n in ["rapt", *rivals, *own]}}
        for _ in range(effort["rounds"]):
            peak, seconds = rapt.measure(c["limit"], effort["seconds"])
            result["peak"].append(peak)
            result["seconds"]["rapt"].append(seconds)
            for name, call in rivals.items():
                time.sleep(REST)
                result["seconds"][name].append(median_of_calls(call, effort["seconds"]))
            for name, other in own.items():
                peak, seconds = other.measure(c["limit"], effort["seconds"])
                result["own_peak"][name].append(peak)
                result["seconds"][name].append(seconds)
    return result


def wrong(r):
    """What is further from our output than rounding brings it."""
    most, inexact = of_kind(r["kind"], "TOLERANCE"), of_kind(r["kind"], "INEXACT")
    return [f"{r['case']}: {n} differs by {d:g}" for n, d in r["difference"].items()
            if not isinstance(d, str) and n not in inexact and not d <= most]


def table(about, results):
    """The results as markdown, a table for each kind."""
    lines = [f"{about['cpu']}, {about['go']}, " + ", ".join(f"{n} {v}" for n, v in about["versions"].items()) + f"; {about['date']}; `{about['command']}`", "",
             "Time, and share of the multiply-add peak (for decoding: of the rate at which memory is read) measured in the same run; for tokenizers the",
             "rate at which text is read."]
    for k in KINDS:
        rows = [r for r in results if r["kind"] == k]
        if rows:
            names = columns(rows)
            head = ["case", "threads", "rapt", "best rival / rapt", *names]
            lines += ["", f"## {k}", "", "| " + " | ".join(head) + " |", "|" + "---|" * len(head), *(row(r, best_peak(r, results), names) for r in rows)]
    return "\n".join(lines) + "\n"


def best_peak(r, results):
    """The best of all rounds with as many threads: other programs on the machine only ever make it less."""
    same = [x for x in results if (x["threads"], x["limit"]) == (r["threads"], r["limit"])]
    return max(p for x in same for p in x["peak"]) if r["limit"] else None


def columns(results):
    """The rivals that ran, in the order of their kind."""
    ran = {n for r in results for n in r["seconds"]}
    kind = results[0]["kind"]
    return [n for n in [*of_kind(kind, "RIVALS"), *of_kind(kind, "OWN")] if n in ran]


def row(r, peak, names):
    best = {n: min(s) for n, s in r["seconds"].items()}
    cell = lambda n: of_kind(r["kind"], "cell")(r, n, peak) if n in best else ""
    others = [s for n, s in best.items() if n != "rapt" and n not in r["own_peak"] and n not in of_kind(r["kind"], "ASIDE")]
    ratio = f"{min(others) / best['rapt']:.2f}" if others else ""
    return f"| {r['case']} | {r['threads']} | {cell('rapt')} | {ratio} | " + " | ".join(cell(n) for n in names) + " |"


PACKAGES = {"PyTorch": "torch", "ONNX Runtime": "onnxruntime", "OpenVINO": "openvino", "transformers": "transformers", "tokenizers": "tokenizers",
            "FlashTokenizer": "flash_tokenizer"}


def versions():
    """Those of the rivals that are installed."""
    found = {}
    for name, package in PACKAGES.items():
        try:
            found[name] = metadata.version(package)
        except metadata.PackageNotFoundError:
            pass
    return found


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
    info = pathlib.Path("/proc/cpuinfo")
    names = [line.split(":")[1].strip() for line in info.read_text().splitlines() if line.startswith("model name")] if info.exists() else []
    return {"cpu": names[0] if names else platform.machine(), "go": said("go", "env", "GOVERSION"), "rapt": commit, "godebug": os.environ.get("GODEBUG", ""),
            "python": platform.python_version(), "versions": versions(), "date": time.strftime("%Y-%m-%d"), "command": shlex.join(["python", *sys.argv])}


def flags():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--kind", help=f"which kinds ({','.join(KINDS)}; without a model those that need none)")
    p.add_argument("--only", default="", help="only cases with this text in their name")
    p.add_argument("--threads", default="1,2", help="numbers of threads (%(default)s)")
    p.add_argument("--rounds", type=int, help="rounds of a case (5; with --quick 2)")
    p.add_argument("--quick", action="store_true", help="the small cases, briefly, to see that all works; the default name is then quick")
    p.add_argument("--model", default=os.environ.get("RAPT_MINILM"), help="directory of the original all-MiniLM-L6-v2, for the kind model ($RAPT_MINILM)")
    p.add_argument("--list", action="store_true", help="print the cases and end")
    p.add_argument("--name", help="results go to results/NAME.md and .json (the kinds, or all)")
    args = p.parse_args()
    kinds = args.kind.split(",") if args.kind else KINDS
    for k in kinds:
        if k not in KINDS:
            p.error(f"--kind {k}: expected {' or '.join(KINDS)}")
    try:
        args.threads = [int(t) for t in args.threads.split(",")]
    except ValueError:
        p.error(f"--threads {args.threads}: expected numbers, as in 1,2")
    if args.rounds is not None and args.rounds < 1 or min(args.threads) < 1:
        p.error("--rounds and --threads must be at least 1")
    args.cases = [c for k in kinds for c in of_kind(k, "CASES") if args.only in c["name"] and (not args.quick or c["quick"])]
    if not args.kind and not args.model:
        args.cases = [c for c in args.cases if "model" not in c]
    if not args.cases:
        p.error(f"--only {args.only} matches none of the cases")
    for c in args.cases:
        if "model" in c:
            c["model"] = args.model
            if not args.model and not args.list:
                p.error(f"{c['name']}: needs --model, or RAPT_MINILM")
    return args


def main():
    args = flags()
    if args.list:
        print("\n".join(c["name"] for c in args.cases))
        return
    effort = {"rounds": args.rounds or (2 if args.quick else 5), "seconds": 0.05 if args.quick else 0.3}
    to = here / "results" / (args.name or ("quick" if args.quick else (args.kind or "all").replace(",", "-")))
    about, results = describe(), []
    with tempfile.TemporaryDirectory() as programs:
        for c in args.cases:
            for threads in args.threads if c.get("threads") is None else [c["threads"]]:
                r = run(c, threads, effort, programs)
                results.append(r)
                print(row(r, best_peak(r, [r]), list(r["seconds"])[1:]), flush=True)
                pathlib.Path(f"{to}.md").write_text(table(about, results))
                pathlib.Path(f"{to}.json").write_text(json.dumps({"about": about, "results": results}, indent=1) + "\n")
    problems = [p for r in results for p in wrong(r)]
    if problems:
        raise SystemExit("\n".join(problems))


if __name__ == "__main__":
    main()
