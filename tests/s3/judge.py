"""Reads with boto3 what test_minio left in the bucket "oracle": an independent client must see the same."""
import sys

import boto3

ODD = ["topic/date=2026-01-02/0/000.ndjson.zst", "with space/and more ", "plus+percent%20&amp;",
       "!\"#$'()*,:;<>?@[\\]^`{|}~", "ünïcode/日本語/\U0001F600", "...a/b..c"]

s3 = boto3.client("s3", endpoint_url=sys.argv[1], region_name="us-east-1", aws_access_key_id="verbatim",
                  aws_secret_access_key="verbatim-secret")
found = [item["Key"] for item in s3.list_objects_v2(Bucket="oracle", Prefix="odd/")["Contents"]]
assert sorted(found) == sorted("odd/" + key for key in ODD), found
for key in ODD:
    assert s3.get_object(Bucket="oracle", Key="odd/" + key)["Body"].read() == key.encode(), key
for key in ("headers/object", "headers/upload"):
    reply = s3.get_object(Bucket="oracle", Key=key)
    assert reply["Body"].read() == b"{}\n", key
    assert reply["ContentType"] == "application/x-ndjson", reply["ContentType"]
    assert reply["ContentEncoding"] == "zstd", reply["ContentEncoding"]
    assert reply["StorageClass"] == "REDUCED_REDUNDANCY", reply
    assert reply["Metadata"]["sha256"] == "00ff", reply["Metadata"]
    tags = {tag["Key"]: tag["Value"] for tag in s3.get_object_tagging(Bucket="oracle", Key=key)["TagSet"]}
    assert tags == {"team": "cx", "kind": "a b"}, tags
assert "Uploads" not in s3.list_multipart_uploads(Bucket="verbatim"), "an upload was left behind"
print("boto3 agrees: %d odd keys, headers, tags, no upload left behind" % len(ODD))
