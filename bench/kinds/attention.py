"""The output of attention, and how each rival is asked for it: the quickest way that its interface has, with its inputs, and
where possible its output, in place before the clock starts."""
import numpy as np
import onnx.defs
import onnxruntime as ort
import openvino as ov
import openvino.opset13 as op
import torch
import torch.nn.functional as F
from onnx import TensorProto, helper

from . import case

CASES = [case(f"full D{d} S{s}", queries=s, dim=d) for d in (64, 128) for s in (512, 1024, 4096)]
CASES += [case(f"full D{d} S16384, 1 head", heads=1, queries=16384, dim=d) for d in (64, 128)]
CASES += [case(f"causal D{d} S{s}", queries=s, dim=d, causal=True) for d in (64, 128) for s in (1024, 4096)]
CASES += [
    case("causal D128 S1024, 32 q / 8 kv heads", heads=32, kv_heads=8, dim=128, causal=True),
    case("boolean mask, half random, D64 S1024", mask="random"),
    case("padding, 70 % kept, D64 S4096", queries=4096, mask="padding"),
    case("additive bias D64 S1024", mask="bias"),
    case("batch 32, 12 heads, D64 S128", batch=32, heads=12, queries=128),
    case("batch 32, 12 heads, D32 S128", batch=32, heads=12, queries=128, dim=32),
    case("12 heads, D32 S9", heads=12, queries=9, dim=32),
]
CASES += [case(f"full D{d} S1024", dim=d) for d in (40, 80, 96, 111, 256)]
CASES += [case(f"decode D128, 32 q / 8 kv heads, {k} keys, batch {b}", batch=b, heads=32, kv_heads=8, queries=1, keys=k, dim=128)
          for b, k in ((1, 4096), (1, 16384), (1, 65536), (8, 4096), (8, 16384))]


# The most that an output may differ from PyTorch's. An output is a mean of values of size 1, and its float32 rounding stays
# below 1e-5; a key more or less, or another scale, is far above 1e-3.
TOLERANCE = 1e-4
INEXACT = set()
OWN = ()


def inputs(c, folder):
    rng = np.random.default_rng(1)
    draw = lambda *shape: rng.standard_normal(shape, dtype=np.float32)
    a = {"q": draw(c["batch"], c["heads"], c["queries"], c["dim"])}
    a["k"], a["v"] = (draw(c["batch"], c["kv_heads"], c["keys"], c["dim"]) for _ in range(2))
    for x in "qkv":
        a[x].tofile(folder / f"{x}.f32")
    match c["mask"]:
        case "random":
            a["mask"] = rng.random((c["queries"], c["keys"])) < 0.5
            a["mask"][:, 0] = True
            a["mask"].astype(np.uint8).tofile(folder / "mask.u8")
        case "bias":
            a["bias"] = draw(c["heads"], c["queries"], c["keys"])
            a["bias"].tofile(folder / "bias.f32")
        case "padding":  # raptcase is told the length
            a["mask"] = np.broadcast_to(np.arange(c["keys"]) < c["key_len"], (c["queries"], c["keys"])).copy()
    return a


def request(c):
    fields = ("batch", "heads", "kv_heads", "queries", "keys", "dim", "causal", "mask", "key_len")
    return {f: c[f] for f in fields} | {"stats": c["kind"] == "stats"}


def saved(path, a):
    return np.fromfile(path, np.float32).reshape(a["q"].shape)


def difference(theirs, ours):
    return float(np.abs(theirs - ours).max())


def cell(r, name, peak):
    seconds, peak = min(r["seconds"][name]), max(r["own_peak"].get(name, [peak]))
    return f"{seconds * 1e3:.3g} ms, {100 * r['work'] / seconds / peak:.0f} %"


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

    return call, lambda: call().numpy()


def stacked(make):
    """Decoding with grouped heads, where the heads of a group become the queries of one head: the same numbers by a reshape
    that costs nothing, and then keys and values are read once for all of them. What a user can do by hand counts."""
    def made(c, a, threads):
        if not c["decode"] or c["heads"] == c["kv_heads"]:
            return None
        group = c["heads"] // c["kv_heads"]
        flat = dict(c, heads=c["kv_heads"], queries=group, decode=False)
        call, output = make(flat, dict(a, q=a["q"].reshape(c["batch"], c["kv_heads"], group, c["dim"])), threads)
        return call, lambda: output().reshape(a["q"].shape)

    return made


# --- ONNX Runtime ---

# Attention is standard since 23; 24 added lengths of the keys, which 23 has to be told by a mask.
OPSET = 24 if onnx.defs.onnx_opset_version() >= 24 else 23


def session(node, feeds, outputs, threads):
    """A call of a model of one operator, whose inputs and outputs are bound to these arrays, by their addresses."""
    value = lambda n, x: helper.make_tensor_value_info(n, helper.np_dtype_to_tensor_dtype(x.dtype), x.shape)
    graph = helper.make_graph([node], "case", [value(*x) for x in feeds.items()], [value(*x) for x in outputs.items()])
    opsets = [helper.make_opsetid("", OPSET), helper.make_opsetid("com.microsoft", 1)]
    options = ort.SessionOptions()
    options.intra_op_num_threads = threads
    options.log_severity_level = 3
    model = helper.make_model(graph, opset_imports=opsets, ir_version=11).SerializeToString()
    s = ort.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    bound = s.io_binding()
    for bind, arrays in ((bound.bind_input, feeds), (bound.bind_output, outputs)):
        for n, x in arrays.items():
            assert x.flags.c_contiguous, n
            bind(n, "cpu", 0, x.dtype.type, x.shape, x.ctypes.data)

    def call(keep=(feeds, outputs)):  # the addresses are valid only as long as somebody holds the arrays
        s.run_with_iobinding(bound)

    return call


