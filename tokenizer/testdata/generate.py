#!/usr/bin/env python3
"""What Hugging Face's tokenizers library (0.23.3) says: unicode.txt.gz and variants.json, beside this file.

    pip install tokenizers==0.23.3
    python generate.py            write both
    python generate.py --check    compare
"""

import argparse
import gzip
import json
import pathlib

from tokenizers import Regex, Tokenizer, normalizers, pre_tokenizers

HERE = pathlib.Path(__file__).parent


def bert(clean_text=False, handle_chinese_chars=False, strip_accents=False, lowercase=False):
    return normalizers.BertNormalizer(clean_text, handle_chinese_chars, strip_accents, lowercase)


# ---- unicode.txt.gz: a line for each property, then for each character that is rewritten.

CLEAN, SPACED, STRIPPED, LOWER = bert(clean_text=True), bert(handle_chinese_chars=True), bert(strip_accents=True), bert(lowercase=True)
MARKS, NFD, NFKD = normalizers.StripAccents(), normalizers.NFD(), normalizers.NFKD()
DIGITS = pre_tokenizers.Digits(True)
BERT, REGEX = pre_tokenizers.BertPreTokenizer(), pre_tokenizers.Whitespace()  # the latter is \w+|[^\w\s]+


def words(pre_tokenizer, text):
    return [w for w, _ in pre_tokenizer.pre_tokenize_str(text)]


def reorders(c):
    """Whether c has a combining class: it then changes places with a mark of the lowest one, or of the highest."""
    low, high = "a" + c + "\u0334", "a\u0345" + c
    return NFD.normalize_str(c) == c and (NFD.normalize_str(low), NFD.normalize_str(high)) != (low, high)


PROPERTIES = {
    "removed": lambda c, s: CLEAN.normalize_str(s) == "ab",
    "blank": lambda c, s: words(BERT, s) == ["a", "b"],
    "punct": lambda c, s: words(BERT, s) == ["a", c, "b"],
    "ideograph": lambda c, s: SPACED.normalize_str(s) == f"a {c} b",
    "nonspacing": lambda c, s: NFD.normalize_str(c) == c and STRIPPED.normalize_str(s) == "ab",
    "mark": lambda c, s: MARKS.normalize_str(s) == "ab",
    "word": lambda c, s: words(REGEX, s) == [s],
    "ordered": lambda c, s: reorders(c),
    "numeric": lambda c, s: len(words(DIGITS, s)) == 3,
}

# Sets of patterns.
SETS = ["\\s", "\\d", "\\w"] + [f"\\p{{{name}}}" for name in (
    "L Lu Ll Lt Lm Lo M Mn Mc Me N Nd Nl No P Pc Pd Ps Pe Pi Pf Po S Sm Sc Sk So Z Zs Zl Zp "
    "Arabic Cyrillic Greek Han Hangul Hebrew Hiragana Katakana Latin Thai").split()]


def members(pattern, text):
    """The characters of text that match a pattern of one character."""
    kept = pre_tokenizers.Split(Regex(pattern), "removed", invert=True).pre_tokenize_str(text)
    return {c for part, _ in kept for c in part}


def hexes(text):
    return " ".join(f"{ord(c):04X}" for c in text)


def ranges(chars):
    found = []
    for c in chars:
        if found and found[-1][1] == ord(c) - 1:
            found[-1][1] = ord(c)
        else:
            found.append([ord(c), ord(c)])
    return "".join(f" {a:04X}-{b:04X}" for a, b in found)


def unicode_lines():
    chars = [chr(c) for c in range(0x110000) if not 0xD800 <= c < 0xE000]
    for name, holds in PROPERTIES.items():
        yield name + ranges(c for c in chars if holds(c, "a" + c + "b"))
    for name in SETS:
        has = members(name, "".join(chars))
        yield name + ranges(c for c in chars if c in has)
    for name, n in (("lower", LOWER), ("nfd", NFD), ("nfkd", NFKD)):
        for c in chars:
            if 0xAC00 <= ord(c) <= 0xD7A3 and ord(c) % 97:
                continue  # some Hangul is enough
            if n.normalize_str(c) != c:
                yield f"{name} {hexes(c)} {hexes(n.normalize_str(c))}"


