"""A live Hugging Face model's attention, in spikes."""

from neuromorph.huggingface.attachment import Attachment, attach

__all__ = ["Attachment", "attach"]
