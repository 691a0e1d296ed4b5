"""ONNX files: attention is found in the graph, whatever its tensors are called."""

from neuromorph.models.onnx_graph.attention import onnx_model

__all__ = ["onnx_model"]
