#!/usr/bin/env python3
"""Parts of tokenizers in other combinations than the files beside this have them, and what Hugging Face's tokenizers library
(0.23.3) makes of some texts then: pipelines.jsonl.gz. A line is a tokenizer (a folder and what is changed in its file), or
a case of the one before.

    pip install tokenizers==0.23.3
    python pipelines.py            write it
    python pipelines.py --check    compare
"""

import argparse
import gzip
import json
import pathlib
import random

from tokenizers import Tokenizer

HERE = pathlib.Path(__file__).parent

TEXTS = [
    "The Caf\u00e9 isn\u2019t  open; it'll OPEN at 10:45!",
    " \u2581leading\n\n\ttabs\r\nand  blanks \u3000 ",
    "e\u0301\u0302 \uff41\u0301 \u304b\u3099 \ufb01 \u212b \u1e9b\u0323 \uac01\u1112\u1161\u11ab \u00bd\u00b2 \u0130\u017f",
    "\x01\x02a\u200bb\u00adc\ufeffd \u2122\x1e\u2026 x\u0000y",
    "\u65e5\u672c\u8a9e\u3067\u3059 \U0001f642\U0001f468\u200d\U0001f469\u200d\U0001f467 \u041f\u0440\u0438\u0432\u0435\u0442 \u0627\u0644\u0633\u0644\u0627\u0645",
    "<s>x <mask>  y</s> <unk><0x41><|endoftext|>",
    "snake_case camelCase 12345 a1b2 ``quotes'' --- ...",
    "eee teeth the",
    "",
]
PAIRS = [("The cat", " sat on"), ("", "x")]


def sequence(kind, *parts):
    return {"type": "Sequence", kind: list(parts)}


def normalizers(*parts):
    return {"normalizer": sequence("normalizers", *parts)}


def words(*parts):
    return {"pre_tokenizer": sequence("pretokenizers", *parts)}


def decoders(*parts):
    return {"decoder": sequence("decoders", *parts)}


def split(pattern, behavior="Isolated", invert=False, kind="Regex"):
    return {"type": "Split", "pattern": {kind: pattern}, "behavior": behavior, "invert": invert}


def replace(pattern, content, kind="String"):
    return {"type": "Replace", "pattern": {kind: pattern}, "content": content}


def byte_level(prefix=False, regex=True):
    return {"type": "ByteLevel", "add_prefix_space": prefix, "trim_offsets": True, "use_regex": regex}


def metaspace(scheme, cut):
    return {"type": "Metaspace", "replacement": "\u2581", "prepend_scheme": scheme, "split": cut}


def strip(left, right):
    return {"type": "Strip", "strip_left": left, "strip_right": right}


def roberta(trim, prefix):
    return {"type": "RobertaProcessing", "sep": ["</s>", 2], "cls": ["<s>", 0], "trim_offsets": trim, "add_prefix_space": prefix}


RAW = byte_level(False, False)
PRECOMPILED = {"precompiled": True}  # stands for the normalizer of xlmr
PATTERNS = [
    r"\s+", r"x*", r"(?=[A-Z])", r"(?i:E|'S)|\w+", r"\W+", r"^.", r".$", r"\p{Han}|\P{L}", r"(?<=e).", r"(?:ab|a)(?!b)",
    r"[^\S\r\n]+", r"a{1,2}?b?", r"(?>e+)t", "[\u4e00-\u9fff]+|[\\u3040-\\u30ff]", r"\x{e9}|\x41", r"[\-\]a]", r"e{,2}",
    r"[^\r\n\p{L}\p{N}]?+\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]++[\r\n]*|\s*[\r\n]|\s+(?!\S)|\s+",
    r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?|\p{N}{1,3}|\s+",
]


