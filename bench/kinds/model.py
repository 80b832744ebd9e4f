"""all-MiniLM-L6-v2 as a whole, in float32: ids in, last hidden states out; the same with the attention of all 72 heads; and
1,000 sentences in, their embeddings out.

Sentences reach the rivals as their users would send them: cut by Hugging Face's tokenizers, in batches of 32 that are padded
to their longest, in the order in which they come, or sorted by length first, as sentence-transformers does."""
import functools, json, os, pathlib, platform

os.environ["HF_HUB_OFFLINE"] = "1"  # nothing here needs the network

import numpy as np
import onnxruntime as ort
import openvino as ov
import torch
import transformers
from tokenizers import Tokenizer

from . import QUICK_WORK, minilm, prose

BATCH = 32  # of padded sentences


def sequences(batch, tokens):
    work = minilm.flops([tokens] * batch)
    name = f"{batch} × {tokens} tokens" if batch > 1 else f"{tokens} tokens"
    return dict(name=name, kind="model", batch=batch, tokens=tokens, want="hidden", work=work, limit="peak", quick=work <= QUICK_WORK, model=None)


def maps(tokens):
    c = sequences(1, tokens)
    return c | dict(name=c["name"] + ", 72 maps", want="maps")


CASES = [sequences(1, 9), sequences(1, 128), sequences(1, 256), sequences(32, 128), maps(128), maps(256)]
CASES += [dict(name="1,000 sentences of 5 to 60 tokens", kind="model", batch=1000, want="embeddings", work=None, limit="peak", quick=False, model=None)]
ASIDE = set()
OWN = ["rapt AVX2"] * (platform.machine() in ("x86_64", "AMD64")) + ["rapt purego"]


def inputs(c, folder):
    if c["want"] == "embeddings":
        texts, lengths = natural_sentences(c["model"], c["batch"])
        (folder / "texts.json").write_text(json.dumps(texts))
        return {"texts": texts, "work": minilm.flops(lengths)}
    ids = np.random.default_rng(1).integers(1000, 29000, (c["batch"], c["tokens"]), dtype=np.int32)
    ids[:, 0], ids[:, -1] = 101, 102  # [CLS] and [SEP]
    ids.tofile(folder / "ids.i32")
    return {"ids": ids}


def request(c):
    return {"model": c["model"], "batch": c["batch"], "want": c["want"]}


def saved(path, a):
    """The hidden states or embeddings, and behind them the maps, if there are any: all in one row."""
    return np.fromfile(path, np.float32)


@functools.cache
def natural_sentences(directory, n):
    """Sentences evenly from some prose, and how many tokens they have with [CLS] and [SEP]."""
    t = tokenizer(directory)
    all = prose.sentences(1_000_000)
    fit = [(s, len(e.ids)) for s, e in zip(all, t.encode_batch(all)) if 5 <= len(e.ids) <= 60]
    return tuple(zip(*(fit[i * len(fit) // n] for i in range(n))))


def tokenizer(directory):
    t = Tokenizer.from_file(str(pathlib.Path(directory) / "tokenizer.json"))
    t.no_truncation()
    t.no_padding()
    return t


# A runner makes of [batch][seq] ids and masks the last hidden states, and with maps [layers][batch][heads][query][key] weights.


def onnxruntime_runner(c, threads):
    options = ort.SessionOptions()
    options.intra_op_num_threads = threads
    options.log_severity_level = 3
    s = ort.InferenceSession(minilm.build(c["model"], maps=c["want"] == "maps"), options, providers=["CPUExecutionProvider"])
    names = {i.name for i in s.get_inputs()}

    def run(ids, mask):
        feeds = {"input_ids": ids, "attention_mask": mask, "token_type_ids": np.zeros_like(ids)}
        hidden, *weights = s.run(None, {n: x for n, x in feeds.items() if n in names})
        return hidden, weights

    return run


def load(c):
    implementation = "eager" if c["want"] == "maps" else "sdpa"  # only eager gives the weights
    transformers.logging.set_verbosity_error()
    transformers.logging.disable_progress_bar()
    return transformers.AutoModel.from_pretrained(c["model"], attn_implementation=implementation, add_pooling_layer=False, dtype=torch.float32).eval()


def transformers_runner(c, threads):
    model = load(c)

    def run(ids, mask):
        torch.set_num_threads(threads)
        ids, mask = torch.from_numpy(ids), torch.from_numpy(mask)
        with torch.inference_mode():
            out = model(input_ids=ids, attention_mask=mask, output_attentions=c["want"] == "maps")
        return out.last_hidden_state.numpy(), [w.numpy() for w in out.attentions or ()]

    return run


def openvino_runner(c, threads):
    if c["want"] == "maps":  # it gives no weights
        return None
    example = torch.ones((1, 8), dtype=torch.int32)
    model = ov.convert_model(load(c), example_input={n: example for n in minilm.INPUTS})
    settings = {"INFERENCE_PRECISION_HINT": "f32", "INFERENCE_NUM_THREADS": threads, "NUM_STREAMS": 1, "PERFORMANCE_HINT": "LATENCY"}
    request = ov.Core().compile_model(model, "CPU", settings).create_infer_request()

    def run(ids, mask):
        feeds = {"input_ids": ids, "attention_mask": mask, "token_type_ids": np.zeros_like(ids)}
        request.infer(feeds, share_inputs=True)
        return request.get_output_tensor(0).data, []

    return run


def rival(make, sort=False):
    """A rival from its runner; sort is for sentences only."""
    def made(c, a, threads):
        embed = c["want"] == "embeddings"
        if sort and not embed:
            return None
        run = make(c, threads)
        if run is None:
            return None
        if embed:
            return embedder(c, a["texts"], run, threads, sort)
        mask = np.ones_like(a["ids"])

        def output():
            hidden, weights = run(a["ids"], mask)
            return np.concatenate([hidden.ravel(), *(w.ravel() for w in weights)])

        return lambda: run(a["ids"], mask), output

    return made


def embedder(c, texts, run, threads, sort):
    os.environ["TOKENIZERS_PARALLELISM"] = str(threads > 1).lower()
    t = tokenizer(c["model"])
    t.enable_padding(pad_id=0)
    out = np.empty((len(texts), minilm.DIM), np.float32)

    def call():
        order = sorted(range(len(texts)), key=lambda i: -len(texts[i])) if sort else range(len(texts))
        for first in range(0, len(order), BATCH):
            some = order[first : first + BATCH]
            encoded = t.encode_batch([texts[i] for i in some])
            ids, mask = (np.array([getattr(e, n) for e in encoded], np.int32) for n in ("ids", "attention_mask"))
            mean = (run(ids, mask)[0] * mask[..., None]).sum(1)
            out[list(some)] = mean / np.linalg.norm(mean, axis=1, keepdims=True)

    return call, out.ravel


RIVALS = {
    "OpenVINO": rival(openvino_runner),
    "ONNX Runtime": rival(onnxruntime_runner),
    "transformers": rival(transformers_runner),
    "OpenVINO, sorted": rival(openvino_runner, sort=True),
    "ONNX Runtime, sorted": rival(onnxruntime_runner, sort=True),
    "transformers, sorted": rival(transformers_runner, sort=True),
}
