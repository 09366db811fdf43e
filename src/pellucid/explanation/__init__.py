"""Record, network and methods together: why the network answered as it did, in the record's own terms."""
