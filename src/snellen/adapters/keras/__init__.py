"""Watches trainings with Keras 3 on TensorFlow, JAX or torch. Importing it loads no framework."""

from snellen.adapters.keras.adapter import KerasAdapter as KerasAdapter
from snellen.adapters.keras.boundaries import BOUNDARIES as BOUNDARIES
