"""Forwards over the tape: the logits of inputs with a window replaced, recomputed only where the window reaches."""
