"""Whether an explanation is true: metrics, and studies over data sets."""
