#!/usr/bin/env python3
"""Prints COUNT feedback records as JSON lines: the shipped sample's records, varied so that no text is another's
near repeat. Ids are PREFIX-1, PREFIX-2, ...; the same arguments print the same bytes.

example: generate.py 10000 --prefix a | verbatim analyze
"""
import argparse
import json
import os
import random

WORDS = """order parcel button screen invoice colour morning courier window kitchen garden weekend ticket shelf
manual cable summer winter branch counter queue receipt drawer balcony engine pillow blanket bottle spoon plate
pedido paquete pantalla factura color tarde ventana cocina bolsa cable verano tienda cola recibo motor almohada
commande colis bouton facture couleur matin cuisine jardin billet notice hiver magasin reçu tiroir moteur""".split()


def records(count, prefix, seed):
    here = os.path.dirname(os.path.abspath(__file__))
    with open(os.path.join(here, "../../config/sample/feedback.ndjson"), encoding="utf-8") as lines:
        sample = [json.loads(line) for line in lines]
    chance = random.Random(seed)
    for number in range(1, count + 1):
        record = dict(sample[number % len(sample)])
        record["id"] = f"{prefix}-{number}"
        record["customer"] = f"c-{number % 997}"
        record["text"] = f'{record["text"]} {" ".join(chance.choices(WORDS, k=12))}.'
        yield record


class Parser(argparse.ArgumentParser):
    def error(self, message):
        self.exit(64, f"generate.py: {message}; see --help\n")


def main():
    parser = Parser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("count", type=int)
    parser.add_argument("--prefix", default="g")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    for record in records(options.count, options.prefix, options.seed):
        print(json.dumps(record, ensure_ascii=False))


if __name__ == "__main__":
    main()
