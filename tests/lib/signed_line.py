"""A signed request as one line of what tests/s3/test_botocore.c reads: tab-separated, texts in hex."""


def encode(text):
    return (text if isinstance(text, bytes) else text.encode()).hex()


def pairs(items):
    return ",".join(encode(name) + "=" + encode(value) for name, value in items)


def signed_line(rule, method, host, path, wire_path, query, headers, payload, region, service, key, secret, token, seconds, authorization):
    """`path` is decoded, `wire_path` as it is sent; `authorization` is the header that must come of it."""
    return "\t".join([rule, method, host, encode(path), wire_path, pairs(query), pairs(headers), encode(payload), region, service,
                      key, encode(secret), encode(token), str(seconds), authorization])
