"""English prose without a download: what programmers wrote about their code in the packages that are installed here."""
import ast, functools, pathlib, re, sysconfig, warnings


@functools.cache
def paragraphs(size):
    """Paragraphs of docstrings with so many characters together: those of Python's own library, then of other packages. Each
    comes once, and only if it is mostly letters and ends as a sentence does."""
    found = {}  # a set that keeps its order
    for text in docstrings():
        for p in text.split("\n\n"):
            p = " ".join(p.split())
            letters = sum(x.isalpha() or x in " ,.'" for x in p)
            if len(p) >= 60 and p.endswith((".", ":")) and letters >= 0.93 * len(p) and p not in found:
                found[p] = None
                size -= len(p)
                if size <= 0:
                    return list(found)
    return list(found)


def docstrings():
    library, packages = (pathlib.Path(sysconfig.get_path(n)) for n in ("stdlib", "purelib"))
    files = [f for f in sorted(library.rglob("*.py")) if not {"site-packages", "test"} & set(f.parts)] + sorted(packages.rglob("*.py"))
    for f in files:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                tree = ast.parse(f.read_text("utf-8"))
        except (SyntaxError, ValueError, RecursionError):  # some are broken on purpose
            continue
        for node in ast.walk(tree):
            if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)):
                yield ast.get_docstring(node) or ""


def sentences(size):
    """The sentences of such paragraphs."""
    return [s for p in paragraphs(size) for s in re.split(r"(?<=[.:]) (?=[A-Z])", p)]


def texts(size, each):
    """Such paragraphs, put together to texts of at least so many characters each."""
    all, text = [], ""
    for p in paragraphs(size):
        text += p + "\n"
        if len(text) >= each:
            all.append(text)
            text = ""
    return all
