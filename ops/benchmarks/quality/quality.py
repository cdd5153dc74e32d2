"""Ours and the peers' figures on the same test rows, from one run. Called by ops/bench quality."""
import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
import zlib

import numpy
from scipy.sparse import vstack

import ours
import peers
import splits
from tables import Tables, f1, macro_f1

TASKS = ("sentiment", "needs", "safety", "language", "redact")
LANGUAGE_OF = {"sentiment/tweets_es.tsv": "es", "sentiment/tweets_fr.tsv": "fr", "sentiment/allocine_fr.tsv": "fr",
               "needs/minibar_fr.tsv": "fr"}


def say_progress(text):
    print(f"quality: {text}", file=sys.stderr, flush=True)


def score_sentiment(tables, where, row, column, truth, said, signs):
    pairs = [i for i, label in enumerate(truth) if label != "neu"]
    tables.put(f"sentiment, two-way macro-F1, {where}", row, column,
               macro_f1([truth[i] for i in pairs], [signs[i] if said[i] == "neu" else said[i] for i in pairs]))
    if "neu" in truth:
        tables.put(f"sentiment, three-way macro-F1, {where}", row, column, macro_f1(truth, said))


class Sentiment:
    def __init__(self, data, scratch, tables):
        self.data, self.scratch, self.tables = data, scratch, tables
        self.rows = [(name, *row) for name in splits.SENTIMENT for row in splits.feelings(data, name)]
        say_progress(f"sentiment: {len(self.rows)} rows; word counts for scikit-learn")
        self.linear = peers.Linear()
        self.counts = self.linear.counts([row[1] for row in self.rows])
        self.lexicons = [peers.Vader(), peers.Blob()]
        self.list = peers.WordList(data)
        self.hashed = numpy.array([splits.is_test(row[1]) for row in self.rows])

    def lexicon_figures(self, where, name, indexes):
        truth, language = [self.rows[i][2] for i in indexes], LANGUAGE_OF.get(name, "en")
        for peer in self.lexicons:
            if language in peer.languages:
                said = [peer.say(self.rows[i][1]) for i in indexes]
                score_sentiment(self.tables, where, name, peer.name, truth, [s[0] for s in said], [s[1] for s in said])
        if language in self.list.languages:
            said = [self.list.say(self.rows[i][1], language) for i in indexes]
            score_sentiment(self.tables, where, name, self.list.name, truth, [s[0] for s in said], [s[1] for s in said])

    def our_figures(self, where, name, indexes, config):
        file = os.path.join(self.scratch, "test.tsv")
        splits.write(file, ({"label": self.rows[i][2], "text": self.rows[i][1]} for i in indexes))
        figures = ours.evaluate("sentiment", file, config)["figures"]
        self.tables.put(f"sentiment, two-way macro-F1, {where}", name, "ours", figures["two_way_macro_f1"])
        if "three_way_macro_f1" in figures:
            self.tables.put(f"sentiment, three-way macro-F1, {where}", name, "ours", figures["three_way_macro_f1"])

    def split(self, where, names, tests):
        """tests: which rows test, as a mask."""
        held = {(self.rows[i][0], self.rows[i][1]) for i in numpy.flatnonzero(tests)}
        texts = {text for _, text in held}
        with tempfile.TemporaryDirectory(dir=self.scratch) as folder:
            splits.training_folder(self.data, folder + "/data", lambda name, text: name not in names[0] and text not in texts)
            config = ours.build(folder + "/data", folder + "/config")
            labels = numpy.array([row[2] for row in self.rows])
            learns = ~tests & numpy.array([row[1] not in texts for row in self.rows])
            self.linear.learn(self.counts[learns], labels[learns])
            for name in names[1]:
                indexes = [i for i in numpy.flatnonzero(tests) if self.rows[i][0] == name]
                if not indexes:
                    continue
                self.our_figures(where, name, indexes, config)
                said, signs = self.linear.say(self.counts[indexes])
                score_sentiment(self.tables, where, name, self.linear.name, [self.rows[i][2] for i in indexes], list(said), list(signs))
                self.lexicon_figures(where, name, indexes)

    def run(self):
        for group in splits.GROUPS:
            say_progress(f"sentiment without {' '.join(group)}")
            self.split("source left out", (group, group), numpy.array([row[0] in group for row in self.rows]))
        say_progress("sentiment by hash")
        self.split("by hash", ([], splits.SENTIMENT), self.hashed)
        languages = {"mean en": "en", "mean es": "es", "mean fr": "fr"}
        for table in list(self.tables.tables):
            if table.startswith("sentiment"):
                self.tables.means(table, {mean: [n for n in splits.SENTIMENT if LANGUAGE_OF.get(n, "en") == code]
                                          for mean, code in languages.items()})


def needs_of(row):
    label = row["label"].replace("bug", "problem_report")
    return [kind for kind in ("feature_request", "problem_report") if kind in label.split("+")]


