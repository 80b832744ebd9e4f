"""How each rival is called. RIVALS[kind][name](case, arrays, threads) gives a call, or None where the rival has no such
operation. A call returns its output, [batch][heads][queries][dim], or None."""
import numpy as np
import onnx
import onnxruntime as ort
import openvino as ov
import openvino.opset13 as op
import torch
import torch.nn.functional as F
from onnx import TensorProto, helper

ort.set_default_logger_severity(3)


def versions():
    return {"PyTorch": torch.__version__, "ONNX Runtime": ort.__version__, "OpenVINO": ov.__version__.split("-")[0]}


def torch_mask(a):
    if "mask" in a:
        return torch.from_numpy(a["mask"])
    return torch.from_numpy(a["bias"])[None] if "bias" in a else None


def pytorch(c, a, threads):
    torch.set_num_threads(threads)
    q, k, v = (torch.from_numpy(a[x]) for x in "qkv")
    mask, grouped = torch_mask(a), c["heads"] != c["kv_heads"]

    def call():
        with torch.inference_mode():
            return F.scaled_dot_product_attention(q, k, v, attn_mask=mask, is_causal=c["causal"], enable_gqa=grouped)

    return call


def session(nodes, inputs, outputs, threads, opset, domains=()):
    graph = helper.make_graph(nodes, "case", inputs, outputs)
    opsets = [helper.make_opsetid("", opset), *(helper.make_opsetid(d, 1) for d in domains)]
    options = ort.SessionOptions()
    options.intra_op_num_threads = threads
    model = helper.make_model(graph, opset_imports=opsets, ir_version=11)
    return ort.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])


def value(name, array_or_shape, kind=TensorProto.FLOAT):
    shape = getattr(array_or_shape, "shape", array_or_shape)
    return helper.make_tensor_value_info(name, kind, list(shape))


def ort_attention(c, a, threads, weights=False):
    """The standard operator Attention."""
    feeds = {x: a[x] for x in "qkv"}
    names, inputs = ["q", "k", "v"], [value(x, a[x]) for x in "qkv"]
    for x, kind in (("mask", TensorProto.BOOL), ("bias", TensorProto.FLOAT)):
        if x in a:
            feeds[x] = a[x] if x == "mask" else a[x][None]
            names.append(x)
            inputs.append(value(x, feeds[x], kind))
    outputs = ["y"] + (["", "", "w"] if weights else [])
    node = helper.make_node("Attention", names, outputs, is_causal=int(c["causal"]), **({"qk_matmul_output_mode": 3} if weights else {}))
    results = [value("y", a["q"])]
    if weights:
        results.append(value("w", (c["batch"], c["heads"], c["queries"], c["keys"])))
    s = session([node], inputs, results, threads, 23)
    return lambda: s.run(None, feeds)


def merged(x):
    """[batch][heads][seq][dim] as [batch][seq][heads·dim]"""
    b, h, s, d = x.shape
    return np.ascontiguousarray(x.transpose(0, 2, 1, 3)).reshape(b, s, h * d)


def ort_mha(c, a, threads):
    if c["heads"] != c["kv_heads"] or c["mask"] or c["decode"]:
        return None
    feeds = {x: merged(a[x]) for x in "qkv"}
    node = helper.make_node("MultiHeadAttention", ["q", "k", "v"], ["y"], domain="com.microsoft", num_heads=c["heads"], unidirectional=int(c["causal"]))
    s = session([node], [value(x, feeds[x]) for x in "qkv"], [value("y", feeds["q"])], threads, 17, ["com.microsoft"])
    b, h, n, d = a["q"].shape
    return lambda: s.run(None, feeds)[0].reshape(b, n, h, d).transpose(0, 2, 1, 3)


def ort_gqa(c, a, threads):
    if not (c["causal"] or c["decode"]) or c["mask"]:
        return None
    past = c["keys"] - c["queries"]
    feeds = {"q": merged(a["q"]), "k": merged(a["k"][:, :, past:]), "v": merged(a["v"][:, :, past:]),
             "pk": a["k"][:, :, :past].copy(), "pv": a["v"][:, :, :past].copy(),
             "lens": np.full(c["batch"], c["keys"] - 1, np.int32), "total": np.array([c["keys"]], np.int32)}
    kinds = {"lens": TensorProto.INT32, "total": TensorProto.INT32}
    node = helper.make_node("GroupQueryAttention", list(feeds), ["y", "nk", "nv"], domain="com.microsoft", num_heads=c["heads"], kv_num_heads=c["kv_heads"])
    outputs = [value("y", feeds["q"]), value("nk", a["k"]), value("nv", a["v"])]
    s = session([node], [value(n, x, kinds.get(n, TensorProto.FLOAT)) for n, x in feeds.items()], outputs, threads, 17, ["com.microsoft"])
    b, h, n, d = a["q"].shape
    return lambda: s.run(["y"], feeds)[0].reshape(b, n, h, d).transpose(0, 2, 1, 3)


def openvino(c, a, threads):
    if c["heads"] != c["kv_heads"]:
        return None
    params = [op.parameter(list(a[x].shape), np.float32) for x in "qkv"]
    tensors, extra = [ov.Tensor(a[x]) for x in "qkv"], []
    if "mask" in a or "bias" in a:
        m = a["mask"] if "mask" in a else a["bias"][None]
        extra = [op.parameter(list(m.shape), m.dtype.type if "bias" in a else bool)]
        tensors.append(ov.Tensor(np.ascontiguousarray(m)))
    node = op.scaled_dot_product_attention(*params, *extra, causal=c["causal"])
    settings = {"INFERENCE_PRECISION_HINT": "f32", "INFERENCE_NUM_THREADS": threads, "NUM_STREAMS": 1, "PERFORMANCE_HINT": "LATENCY"}
    request = ov.Core().compile_model(ov.Model([node], [*params, *extra]), "CPU", settings).create_infer_request()
    for i, t in enumerate(tensors):
        request.set_input_tensor(i, t)

    def call():
        request.infer()
        return request.get_output_tensor(0).data

    return call


def pytorch_stats(c, a, threads):
    """The way that is left where a fused kernel shows no weights: all of them, then sums over them."""
    torch.set_num_threads(threads)
    q, k, v = (torch.from_numpy(a[x]) for x in "qkv")

    def call():
        with torch.inference_mode():
            w = torch.softmax(q @ k.transpose(-1, -2) * c["dim"] ** -0.5, -1)
            entropy, received = -(torch.special.xlogy(w, w)).sum(-1), w.sum(-2)
            return w @ v

    return call


def ort_stats(c, a, threads):
    run = ort_attention(c, a, threads, weights=True)

    def call():
        y, w = run()
        received = w.sum(-2)
        entropy = -np.einsum("bhqk,bhqk->bhq", w, np.log(np.maximum(w, 1e-38)))
        return y

    return call


RIVALS = {
    "attention": {"PyTorch": pytorch, "ONNX Runtime Attention": lambda *x: first(ort_attention(*x)), "ONNX Runtime MHA": ort_mha, "ONNX Runtime GQA": ort_gqa, "OpenVINO": openvino},
    "stats": {"PyTorch weights": pytorch_stats, "ONNX Runtime weights": ort_stats, "PyTorch": pytorch},
}


def first(call):
    return lambda: call()[0]
