"""Readable files whose shapes, shards, configuration or values do not make a model."""

from __future__ import annotations

import numpy as np
import small_models as small
from bad_makers import (
    KEY,
    LAYER,
    LLAMA,
    QUERY,
    BadFile,
    config,
    deep,
    drop,
    entry,
    header,
    model,
    moved,
    shards,
    value,
)

from neuromorph.errors import (
    FileFormatError,
    MissingFileError,
    ModelStructureError,
    TensorError,
)

SHAPES = [
    BadFile("33 negative dimension", entry(shape=[-12, -12]), FileFormatError,
            "a dimension that is not a size; found -12"),
    BadFile("33 dimension is true", entry(shape=[True, 144]), FileFormatError,
            "not a size; found True"),
    BadFile("33 dimension is 12.0", entry(shape=[12.0, 12]), FileFormatError,
            "not a size; found 12.0"),
    BadFile("33 dimension is text", entry(shape=["12", 12]), FileFormatError, "found '12'"),
    BadFile("33 shape is a number", entry(shape=144), FileFormatError, "is not a list"),
    BadFile("34 product overflows", entry(shape=[2**32, 2**32, 2**32]), FileFormatError,
            "overflows 64 bits"),
    BadFile("34 product overflows to 144", entry(shape=[2**63, 2, 12, 12]), FileFormatError,
            "overflows 64 bits"),
    BadFile("34 zero hides an overflow", entry(shape=[2**62, 2**62, 0]), FileFormatError,
            "overflows 64 bits"),
    BadFile("34 one element too many", entry(shape=[2**61]), FileFormatError,
            "do not fit its shape and dtype"),
    BadFile("35 bytes and shape differ", entry(shape=[12, 11]), FileFormatError,
            "found 576 bytes; expected 528 bytes for F32 [12, 11]"),
    BadFile("35 bytes and dtype differ", entry(dtype="F16"), FileFormatError,
            "expected 288 bytes for F16"),
    BadFile("36 outside the file",
            header(lambda h: h[QUERY].update(data_offsets=[10**15, 10**15 + 576])),
            FileFormatError, "lies outside the file"),
    BadFile("36 end before begin", entry(data_offsets=[576, 0]), FileFormatError,
            "do not make a range"),
    BadFile("36 negative offset", entry(data_offsets=[-576, 0]), FileFormatError,
            "do not make a range"),
    BadFile("36 three offsets", entry(data_offsets=[0, 576, 576]), FileFormatError,
            "are not two integers"),
    BadFile("36 offsets are floats", entry(data_offsets=[0.0, 576.0]), FileFormatError,
            "are not two integers"),
    BadFile("36 overlap", header(lambda h: h[KEY].update(data_offsets=h[QUERY]["data_offsets"])),
            FileFormatError, "overlaps the one before it"),
    BadFile("36 hole", header(lambda h: h.pop(KEY)), FileFormatError, "there is a hole before"),
    BadFile("36 bytes at the end", header(lambda _: None, b"more"), FileFormatError,
            "bytes after the last tensor; found 4 more bytes"),
    BadFile("37 rank 0", model("bert", lambda t: t.update({f"{LAYER}.key.weight":
                                                            np.float32(1).reshape(())})),
            ModelStructureError, "the key weight has the wrong shape; found []"),
    BadFile("37 rank 9", entry(shape=[1] * 7 + [12, 12]), FileFormatError,
            "too many dimensions; found 9; expected at most 8"),
    BadFile("37 zero dimension", model("bert", lambda t: t.update({
        f"{LAYER}.query.weight": small.random((0, small.WIDTH))})), ModelStructureError,
            "the query weight has the wrong shape; found [0, 12]"),
    BadFile("38 no query", model("bert", drop(f"{LAYER}.query.weight")), ModelStructureError,
            "the query projection is missing"),
    BadFile("38 no key", model("llama", drop(f"{LLAMA}.k_proj.weight")), ModelStructureError,
            f"expected '{LLAMA}.k_proj.weight'"),
    BadFile("38 no value", model("bert", drop(f"{LAYER}.value.weight")), ModelStructureError,
            "the value projection is missing"),
    BadFile("38 no heads at all", lambda folder: small.folder(
        folder / "m", {"encoder.layers.0.attention.self.query.weight": small.random((2, 2))},
        small.bert_config()), ModelStructureError,
            "no attention heads found; looked for bert: encoder.layer.N.attention.self.query"),
    BadFile("38 fused and separate", model("bert", lambda t: t.update({
        f"{LAYER}.qkv.weight": small.random((36, 12))})), ModelStructureError,
            "there are fused and separate query, key and value projections"),
    BadFile("38 fused and separate in GPT-2", model("gpt2", lambda t: t.update({
        "transformer.h.0.attn.q_proj.weight": small.random((12, 12))})), ModelStructureError,
            "there are fused and separate"),
    BadFile("38 fused only", model("llama", lambda t: (
        drop(*[f"{LLAMA}.{p}_proj.weight" for p in "qkv"])(t),
        t.update({f"{LLAMA}.qkv_proj.weight": small.random((32, 12))}))), ModelStructureError,
            "query, key and value are fused in one tensor"),
    BadFile("38 unknown tensor in the attention", model("llama", lambda t: t.update({
        f"{LLAMA}.q_norm.weight": small.random((4,))})), ModelStructureError,
            "a tensor with a meaning that is not known here"),
    BadFile("38 missing layer", model("bert", lambda t: [t.pop(n) for n in list(t)
                                                          if ".layer.0." in n]),
            ModelStructureError, "attention layer 0 is missing"),
    BadFile("38 layers and configuration differ", model("bert", num_hidden_layers=3),
            ModelStructureError, "number of attention layers"),
    BadFile("38 two models", model("bert", lambda t: t.update(small.bert_tensors("other."))),
            ModelStructureError, "the file holds several models"),
    BadFile("39 heads do not divide the width", model("bert", num_attention_heads=5),
            ModelStructureError, "the heads do not divide the width; found width 12, 5 heads"),
    BadFile("39 key-value heads do not divide the heads", model("llama", num_key_value_heads=3),
            ModelStructureError, "the key-value heads do not divide the heads"),
    BadFile("39 other number of key-value heads", model("llama", num_key_value_heads=4),
            ModelStructureError, "queries and keys differ in head size"),
    BadFile("40 queries and keys differ in head size", model("llama", lambda t: t.update({
        f"{LLAMA}.k_proj.weight": small.random((6, 12))})), ModelStructureError,
            "queries and keys differ in head size"),
    BadFile("41 transposed", model("llama", lambda t: t.update({
        f"{LLAMA}.q_proj.weight": small.random((12, 16))})), ModelStructureError,
            "This looks transposed: weights are (out, in)"),
    BadFile("41 transposed Conv1D", model("gpt2", lambda t: t.update({
        "transformer.h.0.attn.c_attn.weight": small.random((36, 12))})), ModelStructureError,
            "This looks transposed: the fused weight is (in, out)"),
    BadFile("42 bias of another size", model("bert", lambda t: t.update({
        f"{LAYER}.key.bias": small.random((11,))})), ModelStructureError,
            "the bias has the wrong shape; found [11]; expected [12]"),
]

