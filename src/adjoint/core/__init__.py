"""The core: tensors, the graph, the engine, and what a primitive is. It knows no operation by name."""