def needs(data, scratch, tables):
    kinds = ("feature_request", "problem_report")
    rows = {name: [row for row in splits.read(os.path.join(data, name)) if row["text"].strip()] for name in splits.NEEDS}
    linear = peers.Linear()
    counts = {name: linear.counts([row["text"] for row in rows[name]]) for name in rows}
    for test in splits.NEEDS:
        say_progress(f"needs without {test}")
        texts = {row["text"] for row in rows[test]}
        with tempfile.TemporaryDirectory(dir=scratch) as folder:
            splits.training_folder(data, folder + "/data", lambda name, text: name != test and text not in texts)
            config = ours.build(folder + "/data", folder + "/config")
            file = os.path.join(scratch, "test.tsv")
            splits.write(file, ({"label": "+".join(needs_of(row)) or "none", "text": row["text"]} for row in rows[test]))
            result = ours.evaluate("needs", file, config)
        table = "needs, macro-F1 of request and problem, source left out"
        tables.put(table, test, "ours", result["figures"]["macro_f1"])
        scores = []
        for kind in kinds:
            learn = [name for name in rows if name != test]
            linear.learn(vstack([counts[name] for name in learn]),
                         numpy.array([kind if kind in needs_of(row) else "no" for name in learn for row in rows[name]]))
            said, _ = linear.say(counts[test])
            scores.append(f1([kind if kind in needs_of(row) else "no" for row in rows[test]], list(said), kind))
            mine = next(c for c in result["kinds"]["classes"] if c["name"] == kind)
            tables.put(f"needs, F1 of {kind}, source left out", test, "ours", mine["f1"])
            tables.put(f"needs, F1 of {kind}, source left out", test, linear.name, scores[-1])
        tables.put(table, test, linear.name, sum(scores) / len(scores))


def safety(data, scratch, tables):
    """Sentences of patients by drug: the peer learns on the other drug and on reviews; ordinary texts: alerts."""
    linear = peers.Linear()
    sentences = [row for row in splits.read(data + "/safety/psytar.tsv") if row["text"].strip()]
    reports = [row["text"] for row in splits.read(data + "/safety/cpsc.tsv") if row["text"].strip()]
    ordinary = {name: [row["text"] for row in splits.read(os.path.join(data, name)) if row["text"].strip()]
                for name in ("sentiment/vader_amazon.tsv", "needs/minibar_en.tsv", "needs/minibar_fr.tsv", "topics/banking77.tsv",
                             "sentiment/allocine_fr.tsv")}
    reviews = [row["text"] for row in splits.read(data + "/sentiment/product_features.tsv") if row["text"].strip()]
    file = os.path.join(scratch, "test.tsv")

    def figures(table, row, column, found, positive, alerts, negative):
        tables.put(f"safety, recall, {table}", row, column, found / positive if positive else None)
        if positive and negative:
            tables.put(f"safety, F1, {table}", row, column, 2 * found / (positive + alerts) if positive + alerts else 0)

    drugs = sorted({row["drug"] for row in sentences})
    for drug in drugs:
        test = [row for row in sentences if row["drug"] == drug]
        learn = [row for row in sentences if row["drug"] != drug]
        linear.learn(linear.counts([row["text"] for row in learn] + reviews + reports[::2]),
                     numpy.array([row["label"] for row in learn] + ["none"] * len(reviews) + ["ade"] * len(reports[::2])))
        said, _ = linear.say(linear.counts([row["text"] for row in test]))
        truth = [row["label"] for row in test]
        found = sum(t == "ade" and s == "ade" for t, s in zip(truth, said))
        figures("drug left out (peer)", drug, linear.name, found, truth.count("ade"), sum(said == "ade"), truth.count("none"))
        splits.write(file, test, ("label", "drug", "text"))
        result = ours.evaluate("safety", file)["figures"]
        tables.put("safety, recall, drug left out (peer)", drug, "ours", result["recall"])
        tables.put("safety, F1, drug left out (peer)", drug, "ours", result["f1"])
    say_progress("safety: reports and ordinary texts")
    linear.learn(linear.counts([row["text"] for row in sentences] + reviews + reports[::2]),
                 numpy.array([row["label"] for row in sentences] + ["none"] * len(reviews) + ["ade"] * len(reports[::2])))
    said, _ = linear.say(linear.counts(reports[1::2]))
    tables.put("safety, recall, incident reports", "safety/cpsc.tsv", linear.name, sum(said == "ade") / len(said))
    splits.write(file, ({"text": text} for text in reports[1::2]), ("text",))
    tables.put("safety, recall, incident reports", "safety/cpsc.tsv", "ours", ours.evaluate("safety", file, label="positive")["figures"]["recall"])
    for name, texts in ordinary.items():
        said, _ = linear.say(linear.counts(texts))
        tables.put("safety, alerts per 1,000 ordinary texts", name, linear.name, 1000 * sum(said == "ade") / len(said))
        splits.write(file, ({"text": text} for text in texts), ("text",))
        tables.put("safety, alerts per 1,000 ordinary texts", name, "ours",
                   ours.evaluate("safety", file, label="negative")["figures"]["alerts_per_1000"])