# ---- variants.json: changes of cased/tokenizer.json, and how the texts below are cut then.

TEXTS = [
    "The Café [CITE] ibid. [MASK]x[MASK] don't",
    "a  [SPACED]  b[SPACED]c\u3000[SPACED]\n[SPACED]",
    "word xword wordx _word word\u0301 (word) wordword Word WORD",
    "[NORM] [norm] [Norm] x[NORM]x",
    "Tie\u0302\u0301ng \u1ebf\u0323 \u0344\u0323 a\u0301\u0302\u0323 \u1715\u1734 \u212b\u1e9b\u0323 각 각",
    "İstanbul ǅ ẞ K \ua7cb",
    "漢字kanji ｶﾅ 𠮷 \U0002b820",
    "a\u00a0b\u2028c\u0085d\u000be\u200bf\x00g\ufffdh\u00adi\tj",
    "aaaa bbbbb " + "c" * 101 + " " + "é" * 100,
    "[CITE]  x  [CITE] y",
    "",
]
PAIRS = [("The cat", "sat on the mat."), ("", "x"), ("a b c d e f g", "h i j k"), ("[SEP]", "")]


def added(ident, content, single_word=False, lstrip=False, rstrip=False, normalized=False, special=False):
    return dict(id=ident, content=content, single_word=single_word, lstrip=lstrip, rstrip=rstrip, normalized=normalized, special=special)


def normalizer(clean_text, handle_chinese_chars, strip_accents, lowercase):
    return {"normalizer": dict(type="BertNormalizer", clean_text=clean_text, handle_chinese_chars=handle_chinese_chars,
                               strip_accents=strip_accents, lowercase=lowercase)}


def template(single, pair):
    def piece(p):
        name, type_id = p.split(":")
        kind = "Sequence" if name in "AB" else "SpecialToken"
        return {kind: {"id": name, "type_id": int(type_id)}}
    tokens = {"cls": [2], "sep": [3], "two": [4, 0], "none": []}
    return {"post_processor": {
        "type": "TemplateProcessing", "single": [piece(p) for p in single.split()], "pair": [piece(p) for p in pair.split()],
        "special_tokens": {k: {"id": k, "ids": v, "tokens": [f"{k}{i}" for i in range(len(v))]} for k, v in tokens.items()}}}


