"""Backwards over the tape: gradients, guided backprop, deconvolution and layer-wise relevance propagation."""
