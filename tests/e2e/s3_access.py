#!/usr/bin/env python3
"""Credentials and their proof on an S3 that enforces IAM policies.

usage: s3_access.py credentials ENDPOINT POLICY     prints id, secret and session token of a session with that policy
       s3_access.py seed ENDPOINT BUCKET            makes the bucket and an object below each prefix
       s3_access.py matrix ENDPOINT BUCKET FOLDER   tries everything with each FOLDER/WHO.json; exits 1 where it isn't as wanted

The owner's keys come from the environment, as for any AWS tool. Sessions are made by STS AssumeRole with the policy
inline: no other tool is needed, and the engine that enforces it is the one for users' policies.
"""
import concurrent.futures
import sys

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

ARCHIVE = ["feedback", "documents", "safety", "features", "segments", "insights", "dead-letters", "audit", "ledger", "manifests"]
PERSONAL = {"feedback", "dead-letters"}
PLACES = [f"archive/{folder}/" for folder in ARCHIVE] + ["raw/", "receipts/", "validation/", "elsewhere/"]
OF_ARCHIVE = {place for place in PLACES if place.startswith("archive/")}
PLAIN = {f"archive/{folder}/" for folder in ARCHIVE if folder not in PERSONAL}
TRIES = ["get", "put", "upload", "delete", "list"]

# Written by hand, not from the policies: {WHO: {TRY: places}}; what isn't named is refused.
WANTED = {
    "logsink": {"get": OF_ARCHIVE, "put": OF_ARCHIVE, "upload": OF_ARCHIVE, "list": {"archive/manifests/"}},
    "ingest": {"get": {"raw/", "receipts/"}, "put": {"receipts/", "validation/"}, "upload": {"receipts/", "validation/"},
               "delete progress": {"receipts/"}, "list": {"raw/", "receipts/"}},
    "verify": {"get": OF_ARCHIVE, "list": OF_ARCHIVE},
    "replay": {"get": OF_ARCHIVE, "list": OF_ARCHIVE},
    "analyst": {"get": PLAIN, "list": PLAIN},
    "privacy": {"get": OF_ARCHIVE | {"raw/", "receipts/", "validation/"}, "list": OF_ARCHIVE | {"raw/", "receipts/", "validation/"}},
}


def client(service, endpoint, **keys):
    return boto3.client(service, endpoint_url=endpoint, region_name="us-east-1", config=Config(retries={"max_attempts": 2}), **keys)


def session_of(endpoint, path):
    with open(path, encoding="utf-8") as file:
        answer = client("sts", endpoint).assume_role(RoleArn="arn:aws:iam::000000000000:role/tests", RoleSessionName="tests",
                                                     Policy=file.read(), DurationSeconds=3600)
    return answer["Credentials"]


def s3_of(endpoint, keys):
    return client("s3", endpoint, aws_access_key_id=keys["AccessKeyId"], aws_secret_access_key=keys["SecretAccessKey"],
                  aws_session_token=keys["SessionToken"])


def attempt(call, **arguments):
    try:
        return call(**arguments)
    except ClientError as error:
        if error.response["Error"]["Code"] == "AccessDenied" or error.response["ResponseMetadata"]["HTTPStatusCode"] == 403:
            return None
        raise


def tries_of(s3, bucket, place, who):
    """What becomes of each: True done, False refused."""
    found = {"get": attempt(s3.get_object, Bucket=bucket, Key=place + "seed") is not None,
             "list": attempt(s3.list_objects_v2, Bucket=bucket, Prefix=place) is not None,
             "put": attempt(s3.put_object, Bucket=bucket, Key=f"{place}by-{who}", Body=b"x") is not None}
    upload = attempt(s3.create_multipart_upload, Bucket=bucket, Key=f"{place}parts-by-{who}")
    found["upload"] = upload is not None
    if upload and who == "logsink":  # the one that uploads in parts must be able to throw them away
        given_up = attempt(s3.abort_multipart_upload, Bucket=bucket, Key=f"{place}parts-by-{who}", UploadId=upload["UploadId"])
        found["upload"] = given_up is not None
    found["delete"] = attempt(s3.delete_object, Bucket=bucket, Key=place + "none") is not None
    found["delete progress"] = attempt(s3.delete_object, Bucket=bucket, Key=place + "none.progress") is not None
    return found


def matrix(endpoint, bucket, folder):
    cells = allowed = wrong = 0

    def row(who):
        s3 = s3_of(endpoint, session_of(endpoint, f"{folder}/{who}.json"))
        whole = attempt(s3.list_objects_v2, Bucket=bucket) is not None
        return {place: tries_of(s3, bucket, place, who) for place in PLACES}, whole

    with concurrent.futures.ThreadPoolExecutor(len(WANTED)) as pool:
        rows = dict(zip(WANTED, pool.map(row, WANTED)))
    for who, (found, whole) in rows.items():
        cells += 1
        if whole:
            wrong += 1
            print(f"{who} may list the whole bucket", file=sys.stderr)
        for place in PLACES:
            for name in [*TRIES, "delete progress"]:
                want = place in WANTED[who].get(name, set())
                cells, allowed = cells + 1, allowed + want
                if found[place][name] is not want:
                    wrong += 1
                    print(f"{who} {name} {place}: wanted {want}, found {found[place][name]}", file=sys.stderr)
    print(f"{cells} cells, {allowed} allowed, {wrong} wrong")
    return wrong == 0 and cells > 400 and allowed > 60


def main():
    command, endpoint, *rest = sys.argv[1:]
    if command == "credentials":
        keys = session_of(endpoint, rest[0])
        print(keys["AccessKeyId"], keys["SecretAccessKey"], keys["SessionToken"])
    elif command == "seed":
        s3 = client("s3", endpoint)
        s3.create_bucket(Bucket=rest[0])
        for place in PLACES:
            s3.put_object(Bucket=rest[0], Key=place + "seed", Body=b"seed")
    else:
        sys.exit(0 if matrix(endpoint, *rest) else 1)


main()
