"""Loops compiled with numba: plain arrays in and out, no lock of Python held.

They are typed by numba, which compiles each of them once and keeps it on disk.
"""
