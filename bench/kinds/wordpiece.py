"""The tokenizer of all-MiniLM-L6-v2 on 10 MB of English prose in texts of some 800 characters, one at a time on one thread.

Hugging Face's library makes an encoding as rapt does: ids, tokens, offsets. FlashTokenizer makes ids alone, some of them
wrong: the table shows in how many texts."""
import itertools, json, os, pathlib

os.environ["TOKENIZERS_PARALLELISM"] = "false"

from flash_tokenizer import BertTokenizerFlash

from . import prose
from .model import tokenizer

CASES = [dict(name="WordPiece, English prose", kind="wordpiece", work=10_000_000, limit=None, threads=1, quick=False, model=None)]
ASIDE = {"FlashTokenizer"}
TOLERANCE = 0  # texts with other ids
INEXACT = {"FlashTokenizer"}


def inputs(c, folder):
    texts = prose.texts(c["work"], 800)
    (folder / "texts.json").write_text(json.dumps(texts))
    return {"texts": texts, "work": sum(len(t.encode()) for t in texts)}


def request(c):
    return {"model": c["model"], "want": "tokens"}


def saved(path, a):
    return json.loads(path.read_text())


def difference(theirs, ours):
    """The number of texts that have other ids."""
    return sum(x != y for x, y in itertools.zip_longest(theirs, ours))


def cell(r, name, _):
    others = r["difference"].get(name)
    return f"{r['work'] / min(r['seconds'][name]) / 1e6:.3g} MB/s" + (f", {others} texts differ" if others else "")


def hugging_face(c, a, _):
    t = tokenizer(c["model"])

    def call():  # without making Python's lists of what it gives
        for text in a["texts"]:
            t.encode(text)

    return call, lambda: [t.encode(text).ids for text in a["texts"]]


def flash(c, a, _):
    most = 1 << 20  # it cuts what is longer
    encode = BertTokenizerFlash(str(pathlib.Path(c["model"]) / "vocab.txt"), do_lower_case=True, model_max_length=most).tokenizer.encode

    def call():
        for text in a["texts"]:
            encode(text, "longest", most)

    return call, lambda: [list(encode(text, "longest", most)) for text in a["texts"]]


RIVALS = {"tokenizers": hugging_face, "FlashTokenizer": flash}