SPECIALS = [added(i, c, special=True) for i, c in enumerate(["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"])]
VARIANTS = {
    "clean only": normalizer(True, False, False, False),
    "ideographs only": normalizer(False, True, False, False),
    "accents only": normalizer(False, False, True, False),
    "lower case only": normalizer(False, False, False, True),
    "uncased": normalizer(True, True, None, True),
    "nothing": normalizer(False, False, None, False),
    "no normalizer": {"normalizer": None},
    "NFD, Lowercase, StripAccents": {"normalizer": {"type": "Sequence", "normalizers": [
        {"type": "NFD"}, {"type": "Lowercase"}, {"type": "StripAccents"}]}},
    "no pre-tokenizer": {"pre_tokenizer": None},
    "blanks on both sides": {"added_tokens": [*SPECIALS, added(1905, "[SPACED]", lstrip=True, rstrip=True)]},
    "blanks, normalized": {"added_tokens": [*SPECIALS, added(1905, "[SPACED]", lstrip=True, rstrip=True, normalized=True)]},
    "tokens with blanks": {"added_tokens": [*SPECIALS, added(1905, "[CITE]", rstrip=True), added(1906, " x"), added(1907, "x ")]},
    "single words": {"added_tokens": [*SPECIALS, added(1905, "word", single_word=True)]},
    "single words, normalized": {"added_tokens": [*SPECIALS, added(1905, "Word", single_word=True, normalized=True)],
                                 **normalizer(True, True, None, True)},
    "normalized": {"added_tokens": [*SPECIALS, added(1905, "[NORM]", normalized=True, special=True), added(1906, "Café", normalized=True)],
                   **normalizer(True, True, None, True)},
    "longest of several": {"added_tokens": [*SPECIALS, added(1905, "xw"), added(1906, "xwor"), added(1907, "ordx"), added(1908, "word w")]},
    "no post-processor": {"post_processor": None},
    "types": template("cls:3 A:1 sep:2", "cls:3 A:1 sep:2 B:4 sep:5"),
    "second first": template("A:0 two:1", "two:0 B:0 none:1 A:1"),
    "nothing but the texts": template("A:2", "A:2 B:3"),
    "no decoder": {"decoder": None},
    "no clean-up": {"decoder": {"type": "WordPiece", "prefix": "##", "cleanup": False}},
    "another prefix to decode": {"decoder": {"type": "WordPiece", "prefix": "", "cleanup": True}},
    "short words": {"model": {"max_input_chars_per_word": 4}},
    "another prefix": {"model": {"continuing_subword_prefix": "s"}},
}
LONG = ("The cat sat on the mat and [CITE] looked", "at unbelievable mice, all day long")
TRUNCATIONS = [(n, s, d, nospecial) for n in (3, 4, 5, 8, 9, 20, 40) for s in ("longest_first", "only_first", "only_second")
               for d in ("right", "left") for nospecial in (False, True)]


def case(t, text, pair=None, no_special=False):
    c = {"text": text}
    if pair is not None:
        c["pair"] = pair
    try:
        e = t.encode(text, pair, add_special_tokens=not no_special)
    except Exception:
        return {**c, "error": True}
    return {**c, "ids": e.ids, "tokens": e.tokens, "type_ids": e.type_ids, "offsets": e.offsets,
            "special": [i for i, s in enumerate(e.special_tokens_mask) if s],
            "decoded": t.decode(e.ids), "decoded_all": t.decode(e.ids, skip_special_tokens=False)}


def truncated(t, pair, n, strategy, direction, no_special):
    t.enable_truncation(n, strategy=strategy, direction=direction)
    c = case(t, LONG[0], LONG[1] if pair else None, no_special)
    t.no_truncation()
    return {**c, "max_len": n, "strategy": strategy, "left": direction == "left", "no_special": no_special}


def variants():
    base = json.loads((HERE / "cased/tokenizer.json").read_text(encoding="utf-8"))
    for name, change in VARIANTS.items():
        changed = {**base, **change, "model": {**base["model"], **change.get("model", {})}}
        t = Tokenizer.from_str(json.dumps(changed))
        yield {"name": name, "change": change, "cases": [*(case(t, x) for x in TEXTS), *(case(t, *p) for p in PAIRS)]}
    t = Tokenizer.from_str(json.dumps(base))
    yield {"name": "truncation", "change": {}, "cases": [truncated(t, pair, *x) for pair in (False, True) for x in TRUNCATIONS]}


def variant_lines():
    yield "["
    last = None
    for v in variants():
        if last is not None:
            yield last + ","
        head = json.dumps({"name": v["name"], "change": v["change"]})[:-1]
        last = head + ', "cases": [\n' + ",\n".join(json.dumps(c) for c in v["cases"]) + "]}"
    yield last
    yield "]"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true")
    check = parser.parse_args().check
    for name, lines in (("unicode.txt.gz", unicode_lines()), ("variants.json", variant_lines())):
        path, text = HERE / name, "".join(line + "\n" for line in lines).encode()
        pack, unpack = (lambda b: gzip.compress(b, 9, mtime=0), gzip.decompress) if name.endswith(".gz") else (bytes, bytes)
        if not check:
            path.write_bytes(pack(text))
        assert unpack(path.read_bytes()) == text, name


if __name__ == "__main__":
    main()