SHARDS = [
    BadFile("43 missing shard", shards(
        lambda folder, _: (folder / "model-00002-of-00002.safetensors").unlink()),
            MissingFileError, "shard 'model-00002-of-00002.safetensors' of the index: no such"),
    BadFile("43 index names another shard", moved("model-00002-of-00002.safetensors"),
            FileFormatError, "but it does not"),
    BadFile("43 tensor that the index does not name", shards(
        lambda _, index: index["weight_map"].popitem()), FileFormatError,
            "but the index does not say so"),
    BadFile("43 tensor that no shard has", shards(
        lambda _, index: index["weight_map"].update(
            {"extra": "model-00001-of-00002.safetensors"})), FileFormatError, "but it does not"),
    BadFile("43 one shard alone", lambda folder: small.sharded(
        folder / "m", small.bert_tensors(), small.bert_config())
            / "model-00001-of-00002.safetensors", FileFormatError, "this is one shard of a model"),
    BadFile("43 no weight_map", shards(lambda _, index: index.pop("weight_map")),
            FileFormatError, "the index has no weight_map"),
    BadFile("43 too many shards", shards(lambda _, index: index["weight_map"].update(
        {f"t{n}": f"{n}.safetensors" for n in range(600)})), FileFormatError,
            "the index names too many shards; found 602; expected at most 512"),
    BadFile("10 ../ shard", moved("../model-00001-of-00002.safetensors"), FileFormatError,
            "a shard that is not a file beside it"),
    BadFile("10 absolute shard", moved("/etc/passwd"), FileFormatError,
            "a shard that is not a file beside it; found '/etc/passwd'"),
    BadFile("10 NUL in a shard", moved("a\0.safetensors"), FileFormatError,
            "a shard that is not a file beside it"),
    BadFile("10 shard is a number", moved(1), FileFormatError, "a shard name that is not a text"),
]

