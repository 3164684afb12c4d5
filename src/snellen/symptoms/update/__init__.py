"""Symptoms of single optimiser steps."""
