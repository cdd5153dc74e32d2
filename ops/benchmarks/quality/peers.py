"""What people reach for instead: VADER, TextBlob, word lists, a linear model of scikit-learn, a pack of regular expressions."""
import os
import re

import numpy
from sklearn.feature_extraction.text import HashingVectorizer, TfidfTransformer
from sklearn.linear_model import SGDClassifier
from textblob import TextBlob
from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer

BAND = 0.05  # VADER's own: neutral between -0.05 and 0.05


def by_score(score):
    return ("pos" if score >= BAND else "neg" if score <= -BAND else "neu"), ("pos" if score >= 0 else "neg")


class Vader:
    name, languages = "VADER", ("en", "es", "fr")

    def __init__(self):
        self.analyzer = SentimentIntensityAnalyzer()

    def say(self, text):
        return by_score(self.analyzer.polarity_scores(text)["compound"])


class Blob:
    name, languages = "TextBlob", ("en",)

    def say(self, text):
        return by_score(TextBlob(text).sentiment.polarity)


class WordList:
    """Sum of the scores of the words: AFINN in Spanish, VADER's list in French."""
    name, languages = "word list", ("es", "fr")
    FILES = {"es": "afinn_mt_es.tsv", "fr": "vader_fr.tsv"}

    def __init__(self, data):
        self.words = {}
        for language, file in self.FILES.items():
            with open(os.path.join(data, "lexicons", file), encoding="utf-8") as lines:
                for line in lines:
                    cells = line.rstrip("\n").split("\t")
                    self.words[language, cells[0].lower()] = float(cells[1])

    def say(self, text, language):
        return by_score(sum(self.words.get((language, word), 0) for word in re.findall(r"\w+", text.lower())))


class Linear:
    """Words and pairs of words, tf-idf, logistic regression with balanced classes."""
    name = "scikit-learn"

    def __init__(self):
        self.vectorizer = HashingVectorizer(ngram_range=(1, 2), n_features=2 ** 20, alternate_sign=False, norm=None)

    def counts(self, texts):
        """Knows nothing of the other texts, so it may run before the split."""
        return self.vectorizer.transform(texts)

    def learn(self, counts, labels):
        self.weigh = TfidfTransformer(sublinear_tf=True).fit(counts)
        self.model = SGDClassifier(loss="log_loss", alpha=1e-6, max_iter=8, tol=None, class_weight="balanced", random_state=1)
        self.model.fit(self.weigh.transform(counts), labels)

    def say(self, counts):
        """Labels, and the likeliest of pos and neg where the model has both."""
        scores = self.model.decision_function(self.weigh.transform(counts))
        classes = list(self.model.classes_)
        if scores.ndim == 1:
            return numpy.where(scores > 0, classes[1], classes[0]), None
        said = numpy.array(classes)[scores.argmax(axis=1)]
        if "pos" not in classes:
            return said, None
        return said, numpy.where(scores[:, classes.index("pos")] >= scores[:, classes.index("neg")], "pos", "neg")


# What such packs hold: plain forms, without check digits.
PATTERNS = {
    "email": r"[\w.+-]+@[\w-]+\.[\w.-]+",
    "phone": r"(?<!\d)(?:\+?\d{1,3}[ .-]?)?(?:\(\d{2,4}\)[ .-]?)?\d{2,4}[ .-]\d{2,4}[ .-]\d{2,4}(?:[ .-]\d{2,4})?(?!\d)|(?<!\d)\d{9,11}(?!\d)",
    "card": r"(?<!\d)(?:\d[ -]?){13,19}(?!\d)",
    "iban": r"\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){3,7}(?: ?[A-Z0-9]{1,3})?\b",
    "national_id": r"\b\d{3}-\d{2}-\d{4}\b|\b\d{8}[A-Z]\b|\b[XYZ]\d{7}[A-Z]\b",
    "ip": r"\b\d{1,3}(?:\.\d{1,3}){3}\b",
}


def redact(text):
    """The text with placeholders, and whether anything was found."""
    clean = text
    for kind in ("email", "iban", "ip", "card", "national_id", "phone"):
        clean = re.sub(PATTERNS[kind], f"[{kind}]", clean)
    return clean, clean != text
