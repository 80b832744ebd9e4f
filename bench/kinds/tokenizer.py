"""Tokenizers on 10 MB of English prose in texts of some 800 characters, one at a time on one thread.

With offsets Hugging Face's library makes an encoding as rapt does. For ids alone its quickest way is a batch of one.
FlashTokenizer makes ids alone, some of them wrong: the table shows in how many texts."""
import gzip, itertools, json, os, pathlib

os.environ["TOKENIZERS_PARALLELISM"] = "false"

from flash_tokenizer import BertTokenizerFlash
from tokenizers import Tokenizer

from . import prose


def case(name, testdata, want):
    return dict(name=name, kind="tokenizer", testdata=testdata, want=want, work=10_000_000, limit=None, threads=1, quick=False)


CASES = [case("WordPiece of all-MiniLM-L6-v2, with offsets", "minilm", "tokens"), case("WordPiece of all-MiniLM-L6-v2, ids alone", "minilm", "ids"),
         case("BPE of GPT-2, with offsets", "gpt2", "tokens"), case("BPE of GPT-2, ids alone", "gpt2", "ids"),
         case("Unigram in the form of XLM-R's, 1,902 tokens, with offsets", "xlmr", "tokens")]
TOLERANCE = 0  # texts with other ids
INEXACT = {"FlashTokenizer"}
TESTDATA = pathlib.Path(__file__).resolve().parents[2] / "tokenizer" / "testdata"


def inputs(c, folder):
    texts = prose.texts(c["work"], 800)
    (folder / "texts.json").write_text(json.dumps(texts))
    (folder / "tokenizer.json").write_bytes(tokenizer_file(c["testdata"]))
    return {"texts": texts, "work": sum(len(t.encode()) for t in texts), "folder": folder}


def tokenizer_file(name):
    path = TESTDATA / name / "tokenizer.json"
    return path.read_bytes() if path.exists() else gzip.decompress(path.with_name("tokenizer.json.gz").read_bytes())


def request(c):
    return {"want": c["want"]}


def saved(path, a):
    return json.loads(path.read_text())


def difference(theirs, ours):
    """The number of texts that have other ids."""
    return sum(x != y for x, y in itertools.zip_longest(theirs, ours))


def cell(r, name, _):
    others = r["difference"].get(name)
    return f"{r['work'] / min(r['seconds'][name]) / 1e6:.3g} MB/s" + (f", {others} texts differ" if others else "")


def hugging_face(c, a, _):
    t = Tokenizer.from_file(str(a["folder"] / "tokenizer.json"))
    t.no_truncation(), t.no_padding()
    encode = t.encode if c["want"] == "tokens" else lambda text: t.encode_batch_fast([text])[0]

    def call():  # without making Python's lists of what it gives
        for text in a["texts"]:
            encode(text)

    return call, lambda: [encode(text).ids for text in a["texts"]]


def flash(c, a, _):
    if c["want"] != "ids" or c["testdata"] != "minilm":
        return None
    most = 1 << 20  # it cuts what is longer
    vocab = json.loads((a["folder"] / "tokenizer.json").read_text())["model"]["vocab"]
    (a["folder"] / "vocab.txt").write_text("".join(token + "\n" for token in sorted(vocab, key=vocab.get)))
    encode = BertTokenizerFlash(str(a["folder"] / "vocab.txt"), do_lower_case=True, model_max_length=most).tokenizer.encode

    def call():
        for text in a["texts"]:
            encode(text, "longest", most)

    return call, lambda: [list(encode(text, "longest", most)) for text in a["texts"]]


RIVALS = {"tokenizers": hugging_face, "FlashTokenizer": flash}