def ort_attention(c, a, threads, weights=None):
    """The standard operator. weights, if given, is an array for them."""
    feeds, names = {x: a[x] for x in "qkv"}, ["q", "k", "v"]
    if c["mask"] == "padding" and OPSET >= 24:
        feeds["lens"] = np.full(c["batch"], c["key_len"], np.int64)
        names += ["", "", "", "lens"]
    elif "mask" in a or "bias" in a:
        feeds["m"] = a["mask"] if "mask" in a else a["bias"][None]
        names.append("m")
    outputs = {"y": np.empty_like(a["q"])}
    node = helper.make_node("Attention", names, ["y"], is_causal=int(c["causal"]))
    if weights is not None:
        outputs["w"] = weights
        node = helper.make_node("Attention", names, ["y", "", "", "w"], is_causal=int(c["causal"]), qk_matmul_output_mode=3)
    return session(node, feeds, outputs, threads), lambda: outputs["y"]


def merged(x):
    """[batch][heads][seq][dim] as [batch][seq][heads·dim]"""
    b, h, s, d = x.shape
    return np.ascontiguousarray(x.transpose(0, 2, 1, 3)).reshape(b, s, h * d)


def parted(x, like):
    """The reverse of merged."""
    b, h, s, d = like.shape
    return x.reshape(b, s, h, d).transpose(0, 2, 1, 3)


def ort_mha(c, a, threads):
    if c["heads"] != c["kv_heads"] or c["decode"]:
        return None
    feeds, names = {x: merged(a[x]) for x in "qkv"}, ["q", "k", "v"]
    if c["mask"] == "padding":
        feeds["lens"] = np.full(c["batch"], c["key_len"], np.int32)
        names += ["", "lens"]
    elif c["mask"]:
        bias = a["bias"] if "bias" in a else np.where(a["mask"], np.float32(0), np.float32(-np.inf))[None]
        feeds["bias"] = bias[None]
        names += ["", "", "bias"]
    y = np.empty_like(feeds["q"])
    node = helper.make_node("MultiHeadAttention", names, ["y"], domain="com.microsoft", num_heads=c["heads"], unidirectional=int(c["causal"]))
    return session(node, feeds, {"y": y}, threads), lambda: parted(y, a["q"])


def ort_gqa(c, a, threads):
    if not (c["causal"] or c["decode"]) or c["mask"]:
        return None
    new = slice(-1, None) if c["decode"] else slice(None)
    feeds = {"q": merged(a["q"]), "k": merged(a["k"][:, :, new]), "v": merged(a["v"][:, :, new]),
             "lens": np.full(c["batch"], c["keys"] - 1, np.int32), "total": np.array([c["keys"]], np.int32)}
    outputs = {"y": np.empty_like(feeds["q"]), "nk": np.empty_like(a["k"]), "nv": np.empty_like(a["v"])}
    past = ["", ""]
    if c["decode"]:  # past and present share a buffer, as in a model's loop: each call writes the last key over itself
        past = ["pk", "pv"]
        feeds["pk"], feeds["pv"] = outputs["nk"], outputs["nv"] = a["k"].copy(), a["v"].copy()
    node = helper.make_node("GroupQueryAttention", ["q", "k", "v", *past, "lens", "total"], ["y", "nk", "nv"], domain="com.microsoft",
                            num_heads=c["heads"], kv_num_heads=c["kv_heads"])
    return session(node, feeds, outputs, threads), lambda: parted(outputs["y"], a["q"])


# --- OpenVINO ---


def repeated(x, c):
    """Keys or values for as many heads as the queries have."""
    b, h, s, d = (c[n] for n in ("batch", "kv_heads", "keys", "dim"))
    x = op.broadcast(op.unsqueeze(x, np.array([2])), np.array([b, h, c["heads"] // h, s, d]), "BIDIRECTIONAL")
    return op.reshape(x, np.array([b, c["heads"], s, d]), False)


def openvino(c, a, threads):
    """OpenVINO's operator knows no grouped heads: they are stacked for decoding, else keys and values are repeated in the model."""
    grouped = c["heads"] != c["kv_heads"]
    if grouped and c["decode"]:
        return stacked(openvino)(c, a, threads)
    arrays = [a[x] for x in "qkv"]
    if "mask" in a or "bias" in a:
        arrays.append(a["mask"] if "mask" in a else a["bias"][None])
    params = [op.parameter(list(x.shape), x.dtype.type) for x in arrays]
    q, k, v, *mask = params
    if grouped:
        k, v = repeated(k, c), repeated(v, c)
    node = op.scaled_dot_product_attention(q, k, v, *mask, causal=c["causal"])
    settings = {"INFERENCE_PRECISION_HINT": "f32", "INFERENCE_NUM_THREADS": threads, "NUM_STREAMS": 1, "PERFORMANCE_HINT": "LATENCY"}
    request = ov.Core().compile_model(ov.Model([node], params), "CPU", settings).create_infer_request()
    for i, x in enumerate(arrays):
        request.set_input_tensor(i, ov.Tensor(x))
    return request.infer, lambda: request.get_output_tensor(0).data


RIVALS = {
    "PyTorch": pytorch,
    "PyTorch stacked": stacked(pytorch),
    "ONNX Runtime Attention": ort_attention,
    "ONNX Runtime Attention stacked": stacked(ort_attention),
    "ONNX Runtime MHA": ort_mha,
    "ONNX Runtime GQA": ort_gqa,
    "OpenVINO": openvino,
}
ASIDE = set()
