"""Which rows teach and which test, by a fixed rule: never tune on what tests.

Hash: a row tests when crc32 of its text, modulo 5, is 0. So a text that two files share is on one side only.
Leave out: all rows of one source test, and all others teach. Sources that share texts are left out together.
"""
import os
import zlib

# Left out together: the same sentences rated twice.
GROUPS = [
    ["sentiment/vader_amazon.tsv", "sentiment/product_features.tsv"], ["sentiment/vader_tweets.tsv"], ["sentiment/vader_movie.tsv"],
    ["sentiment/proscons.tsv"], ["sentiment/goemotions.tsv"], ["sentiment/tweets_en.tsv"], ["sentiment/tweets_es.tsv"],
    ["sentiment/tweets_fr.tsv"], ["sentiment/allocine_fr.tsv"],
    ["needs/minibar_en.tsv"], ["needs/minibar_fr.tsv"], ["needs/maalej.tsv"],
]
SENTIMENT = [name for group in GROUPS for name in group]
NEEDS = ["needs/minibar_en.tsv", "needs/minibar_fr.tsv", "needs/maalej.tsv"]


def is_test(text):
    return zlib.crc32(text.encode()) % 5 == 0


def read(path):
    """Rows as dictionaries by the header's names."""
    with open(path, encoding="utf-8", newline="\n") as lines:
        names = next(lines).rstrip("\r\n").split("\t")
        for line in lines:
            cells = line.rstrip("\r\n").split("\t")
            if len(cells) == len(names):
                yield dict(zip(names, cells))


def write(path, rows, names=("label", "text")):
    with open(path, "w", encoding="utf-8", newline="\n") as out:
        out.write("\t".join(names) + "\n")
        for row in rows:
            out.write("\t".join(row.get(name, "") for name in names) + "\n")


def feeling(row):
    """pos, neg, neu, or None: stars of 4 and more are positive, of 2 and less negative."""
    if "stars" in row:
        try:
            stars = float(row["stars"])
        except ValueError:
            return None
        return "pos" if stars >= 4 else "neg" if stars <= 2 else None
    return row["label"] if row["label"] in ("pos", "neg", "neu") else None


def feelings(data, name):
    """(text, label, language) of a source, as sentiment sees it."""
    for row in read(os.path.join(data, name)):
        label = feeling(row)
        if label and row["text"].strip():
            yield row["text"], label, row["lang"]


def training_folder(data, folder, teaches):
    """A copy of the data with the rows only for which teaches(name, text): what the models are built from."""
    for part in ("sentiment", "needs", "topics", "safety", "langid"):
        os.makedirs(os.path.join(folder, part), exist_ok=True)
        for file in sorted(os.listdir(os.path.join(data, part))):
            name = f"{part}/{file}"
            with open(os.path.join(data, name), encoding="utf-8", newline="\n") as lines, \
                    open(os.path.join(folder, name), "w", encoding="utf-8", newline="\n") as out:
                header = next(lines)
                out.write(header)
                column = header.rstrip("\r\n").split("\t").index("text")
                for line in lines:
                    cells = line.rstrip("\r\n").split("\t")
                    if len(cells) > column and teaches(name, cells[column]):
                        out.write(line)
    for part in ("lexicons", "lists"):
        os.symlink(os.path.abspath(os.path.join(data, part)), os.path.join(folder, part))
