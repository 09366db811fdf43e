"""Named collections of records with labels, splits by patient, and their audit."""
