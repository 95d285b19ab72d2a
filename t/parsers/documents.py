#!/usr/bin/python3

# Prints the YAML documents of standard input as JSON: with PyYAML, which
# octoDNS reads its files with.  With --natural keys must be in the order that
# octoDNS insists on, by the library that it sorts with.

import json
import sys

import natsort
import yaml


class Loader(yaml.SafeLoader):
    pass


def mapping(loader, node):
    pairs = loader.construct_pairs(node, deep=True)
    keys = [key for key, _ in pairs]
    if len(set(keys)) != len(keys):
        raise ValueError('a key comes twice: %s' % keys)
    if '--natural' in sys.argv and keys != natsort.natsorted(keys):
        raise ValueError('keys out of order: %s' % keys)
    return dict(pairs)


Loader.add_constructor('tag:yaml.org,2002:map', mapping)

print(json.dumps(list(yaml.load_all(sys.stdin, Loader))))
