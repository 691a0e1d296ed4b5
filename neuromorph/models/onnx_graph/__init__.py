"""ONNX files: attention is found in the graph, whatever its tensors are called."""

from neuromorph.models.onnx_graph.attention import onnx_model
from neuromorph.models.onnx_graph.tensors import OnnxTensors

__all__ = ["OnnxTensors", "onnx_model"]
