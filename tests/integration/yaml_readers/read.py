"""Reads a YAML stream as the reader named in the first argument does, and prints its documents as one JSON list."""

import json
import sys

text = sys.stdin.buffer.read().decode()
if sys.argv[1] == "1.1":
    import yaml

    documents = yaml.safe_load_all(text)
else:
    from ruamel.yaml import YAML

    documents = YAML(typ="safe", pure=True).load_all(text)
# What is no JSON, such as a date, shows as what it was taken for.
json.dump(list(documents), sys.stdout, default=repr)
