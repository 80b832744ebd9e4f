"""Makes minilm.safetensors and minilm.json beside this file: python minilm.py MODEL_DIR

MODEL_DIR is sentence-transformers/all-MiniLM-L6-v2 as published (float32). transformers 5.23.0, torch 2.13.0, CPU.
"""

import json
import pathlib
import sys

import torch
import transformers
from safetensors.torch import save_file
from tokenizers import Tokenizer

TEXTS = {
    "cat": ("The cat sat on the mat.",),
    "word": ("Stop",),
    "pair": ("A man is eating food.", "Someone is having a meal."),
    "pronoun": ("The animal didn't cross the street because it was too tired.",),
    "pieces": ("Electroencephalography is unbelievable.",),
    "question": ('Who wrote "Hamlet", and when?',),
}

here = pathlib.Path(__file__).parent
model_dir = pathlib.Path(sys.argv[1])
tokenizer = Tokenizer.from_file(str(model_dir / "tokenizer.json"))
tokenizer.no_truncation()
tokenizer.no_padding()
model = transformers.BertModel.from_pretrained(model_dir, attn_implementation="eager", dtype=torch.float32).eval()

facts, tensors = {}, {}
for name, texts in TEXTS.items():
    e = tokenizer.encode(*texts)
    with torch.no_grad():
        out = model(torch.tensor([e.ids]), token_type_ids=torch.tensor([e.type_ids]), output_attentions=True)
    tensors[name] = torch.stack(out.attentions)[:, 0].contiguous()  # [layer][head][query][key]
    facts[name] = {"texts": texts, "ids": e.ids, "tokens": e.tokens, "offsets": e.offsets, "type_ids": e.type_ids,
                   "special": [bool(s) for s in e.special_tokens_mask]}
save_file(tensors, here / "minilm.safetensors")
(here / "minilm.json").write_text(json.dumps(facts, ensure_ascii=False) + "\n")
