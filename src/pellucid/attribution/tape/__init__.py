"""What a module did between its inputs and its logits, operation by operation."""
