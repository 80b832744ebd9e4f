"""Takes out of a golden.safetensors of all eight texts what the tests here compare:

    python subset.py goldens/models/minilm/golden.safetensors golden.safetensors
"""

import sys

from safetensors import safe_open
from safetensors.numpy import save_file

texts = ["word", "cat", "accents", "pair"]
kinds = ["input_ids", "token_type_ids", "attentions", "hidden_states", "embedding"]

with safe_open(sys.argv[1], "np") as golden:
    save_file({f"{t}.{k}": golden.get_tensor(f"{t}.{k}") for t in texts for k in kinds}, sys.argv[2])
