"""What a worker tells at /metrics, in Prometheus' text format."""
import collections
import urllib.request


def samples(text):
    """name{labels}, as it stands there, -> value."""
    lines = (line.rsplit(" ", 1) for line in text.splitlines() if line and not line.startswith("#"))
    return {sample: float(value) for sample, value in lines}


def sums(samples_told):
    """name -> sum over its labels; 0 for what isn't told."""
    totals = collections.Counter()
    for sample, value in samples_told.items():
        totals[sample.split("{")[0]] += value
    return totals


def sum_of(samples_told, name, **labels):
    """Over the samples that have these labels; 0 where there is none."""
    return sum(value for sample, value in samples_told.items() if sample.split("{")[0] == name
               and all(f'{label}="{wanted}"' in sample for label, wanted in labels.items()))


def scrape(port, timeout=5):
    """The samples of the worker there; empty while nobody answers."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(f"http://127.0.0.1:{port}/metrics", timeout=timeout) as answer:
            return samples(answer.read().decode())
    except OSError:
        return {}
