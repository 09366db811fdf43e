"""Looking inside a module: what a layer says of an input, what input a unit asks for, which records excite it."""
