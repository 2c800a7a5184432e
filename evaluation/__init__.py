"""How well the assistant understands: held-out questions, and what is measured on them."""
