#!/usr/bin/env python3
"""Prints the records of one topic in an S3 archive as JSON lines, read by boto3 and zstandard: nothing of ours.

usage: read_bucket.py ENDPOINT BUCKET PREFIX
"""
import sys

import boto3
import zstandard

endpoint, bucket, prefix = sys.argv[1:]
s3 = boto3.client("s3", endpoint_url=endpoint, region_name="us-east-1",
                  aws_access_key_id="verbatim", aws_secret_access_key="verbatim-secret")
for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix):
    for item in page.get("Contents", []):
        if not item["Key"].endswith(".ndjson.zst"):
            continue
        body = s3.get_object(Bucket=bucket, Key=item["Key"])["Body"].read()
        with zstandard.ZstdDecompressor().stream_reader(body, read_across_frames=True) as reader:
            sys.stdout.buffer.write(reader.read())
