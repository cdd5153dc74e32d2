#!/usr/bin/env python3
"""Prints the records of one topic in an S3 archive as JSON lines, read by boto3 and zstandard: nothing of ours.

usage: read_bucket.py ENDPOINT BUCKET PREFIX
"""
import concurrent.futures
import sys

import boto3
import zstandard

endpoint, bucket, prefix = sys.argv[1:]
s3 = boto3.client("s3", endpoint_url=endpoint, region_name="us-east-1",
                  aws_access_key_id="verbatim", aws_secret_access_key="verbatim-secret")


def lines(key):
    body = s3.get_object(Bucket=bucket, Key=key)["Body"].read()
    with zstandard.ZstdDecompressor().stream_reader(body, read_across_frames=True) as reader:
        return reader.read()


names = [item["Key"] for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
         for item in page.get("Contents", []) if item["Key"].endswith(".ndjson.zst")]
with concurrent.futures.ThreadPoolExecutor(8) as pool:  # hundreds of small ones, each of which waits its turn on a busy machine
    for text in pool.map(lines, names):
        sys.stdout.buffer.write(text)
