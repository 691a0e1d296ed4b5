"""A network of integers as an ONNX model: equal in every integer, or refused by name."""

from neuromorph.onnx_export.export import draws_of_network, export_onnx, output_name, to_onnx
from neuromorph.onnx_export.refusals import why_not_onnx

__all__ = ["draws_of_network", "export_onnx", "output_name", "to_onnx", "why_not_onnx"]
