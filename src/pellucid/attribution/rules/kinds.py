"""What kind of operation each operator is: the rules of LRP go by kind."""

from __future__ import annotations

import math

from pellucid.attribution.tape.tape import Node, Value
from pellucid.core.errors import NotApplicableError

# Hands its inputs on: copies, rearranges or picks them (winner takes all). Both parts of a message by the derivative.
_MOVES = """
    view _unsafe_view reshape _reshape_alias alias clone contiguous permute transpose t numpy_T expand unsqueeze
    squeeze select slice narrow split split_with_sizes unsafe_split unsafe_chunk chunk unbind cat stack index
    index_select gather take take_along_dim diagonal diag_embed flip roll unfold im2col pixel_shuffle
    pixel_unshuffle channel_shuffle as_strided repeat tile repeat_interleave constant_pad_nd reflection_pad1d
    reflection_pad2d reflection_pad3d replication_pad1d replication_pad2d replication_pad3d _to_copy to copy fill
    lift_fresh native_dropout where masked_fill masked_select _unsafe_index index_put index_copy scatter
    select_scatter slice_scatter tril triu read write
    max min amax amin maximum minimum fmax fmin median nanmedian mode kthvalue topk sort cummax cummin
    max_pool2d_with_indices max_pool3d_with_indices adaptive_max_pool2d adaptive_max_pool3d fractional_max_pool2d
    max_unpool2d upsample_nearest1d upsample_nearest2d _upsample_nearest_exact1d _upsample_nearest_exact2d
    real imag view_as_real view_as_complex _conj resolve_conj resolve_neg _neg_view _conj_physical conj_physical
"""
# Sums of many: R is divided by the result first. Norms are of this kind, for they are homogeneous too.
_LINEAR = """
    sum nansum mean nanmean std cumsum avg_pool2d avg_pool3d _adaptive_avg_pool2d _adaptive_avg_pool3d
    adaptive_avg_pool1d upsample_linear1d upsample_bilinear2d upsample_bicubic2d _upsample_bilinear2d_aa col2im
    index_add scatter_add trace linalg_vector_norm _fft_r2c _fft_c2c _fft_c2r complex
"""
# f(0) = 0: c is multiplied with f(x) / x.
_BENT = """
    relu leaky_relu _prelu_kernel hardtanh clamp clamp_min clamp_max threshold elu celu selu softshrink nan_to_num
"""
_SMOOTH = "tanh sin atan sinh asinh expm1 log1p tan asin"
_LIMITS = {
    **dict.fromkeys([*_BENT.split(), *_SMOOTH.split()], 1.0),
    **dict.fromkeys(("silu", "gelu", "hardswish"), 0.5),
    **dict.fromkeys(("abs", "pow", "square", "hardshrink"), 0.0),
    "erf": 2 / math.sqrt(math.pi),
    "mish": math.tanh(math.log(2)),
}
# f(0) is not 0, or has no slope there: all relevance goes through.
_THROUGH = """
    sigmoid hardsigmoid softplus exp exp2 log log2 log10 log_sigmoid_forward sqrt rsqrt reciprocal cos cosh erfc
"""

KINDS: dict[str, str] = {
    **dict.fromkeys(_MOVES.split(), "move"),
    **dict.fromkeys(_LINEAR.split(), "linear"),
    **dict.fromkeys(_LIMITS, "activation"),
    **dict.fromkeys(_THROUGH.split(), "through"),
    **dict.fromkeys(("add", "sub", "rsub"), "sum"),
    **dict.fromkeys(("mul", "mm", "bmm", "mv", "dot", "convolution", "linear", "addmm", "baddbmm"), "product"),
    **dict.fromkeys(("native_layer_norm", "native_group_norm", "rms_norm", "_fused_rms_norm"), "norm"),
    **dict.fromkeys(("neg",), "scale"),
    "div": "quotient",
    "glu": "glu",
    "logsumexp": "logsumexp",
    "_softmax": "softmax",
    "_safe_softmax": "softmax",
}
SOFTMAX = {"_softmax", "_safe_softmax"}
GATES = {"sigmoid", "hardsigmoid", "rsqrt", "reciprocal", "sign", "sgn"} | SOFTMAX
PASSED = set(_MOVES.split()) | {"add", "sub", "rsub", "mul", "div", "neg"}


def is_gate(value: Value, gates: set[str]) -> bool:
    """Return whether a factor only weighs the other one: it comes from such an operation, moved or scaled at most.

    The truth of a comparison, and anything else in whole numbers, is a gate too: it has no slope.
    """
    while value.data.is_floating_point() or value.data.is_complex():
        node = value.node
        if node is None:
            return False
        if node.operator in gates:
            return True
        if node.operator not in PASSED or len(node.values()) != 1:
            return False
        (value,) = node.values()
    return True


def kind_of(node: Node) -> str:
    """Return an operation's kind.

    Raises
    ------
    NotApplicableError
        Naming an operation that has none, its shape and where it stands.
    """
    kind = KINDS.get(node.operator)
    if kind is None:
        raise NotApplicableError(
            f"layer-wise relevance propagation has no rule for {node}. `integrated_gradients` and `occlusion` need "
            "none."
        )
    if kind == "activation" and not starts_at_zero(node):
        return "through"
    return "linear" if node.operator == "index_put" and node.arguments["accumulate"] else kind


def starts_at_zero(node: Node) -> bool:
    """Return whether an activation with settings has f(0) = 0 and f(x) / x bounded."""
    get = node.arguments.get
    if node.operator in ("clamp", "clamp_min", "clamp_max", "hardtanh"):
        low, high = get("min", get("min_val")), get("max", get("max_val"))
        return (low is None or float(low) <= 0) and (high is None or float(high) >= 0)
    if node.operator == "threshold":
        return float(get("value", 0)) == 0
    if node.operator == "pow":
        return isinstance(get("exponent"), int | float) and float(get("exponent", 0)) >= 1
    return True


def limit_at_zero(node: Node) -> float:
    """Return the limit of f(x) / x at 0."""
    if node.operator == "pow":
        return 1.0 if node.arguments["exponent"] == 1 else 0.0
    return _LIMITS[node.operator]
