"""A live PyTorch model's attention, in spikes: Hugging Face's by its interface, any by hooks."""

from neuromorph.huggingface.attachment import Attachment, attach

__all__ = ["Attachment", "attach"]
