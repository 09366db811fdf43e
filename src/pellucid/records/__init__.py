"""ECG records and MRI slices in physical units, the formats they come in, and what can be wrong with them."""
