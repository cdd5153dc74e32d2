"""Our kernels that have aims beside peers: hashed features beside scikit-learn's, the nearest of 64 centroids beside faiss's.

usage: kernels.py BENCH [--json] [--rounds N]
BENCH is verbatim-bench, whose `text` measures ours; one thread each, CPU time, in turn, the quickest of N rounds (7).

The peers get what they do best with: all texts or vectors in one call. Their texts are the sample's, repeated to the
427 bytes that a record of 500 has of text; their centroids are faiss's own k-means of their own vectors.
"""
import argparse
import json
import os
import subprocess
import sys
import time

for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[name] = "1"  # before the libraries look

import faiss  # noqa: E402
import numpy  # noqa: E402
from sklearn.feature_extraction.text import HashingVectorizer  # noqa: E402

TEXTS, TEXT_BYTES, DIMENSIONS, CENTROIDS = 4000, 427, 256, 64
AIMS = {"features": 50, "nearest_64": 4}


def texts():
    path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../config/sample/feedback.ndjson")
    with open(path) as lines:
        sample = [json.loads(line)["text"] for line in lines]
    return [" ".join(sample[(i + k) % len(sample)] for k in range(20))[:TEXT_BYTES] for i in range(TEXTS)]


def nanoseconds(work, count):
    begun = time.process_time()
    work()
    return (time.process_time() - begun) / count * 1e9


def ours(bench):
    out = subprocess.run([bench, "text", "--json", "--records", "2000", "--rounds", "3"], check=True, capture_output=True, text=True)
    figures = json.loads(out.stdout.splitlines()[-1])
    return {"features": figures["features_ns"], "nearest_64": figures["nearest_64_ns"]}


def peers(rounds, bench):
    rows = texts()
    vectorizer = HashingVectorizer(n_features=DIMENSIONS, ngram_range=(1, 2), norm="l2", dtype=numpy.float32)
    vectors = numpy.ascontiguousarray(vectorizer.transform(rows).toarray())
    kmeans = faiss.Kmeans(DIMENSIONS, CENTROIDS, seed=1)
    kmeans.train(vectors)
    index = faiss.IndexFlatL2(DIMENSIONS)
    index.add(kmeans.centroids)
    best = {"features": {}, "nearest_64": {}}
    for _ in range(rounds):
        mine = ours(bench)
        theirs = {"features": nanoseconds(lambda: vectorizer.transform(rows), TEXTS),
                  "nearest_64": nanoseconds(lambda: index.search(vectors, 1), TEXTS)}
        for kernel, sides in best.items():
            sides["ours"] = min(sides.get("ours", mine[kernel]), mine[kernel])
            sides["peer"] = min(sides.get("peer", theirs[kernel]), theirs[kernel])
    return best


def main():
    parser = argparse.ArgumentParser(usage=__doc__, add_help=False)
    parser.add_argument("bench")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--rounds", type=int, default=7)
    options = parser.parse_args()
    faiss.omp_set_num_threads(1)
    best = peers(options.rounds, options.bench)
    names = {"features": "scikit-learn", "nearest_64": "faiss"}
    print(f"{'kernel':<12}{'ours, ns':>10}{'peer, ns':>10}{'ratio':>8}{'aim':>6}  peer")
    for kernel, sides in best.items():
        ratio = sides["peer"] / sides["ours"]
        print(f"{kernel:<12}{sides['ours']:>10.0f}{sides['peer']:>10.0f}{ratio:>8.1f}{AIMS[kernel]:>6}  {names[kernel]}")
    if options.json:
        print(json.dumps({f"{kernel}_{side}_ns": round(value, 1) for kernel, sides in best.items() for side, value in sides.items()} |
                         {f"{kernel}_ratio": round(sides["peer"] / sides["ours"], 2) for kernel, sides in best.items()}))


if __name__ == "__main__":
    sys.exit(main())
