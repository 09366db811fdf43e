"""One file an architecture; the class is named like the file.

A module says what it reads where that is not any number of samples of twelve leads: `leads`, `length` (the only number
of samples), `channels` (it reads pictures), `size` (the only rows and columns). Where the layer for class activation
would not be found by itself, or another one is meant, `layer` names it, for the card.
"""
