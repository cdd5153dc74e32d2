"""Is this an AsyncAPI 3.0 document whose references lead somewhere?  usage: judge_asyncapi.py DOCUMENT"""
import json
import sys

import jsonschema

TOPICS = {"feedback", "documents", "safety", "features", "segments", "insights", "dead-letters", "audit", "ledger", "answers"}


def follow(document, reference):
    """What a local reference leads to; KeyError where that is nothing (JSON pointer, RFC 6901)."""
    assert reference.startswith("#/"), reference
    node = document
    for step in reference[2:].split("/"):
        node = node[step.replace("~1", "/").replace("~0", "~")]
    return node


def references(node):
    if isinstance(node, dict):
        for name, inner in node.items():
            if name == "$ref":
                yield inner
            else:
                yield from references(inner)
    elif isinstance(node, list):
        for inner in node:
            yield from references(inner)


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        document = json.load(file)
    assert document["asyncapi"] == "3.0.0"
    assert set(document) <= {"asyncapi", "id", "info", "servers", "defaultContentType", "channels", "operations", "components"}
    assert document["info"]["title"] and document["info"]["version"]
    assert document["defaultContentType"] == "application/msgpack"
    assert set(document["channels"]) == TOPICS
    for name, channel in document["channels"].items():
        assert channel["address"] == name and channel["messages"], name
        assert channel["bindings"]["kafka"]["partitions"] >= 1, name
    assert {"receive"} <= {operation["action"] for operation in document["operations"].values()} <= {"send", "receive"}
    for name, operation in document["operations"].items():
        assert operation["channel"]["$ref"].startswith("#/channels/"), name
    read = {operation["channel"]["$ref"].rsplit("/", 1)[1] for operation in document["operations"].values()}
    assert read == TOPICS
    found = list(references(document))
    assert found
    for reference in found:
        follow(document, reference)
    message = document["components"]["messages"]["record"]
    for schema in (message["headers"], message["payload"]):
        jsonschema.Draft202012Validator.check_schema(schema)
    assert "insight" in message["payload"]["properties"]
    print(f"{len(document['channels'])} channels, {len(found)} references")


main()
