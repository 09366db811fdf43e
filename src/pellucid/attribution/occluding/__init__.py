"""The logits of inputs with a window replaced, recomputed only where the window reaches.

`drops` asks the `engine`, checks it, and falls back to the `naive` way. The engine records the module once (`record`),
groups neighbouring `windows` into `tiles`, and for each tile goes through the tape (`planning`) to a list of steps
(`plan`, taken in `stages`). As long as a window's change is small it is a slab: a rectangle (`region`) of D = x' - x
(`slabs`), carried on by the rules in `sweeping`, `pointwise` and `reshaping`. Once it has grown over most of a layer,
the operators themselves run on the `whole`, convolutions with what is behind them (`folding`, `kernel`).
"""