def pipelines():
    for i, p in enumerate(PATTERNS):
        yield f"pattern {p}", "llama3", words(split(p), RAW)
    for b in ("Removed", "Isolated", "MergedWithPrevious", "MergedWithNext", "Contiguous"):
        for invert in (False, True):
            yield f"{b} {invert}", "qwen2", words(split(r"e|\s+", b, invert), RAW)
        yield f"{b} string", "qwen2", words(split("e", b, False, "String"), byte_level())
        yield f"{b} punctuation", "qwen2", words({"type": "Punctuation", "behavior": b}, byte_level())
    for each in (False, True):
        yield f"digits {each}", "llama3", words({"type": "Digits", "individual_digits": each}, byte_level())
    for kind in ("Whitespace", "WhitespaceSplit", "BertPreTokenizer"):
        yield kind, "roberta", words({"type": kind}, byte_level(True, False))
    yield "delimiter", "roberta", words({"type": "CharDelimiterSplit", "delimiter": "e"}, RAW)
    yield "behind byte-level", "roberta", words(byte_level(True), {"type": "Digits", "individual_digits": True}, byte_level())
    yield "byte-level normalizer", "qwen2", {**normalizers({"type": "NFC"}, {"type": "ByteLevel"}), **words(split(r"\p{L}+"))}
    for scheme in ("first", "always", "never"):
        for cut in (False, True):
            both = {"pre_tokenizer": metaspace(scheme, cut), "decoder": metaspace(scheme, cut)}
            yield f"metaspace {scheme} {cut}", "spm", both
            yield f"metaspace {scheme} {cut}", "xlmr", both
    yield "metaspace in parts", "t5", words({"type": "Punctuation"}, metaspace("first", True))
    for kind in ("NFC", "NFD", "NFKC", "NFKD", "Nmt", "Lowercase", "StripAccents"):
        yield kind, "spm", {"normalizer": {"type": kind}}
    yield "precompiled behind NFD", "xlmr", normalizers({"type": "NFD"}, PRECOMPILED, {"type": "Lowercase"})
    yield "precompiled, no words", "xlmr", {"pre_tokenizer": None}
    yield "precompiled, BPE", "spm", normalizers(strip(True, False), PRECOMPILED, strip(False, True))
    yield "replace", "spm", normalizers(replace("e", "\u00e9"), replace("th", ""), replace(r"\s+", "\u2581", "Regex"))
    yield "replace by more", "spm", normalizers(replace(r"[aeiou]", "xyz", "Regex"), {"type": "NFD"}, {"type": "StripAccents"})
    yield "replace nothing", "spm", {"normalizer": replace("x*", "-", "Regex")}
    yield "prepend", "llama3", normalizers({"type": "Prepend", "prepend": "ab"}, replace("``", "\""), {"type": "NFKD"})
    for fallback, fuse, unk in ((False, False, "<unk>"), (False, True, "<unk>"), (False, False, None), (True, True, None)):
        yield f"unknown {fallback} {fuse} {unk}", "spm", {"model": {"byte_fallback": fallback, "fuse_unk": fuse, "unk_token": unk}}
    yield "ignore merges", "spm", {"model": {"ignore_merges": True}, "pre_tokenizer": metaspace("always", True)}
    yield "byte fallback of a Unigram", "xlmr", {"model": {"byte_fallback": True}, "vocab_bytes": True}
    yield "no unknown", "xlmr", {"model": {"unk_id": None}}
    for trim in (False, True):
        for prefix in (False, True):
            yield f"roberta {trim} {prefix}", "roberta", {"post_processor": roberta(trim, prefix), "pre_tokenizer": byte_level(prefix)}
    yield "trimmed twice", "roberta", {"post_processor": sequence("processors", roberta(True, False), byte_level(True))}
    fuse, fallback = {"type": "Fuse"}, {"type": "ByteFallback"}
    for name, d in {
        "fallback, fuse, strip": (fallback, fuse, {"type": "Strip", "content": " ", "start": 1, "stop": 0}),
        "replace, strip": (replace("\u2581+", " ", "Regex"), {"type": "Strip", "content": " ", "start": 2, "stop": 0}),
        "fuse, replace": (fuse, replace("e", "")),
        "metaspace, fallback": (metaspace("always", True), fallback),
        "word pieces": ({"type": "WordPiece", "prefix": "\u2581", "cleanup": True},),
        "word ends": ({"type": "BPEDecoder", "suffix": "e"},),
        "none": (),
    }.items():
        yield f"decode: {name}", "stories260k", decoders(*d)


def read(folder):
    return json.loads(gzip.decompress((HERE / folder / "tokenizer.json.gz").read_bytes()))


def changed(folder, change):
    file = read(folder)
    for key, value in change.items():
        if key == "model":
            file["model"].update(value)
        elif key == "vocab_bytes":
            file["model"]["vocab"] += [[f"<0x{b:02X}>", 0.0] for b in range(256)]
            file["added_tokens"] = []
        else:
            file[key] = value
    text = json.dumps(file)
    return text.replace(json.dumps(PRECOMPILED), json.dumps(read("xlmr")["normalizer"]))


def case(t, rng, text, pair=None):
    c = {"text": text}
    if pair is not None:
        c["pair"] = pair
    try:
        e = t.encode(text, pair)
    except Exception:
        return {**c, "error": True}
    c.update(ids=e.ids, tokens=e.tokens, type_ids=e.type_ids, offsets=e.offsets,
             special=[i for i, s in enumerate(e.special_tokens_mask) if s],
             decoded=t.decode(e.ids), decoded_all=t.decode(e.ids, skip_special_tokens=False))
    c["mixed"] = [rng.choice(e.ids) for _ in range(5)] if e.ids else []
    return {**c, "mixed_decoded": t.decode(c["mixed"], skip_special_tokens=False)}


def lines():
    rng = random.Random(1)
    for name, folder, change in pipelines():
        yield {"name": f"{folder}: {name}", "folder": folder, "change": change}
        t = Tokenizer.from_str(changed(folder, change))
        t.no_padding()
        t.no_truncation()
        for x in TEXTS:
            yield case(t, rng, x)
        for p in PAIRS:
            yield case(t, rng, *p)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true")
    path = HERE / "pipelines.jsonl.gz"
    text = "".join(json.dumps(x) + "\n" for x in lines()).encode()
    if not parser.parse_args().check:
        path.write_bytes(gzip.compress(text, 9, mtime=0))
    assert gzip.decompress(path.read_bytes()) == text, path.name


if __name__ == "__main__":
    main()
