# Writes pooling.json: what the Pooling and Normalize modules of sentence-transformers make of the last hidden states of bert.
#
#   python pooling.py >pooling.json
#
# sentence-transformers 6.2.0, torch 2.15.0 (CPU), safetensors 0.8.0
import json
import os

import torch
from safetensors.torch import load_file
from sentence_transformers.base.modules.normalize import Normalize
from sentence_transformers.sentence_transformer.modules.pooling import Pooling

here = os.path.dirname(os.path.abspath(__file__))
golden = load_file(os.path.join(here, "bert", "golden.safetensors"))
hidden = golden["batch.hidden_states"][-1]
mask = golden["batch.attention_mask"]
out = {}
for name in Pooling.POOLING_MODES + ("mean,cls", "cls,max,mean,mean_sqrt_len_tokens,weightedmean,lasttoken"):
    pooling = Pooling(hidden.shape[-1], name.split(",") if "," in name else name)
    features = pooling({"token_embeddings": hidden.clone(), "attention_mask": mask})
    plain = features["sentence_embedding"].clone()
    unit = Normalize()(features)["sentence_embedding"]
    out[name] = {"plain": plain.tolist(), "unit": unit.tolist()}
print(json.dumps(out))