def language(data, scratch, tables):
    """ops/models/language/compare, which runs both in one process; its test is the language model's own."""
    run = subprocess.run([ours.ROOT + "/ops/models/language/compare", data], capture_output=True, text=True)
    if run.returncode:
        say_progress(f"language is left out: {(run.stderr or 'compare failed').strip().splitlines()[-1]}")
        return
    for line in run.stdout.splitlines()[1:]:
        cells = re.match(r"(.+?)\s+\d+\s+\d+\s+([\d.]+)\s+([\d.]+)\s+([\d.]+)\s+([\d.]+)\s+([\d.]+)", line)
        if cells:
            row = cells.group(1).strip()
            tables.put("language, % right", row, "ours", cells.group(2))
            tables.put("language, % right", row, "CLD2", cells.group(3))
            tables.put("language, how many times CLD2's speed", row, "ours", cells.group(6))


def redact(data, scratch, tables):
    """Values that are left, in the half of the texts that tuned nothing (crc32 odd, as ops/models/redact/figures has it)."""
    file = os.path.join(scratch, "test.ndjson")
    for name in ("presidio_en", "nannigalaxy_en", "meddocan_es"):
        with open(f"{data}/pii/{name}.jsonl", encoding="utf-8") as lines:
            rows = [row for row in map(json.loads, lines) if zlib.crc32(row["text"].encode()) % 2]
        with open(file, "w", encoding="utf-8") as out:
            out.writelines(json.dumps({"text": row["text"], "spans": row["spans"]}) + "\n" for row in rows)
        figures = ours.evaluate("redact", file)["figures"]
        kinds = [key[:-7] for key in figures if key.endswith("_values")]
        left, values = dict.fromkeys(kinds, 0), dict.fromkeys(kinds, 0)
        for row in rows:
            text, _ = peers.redact(row["text"])
            for span in row["spans"]:
                kind = KINDS.get(span["type"].lower(), span["type"].lower())
                if kind in values:
                    values[kind] += 1
                    left[kind] += bool(re.search(r"(?<!\w)" + re.escape(row["text"][span["start"]:span["end"]].strip()) + r"(?!\w)", text))
        for kind in kinds:
            row = f"{name} {kind} ({figures[kind + '_values']:.0f})"
            tables.put("personal data, share of values left", row, "ours", figures[kind + "_left"])
            tables.put("personal data, share of values left", row, "regexes", left[kind] / values[kind] if values[kind] else None)
    for name in ("sentiment/vader_amazon.tsv", "sentiment/allocine_fr.tsv", "sentiment/tweets_es.tsv", "needs/minibar_en.tsv",
                 "needs/minibar_fr.tsv", "topics/banking77.tsv", "safety/psytar.tsv"):
        texts = [row["text"] for row in splits.read(os.path.join(data, name)) if zlib.crc32(row["text"].encode()) % 2 and row["text"].strip()]
        splits.write(file, ({"text": text} for text in texts), ("text",))
        tables.put("personal data, ordinary texts altered per 1,000", name, "ours", ours.evaluate("redact", file)["figures"]["altered_per_1000"])
        tables.put("personal data, ordinary texts altered per 1,000", name, "regexes",
                   1000 * sum(peers.redact(text)[1] for text in texts) / len(texts))


KINDS = {}
for _kind, _types in {
        "person": "nombre_sujeto_asistencia nombre_personal_sanitario", "address": "street_address zip_code calle", "card": "credit_card",
        "phone": "phone_number numero_telefono numero_fax", "email": "email_address correo_electronico", "iban": "iban_code",
        "ip": "ip_address", "secret": "password", "date_of_birth": "dob",
        "national_id": "us_ssn us_driver_license ssn passport passport_num driver_license pan aadhar tax_id taxid",
        "account": "account_number bank_account id_sujeto_asistencia id_aseguramiento"}.items():
    KINDS.update(dict.fromkeys(_types.split(), _kind))


def main():
    parser = argparse.ArgumentParser(prog="ops/bench quality")
    parser.add_argument("--data", default=os.path.join(ours.ROOT, "../shared/data"))
    parser.add_argument("--task", action="append", choices=TASKS)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    if not os.path.isdir(options.data):
        print(f"ops/bench quality: no data at {options.data}; name the folder by --data", file=sys.stderr)
        sys.exit(66)
    tables = Tables()
    with tempfile.TemporaryDirectory() as scratch:
        for task in options.task or TASKS:
            say_progress(task)
            if task == "sentiment":
                Sentiment(options.data, scratch, tables).run()
            else:
                {"needs": needs, "safety": safety, "language": language, "redact": redact}[task](options.data, scratch, tables)
    tables.show(sys.stderr if options.json else sys.stdout)
    if options.json:
        print(tables.json())


if __name__ == "__main__":
    main()