CONFIGS = [
    BadFile("21 configuration is not JSON", config(b"{model_type: bert}"), FileFormatError,
            "the file is not JSON; found Expecting property name"),
    BadFile("21 configuration with NaN", config(b'{"hidden_size": NaN}'), FileFormatError,
            "the value NaN"),
    BadFile("21 configuration of depth 50 000", config(deep(50_000)), FileFormatError,
            "nested too deeply"),
    BadFile("21 configuration is a list", config(b"[]"), FileFormatError, "not a JSON object"),
    BadFile("22 configuration with a key twice", config(b'{"hidden_size": 1, "hidden_size": 2}'),
            FileFormatError, "the key 'hidden_size' twice"),
    BadFile("29 unknown model type", model("bert", model_type="brt"), ModelStructureError,
            "models of type 'brt' are not supported"),
    BadFile("29 another family's model type", model("bert", model_type="gpt2"),
            ModelStructureError, "says 'gpt2', but the tensor names are those of family bert"),
    BadFile("29 no model type", model("bert", model_type=None), ModelStructureError,
            "no model_type or family"),
    BadFile("33 negative width", model("bert", hidden_size=-12), ModelStructureError,
            "hidden_size is not usable; found -12"),
    BadFile("33 width is text", model("bert", hidden_size="12"), ModelStructureError,
            "hidden_size is not usable; found '12'"),
    BadFile("33 heads is true", model("bert", num_attention_heads=True), ModelStructureError,
            "num_attention_heads is not usable; found True"),
    BadFile("33 no width", model("bert", hidden_size=None, hiden_size=12), ModelStructureError,
            "has no hidden_size. Did you mean 'hiden_size'?"),
    BadFile("33 odd head size", model("llama", head_dim=3), ModelStructureError,
            "wrong shape"),
    BadFile("33 rope_theta is 0", model("llama", rope_theta=0), ModelStructureError,
            "rope_theta is not usable; found 0"),
    BadFile("52 quantised", model("llama", quantization_config={"quant_method": "gptq"}),
            ModelStructureError, "the weights are quantised"),
    BadFile("62 unknown rope scaling", model("llama", rope_scaling={"rope_type": "yarn"}),
            ModelStructureError, "this scaling of rotary positions is not supported; found yarn"),
    BadFile("62 rotary on a part of each head", model("llama", partial_rotary_factor=0.5),
            ModelStructureError, "rotary positions on a part of each head are not supported"),
    BadFile("70 low above high", model("llama", rope_scaling={
        "rope_type": "llama3", "factor": 8.0, "low_freq_factor": 4.0, "high_freq_factor": 1.0,
        "original_max_position_embeddings": 8192}), ModelStructureError,
            "rope_scaling: low_freq_factor must be below high_freq_factor; found 4 and 1"),
    BadFile("70 rope_scaling without its factor", model("llama", rope_scaling={"type": "linear"}),
            ModelStructureError, "the configuration has no factor"),
    BadFile("70 rope_scaling is a text", model("llama", rope_scaling="linear"),
            ModelStructureError, "rope_scaling is not usable; found 'linear'; expected an object"),
    BadFile("70 flag is a text", model("bert", is_decoder="no"), ModelStructureError,
            "is_decoder is not usable; found 'no'; expected true or false"),
    BadFile("70 layer_types is a number", model("llama", model_type="qwen2", layer_types=2,
                                                 use_sliding_window=True), ModelStructureError,
            "layer_types is not usable; found 2; expected a list of texts"),
    BadFile("70 model type is a number", model("bert", model_type=1), ModelStructureError,
            "model_type is not usable; found 1; expected a text"),
    BadFile("21 embedded configuration is not JSON", lambda folder: small.write(
        folder / "model.safetensors", small.digits_tensors(), {"config": "{width: 12}"}),
            FileFormatError, "metadata 'config': the configuration is not JSON"),
    BadFile("62 relative positions", model("bert", position_embedding_type="relative_key"),
            ModelStructureError, "relative positions inside the attention are not supported"),
]

VALUES = [
    BadFile("47 NaN", value(np.nan), TensorError,
            f"tensor '{QUERY}' holds 1 value that is not finite; found nan at [2, 3]"),
    BadFile("47 infinity", value(np.inf), TensorError, "found inf at [2, 3]"),
    BadFile("47 NaN in half precision", value(np.nan, "float16"), TensorError, "found nan"),
    BadFile("47 NaN in double precision", value(np.nan, "float64"), TensorError, "found nan"),
    BadFile("53 double that float32 cannot hold", value(1e300, "float64"), TensorError,
            "not finite in float32; found inf at [2, 3]"),
    BadFile("52 int8 weights", model("bert", lambda t: t.update({
        f"{LAYER}.query.weight": np.ones((12, 12), np.int8)})), TensorError,
            "cannot be a weight: its dtype is I8"),
    BadFile("45 complex weights", header(lambda h: h[QUERY].update(dtype="C64", shape=[6, 12])),
            TensorError, "cannot be a weight: its dtype is C64"),
]
