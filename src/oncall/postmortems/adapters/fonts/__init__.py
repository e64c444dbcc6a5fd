"""The fonts of our documents: DejaVu 2.37 (free to embed and to pass on, see LICENSE), which knows Latin, Greek, Cyrillic and signs."""
