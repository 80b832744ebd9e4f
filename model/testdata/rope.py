"""Writes rope.json: what transformers computes of the parameters of rotary embeddings."""

import json
import sys

from transformers import LlamaConfig
from transformers.modeling_rope_utils import ROPE_INIT_FUNCTIONS

SHORT, LONG = [1 + j / 8 for j in range(8)], [1 + j for j in range(8)]
CASES = [
    {"rope_type": "linear", "factor": 4},
    {"type": "linear", "factor": 2.5, "rope_theta": 500000},
    {"rope_type": "llama3", "factor": 8, "low_freq_factor": 1, "high_freq_factor": 4, "original_max_position_embeddings": 64},
    {"rope_type": "llama3", "factor": 32, "low_freq_factor": 2, "high_freq_factor": 3, "original_max_position_embeddings": 8192, "rope_theta": 500000},
    {"rope_type": "yarn", "factor": 4, "original_max_position_embeddings": 256},
    {"rope_type": "yarn", "factor": 32, "beta_fast": 32, "beta_slow": 1, "truncate": False, "original_max_position_embeddings": 4096, "rope_theta": 150000},
    {"rope_type": "yarn", "factor": 40, "beta_fast": 20, "beta_slow": 2, "mscale": 0.7, "mscale_all_dim": 1.1, "original_max_position_embeddings": 512},
    {"rope_type": "yarn", "factor": 8, "attention_factor": 1.25},
    {"rope_type": "yarn", "factor": 1, "original_max_position_embeddings": 16},
    {"rope_type": "longrope", "short_factor": SHORT, "long_factor": LONG, "original_max_position_embeddings": 128},
    {"rope_type": "longrope", "short_factor": SHORT, "long_factor": LONG, "original_max_position_embeddings": 512, "factor": 16},
    {"rope_type": "longrope", "short_factor": SHORT, "long_factor": LONG, "attention_factor": 1.5},
    {"rope_type": "longrope", "short_factor": SHORT, "long_factor": LONG, "factor": 0.5},
]
MAX = 1024

out = []
for case in CASES:
    config = LlamaConfig(hidden_size=64, num_attention_heads=4, max_position_embeddings=MAX, rope_scaling=json.loads(json.dumps(case)))
    kind = config.rope_parameters["rope_type"]
    frequencies, scale = ROPE_INIT_FUNCTIONS[kind](config)
    entry = {"rope_scaling": case, "frequencies": frequencies.tolist(), "scale": scale}
    if kind == "longrope":
        entry["long"] = ROPE_INIT_FUNCTIONS[kind](config, seq_len=MAX + 1)[0].tolist()
    out.append(entry)
json.dump(out, sys.stdout, indent=1)
