"""Patients with known truth: twelve-lead ECGs made from a model, each with the place of its diagnoses and its twins."""
