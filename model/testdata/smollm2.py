"""Writes smollm2.json: what llama.cpp writes greedily with SmolLM2-135M-Instruct.Q4_1.gguf.

"q4_1" as it runs by itself: with activations rounded to 8 bits in the products with quantised matrices, and keys and values
to float16. "float32" with the same parameters expanded to float32, and float32 throughout; and the log probabilities of its
tokens.

    python smollm2.py SmolLM2-135M-Instruct.Q4_1.gguf > smollm2.json       # xllamacpp 2026.10.11549, gguf 0.19.0
"""

import json
import os
import sys
import tempfile

import gguf
import numpy as np
import xllamacpp as llama

TOKENS = 20
PROMPTS = [
    "The cat sat on the mat.",
    "Once upon a time, there was a little",
    "The capital of France is",
    "def fibonacci(n):\n",
    "Water boils at a temperature of",
]


def expand(source, target):
    reader, writer = gguf.GGUFReader(source), gguf.GGUFWriter(target, "llama")
    for key, field in reader.fields.items():
        if key.startswith("GGUF.") or key == "general.architecture":
            continue
        kind = field.types[0]
        value = 0 if key == "general.file_type" else field.contents()
        writer.add_key_value(key, value, kind, sub_type=field.types[-1] if kind == gguf.GGUFValueType.ARRAY else None)
    for tensor in reader.tensors:
        writer.add_tensor(tensor.name, gguf.dequantize(tensor.data, tensor.tensor_type).astype(np.float32).copy())
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def run(path, exact):
    p = llama.CommonParams()
    p.model.path, p.n_ctx, p.n_gpu_layers, p.warmup = path, 512, 0, False
    if exact:
        p.cache_type_k = p.cache_type_v = llama.ggml_type.GGML_TYPE_F32
        p.flash_attn_type = llama.llama_flash_attn_type.LLAMA_FLASH_ATTN_TYPE_DISABLED
    server = llama.Server(p)
    for prompt in PROMPTS:
        request = {"prompt": prompt, "max_tokens": TOKENS, "temperature": 0, "top_k": 1, "n_probs": 1, "ignore_eos": True, "cache_prompt": False}
        answer = server.handle_completions(request)
        answer = json.loads(answer) if isinstance(answer, str) else answer
        yield answer["choices"][0]["logprobs"]["content"]


def main():
    with tempfile.TemporaryDirectory() as directory:
        expanded = os.path.join(directory, "float32.gguf")
        expand(sys.argv[1], expanded)
        cases = []
        for prompt, q4_1, float32 in zip(PROMPTS, list(run(sys.argv[1], False)), list(run(expanded, True))):
            cases.append({
                "prompt": prompt,
                "q4_1": [t["id"] for t in q4_1],
                "float32": [t["id"] for t in float32],
                "logprobs": [round(t["logprob"], 5) for t in float32],
            })
    print("[\n" + ",\n".join(json.dumps(c) for c in cases) + "\n]")


main()
