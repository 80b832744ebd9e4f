"""Makes measures.safetensors beside this file: python measures.py MODEL_DIR

What four measures of attention give for all-MiniLM-L6-v2 on three of the texts of minilm.py, computed with transformers
and torch in float64, from the model's own modules:

    T.norm           [layer, head, query, key]        |A v_j W_O| (Kobayashi et al. 2020)
    T.layer_norm     [layer, query, key]              |sum over heads of A v_j W_O|
    T.rollout        [layer, query, key]              (Abnar and Zuidema 2020)
    T.alti           [layer, query, key]              contributions (Ferrando et al. 2022)
    T.alti_rollout   [layer, query, key]
    T.value_zeroing  [layer, query, key]              1 - cos(out_i, out_i without v_j) (Mohebbi et al. 2023)

MODEL_DIR is ../../model/minilm: the parameters are those of the embedded model, float16, so that what is left between
these figures and ours is rounding. transformers 5.23.0, torch 2.15.0, CPU.
"""

import pathlib
import sys

import torch
import transformers
from safetensors.torch import save_file
from tokenizers import Tokenizer

TEXTS = {
    "cat": "The cat sat on the mat.",
    "pieces": "Electroencephalography is unbelievable.",
    "question": 'Who wrote "Hamlet", and when?',
}

here = pathlib.Path(__file__).parent
model_dir = pathlib.Path(sys.argv[1])
tokenizer = Tokenizer.from_file(str(model_dir / "tokenizer.json"))
tokenizer.no_truncation()
tokenizer.no_padding()
model = transformers.BertModel.from_pretrained(model_dir, attn_implementation="eager", dtype=torch.float64).eval()
heads = model.config.num_attention_heads


def first(output):
    return output[0] if isinstance(output, tuple) else output


def layer_terms(layer, x, weights):
    """[query, key, head, dim]: A[query, key] v_key W_O of every head."""
    v = layer.attention.self.value(x)
    v = v.view(len(v), heads, -1)  # [key, head, headDim]
    w = layer.attention.output.dense.weight.view(-1, heads, v.shape[-1])  # [dim, head, headDim]
    f = torch.einsum("khd,ohd->kho", v, w)
    return torch.einsum("hqk,kho->qkho", weights, f)


def alti(layer, x, weights):
    n = len(x)
    parts = layer_terms(layer, x, weights).sum(2)  # [query, key, dim]
    parts[range(n), range(n)] += x  # the residual
    norm, bias = layer.attention.output.LayerNorm, layer.attention.output.dense.bias
    before = parts.sum(1) + bias
    sigma = torch.sqrt(before.var(-1, unbiased=False) + norm.eps)  # [query]

    def linear(u):  # the norm with its standard deviation taken as given, [query, ..., dim]
        s = sigma.view(-1, *[1] * (u.dim() - 1))
        return norm.weight * (u - u.mean(-1, keepdim=True)) / s

    parts = linear(parts)
    y = norm(before)
    assert (parts.sum(1) + linear(bias.expand(n, -1)) + norm.bias - y).abs().max() < 1e-9
    distance = (y[:, None] - parts).abs().sum(-1)
    c = (y.abs().sum(-1, keepdim=True) - distance).clamp(min=0)
    return c / c.sum(-1, keepdim=True)


def value_zeroing(layer, x):
    out = first(layer(x[None]))[0]
    columns = []
    for j in range(len(x)):
        def zero(module, inputs, output, j=j):
            output = output.clone()
            output[:, j] = 0
            return output

        hook = layer.attention.self.value.register_forward_hook(zero)
        changed = first(layer(x[None]))[0]
        hook.remove()
        columns.append(1 - torch.nn.functional.cosine_similarity(out, changed, dim=-1))
    return torch.stack(columns, 1)


def rollout(maps):
    rolled = []
    for a in maps:
        rolled.append(a @ rolled[-1] if rolled else a)
    return torch.stack(rolled)


tensors = {}
with torch.no_grad():
    for name, text in TEXTS.items():
        out = model(torch.tensor([tokenizer.encode(text).ids]), output_attentions=True, output_hidden_states=True)
        hidden = [h[0] for h in out.hidden_states]
        weights = [a[0] for a in out.attentions]
        layers = list(zip(model.encoder.layer, hidden, weights))
        terms = [layer_terms(*args) for args in layers]
        contributions = [alti(*args) for args in layers]
        eye = torch.eye(len(hidden[0]), dtype=torch.float64)
        for key, value in {
            "norm": torch.stack([t.norm(dim=-1).permute(2, 0, 1) for t in terms]),
            "layer_norm": torch.stack([t.sum(2).norm(dim=-1) for t in terms]),
            "rollout": rollout([(a.mean(0) + eye) / 2 for a in weights]),
            "alti": torch.stack(contributions),
            "alti_rollout": rollout(contributions),
            "value_zeroing": torch.stack([value_zeroing(layer, x) for layer, x in zip(model.encoder.layer, hidden)]),
        }.items():
            tensors[f"{name}.{key}"] = value.float().contiguous()
save_file(tensors, here / "measures.safetensors")
