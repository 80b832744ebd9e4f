"""all-MiniLM-L6-v2 as a graph of ONNX Runtime's own operators, which is faster than what its exporters and its optimizer make
of the model: q, k and v are one product, additions go into the norms, the bias into the activation."""
import pathlib

import numpy as np
from onnx import TensorProto, helper, numpy_helper
from safetensors.numpy import load_file

LAYERS, HEADS, DIM, MLP_DIM = 6, 12, 384, 1536
INPUTS = ("input_ids", "attention_mask", "token_type_ids")


def flops(lengths):
    """What sequences of these lengths take: the matrices, and two products in every head."""
    return sum(LAYERS * (2 * n * DIM * (4 * DIM + 2 * MLP_DIM) + 4 * n * n * DIM) for n in lengths)


class Graph:
    """Nodes and constants as they are added."""

    def __init__(self, directory):
        self.params = {n.removeprefix("bert."): x for n, x in load_file(pathlib.Path(directory) / "model.safetensors").items()}
        self.nodes, self.constants = [], []

    def constant(self, x):
        name = f"c{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.ascontiguousarray(x), name))
        return name

    def add(self, operator, *inputs, outputs=1, **attributes):
        """A node of ONNX Runtime, or of ONNX if domain says so. Inputs are names, or arrays that become constants."""
        names = [f"n{len(self.nodes)}_{i}" for i in range(outputs)]
        inputs = [x if isinstance(x, str) else self.constant(x) for x in inputs]
        self.nodes.append(helper.make_node(operator, inputs, names, **{"domain": "com.microsoft", **attributes}))
        return names[0] if outputs == 1 else names

    def linear(self, x, name):
        """x·Wᵀ without the bias, which the next node takes."""
        return self.add("MatMul", x, self.params[name + ".weight"].T, domain="")

    def both(self, name):
        return self.params[name + ".weight"], self.params[name + ".bias"]

    def layer(self, x, mask, number, maps):
        at = f"encoder.layer.{number}."
        qkv = [self.both(f"{at}attention.self.{n}") for n in ("query", "key", "value")]
        if maps:
            z, weights = self.attention_with_weights(x, qkv)
        else:
            z = self.add("Attention", x, np.concatenate([w.T for w, _ in qkv], 1), np.concatenate([b for _, b in qkv]), mask, num_heads=HEADS)
            weights = None
        x = self.add_and_norm(self.linear(z, at + "attention.output.dense"), x, at + "attention.output")
        hidden = self.add("BiasGelu", self.linear(x, at + "intermediate.dense"), self.params[at + "intermediate.dense.bias"])
        return self.add_and_norm(self.linear(hidden, at + "output.dense"), x, at + "output"), weights

    def attention_with_weights(self, x, qkv):
        """ONNX Runtime's own operator keeps the weights to itself; ONNX's gives them."""
        q, k, v = (self.add("Add", self.add("MatMul", x, w.T, domain=""), b, domain="") for w, b in qkv)
        z, _, _, weights = self.add("Attention", q, k, v, outputs=4, domain="", q_num_heads=HEADS, kv_num_heads=HEADS, qk_matmul_output_mode=3)
        self.nodes[-1].output[1] = self.nodes[-1].output[2] = ""
        return z, weights

    def add_and_norm(self, x, to, name):
        return self.add("SkipLayerNormalization", x, to, *self.both(name + ".LayerNorm"), self.params[name + ".dense.bias"], epsilon=1e-12)


def build(directory, maps=False):
    """The model, from int32 inputs of [batch][seq] to the last hidden states; with maps, also to the weights of each layer,
    and then without padding."""
    g = Graph(directory)
    ids, mask, types = INPUTS
    tables = [g.params[f"embeddings.{n}_embeddings.weight"] for n in ("word", "position", "token_type")]
    x, lengths = g.add("EmbedLayerNormalization", ids, types, *tables, *g.both("embeddings.LayerNorm"), mask, outputs=2, epsilon=1e-12)
    outputs = []
    for number in range(LAYERS):
        x, weights = g.layer(x, lengths, number, maps)
        outputs += [weights] if maps else []
    value = lambda n, type, shape: helper.make_tensor_value_info(n, type, shape)
    graph = helper.make_graph(g.nodes, "minilm", [value(n, TensorProto.INT32, ["batch", "seq"]) for n in INPUTS],
                              [value(x, TensorProto.FLOAT, ["batch", "seq", DIM])] + [value(w, TensorProto.FLOAT, ["batch", HEADS, "seq", "seq"]) for w in outputs],
                              g.constants)
    opsets = [helper.make_opsetid("", 23), helper.make_opsetid("com.microsoft", 1)]
    return helper.make_model(graph, opset_imports=opsets, ir_version=11).SerializeToString()
