#!/usr/bin/env python3
"""Turns mails into feedback, a JSON object a line: of an mbox file, a Maildir or single .eml files.

The text is the plain part of a mail, or its HTML (which Verbatim takes the mark-up out of), below its subject. The
sender becomes the customer, whom Verbatim keeps as a keyed hash only. Needs nothing but Python.

example: from_mailbox.py support.mbox | verbatim analyze
"""
import argparse
import datetime
import email
import email.policy
import email.utils
import hashlib
import json
import mailbox
import os
import sys


def mails_of(path):
    if os.path.isdir(path):
        return mailbox.Maildir(path, create=False)
    with open(path, "rb") as file:
        if file.read(5) == b"From ":
            return mailbox.mbox(path, create=False)
        file.seek(0)
        return [email.message_from_binary_file(file)]


def text_of(mail):
    body = mail.get_body(preferencelist=("plain", "html"))
    try:
        text = body.get_content() if body else ""
    except (LookupError, UnicodeError):  # a charset that nobody knows
        text = body.get_payload(decode=True).decode("utf-8", "replace")
    subject = str(mail["subject"] or "").strip()
    return "\n\n".join(part for part in (subject, text.strip()) if part)


def feedback_of(raw):
    mail = email.message_from_bytes(raw.as_bytes(), policy=email.policy.default)
    feedback = {"text": text_of(mail), "channel": "email"}
    if mail["message-id"]:
        # the same mail is the same record; hashed, as it may hold an address
        feedback["id"] = hashlib.sha256(str(mail["message-id"]).strip().encode()).hexdigest()[:32]
    sender = email.utils.parseaddr(str(mail["from"] or ""))[1].lower()
    if sender:
        feedback["customer"] = sender
    try:
        sent = email.utils.parsedate_to_datetime(str(mail["date"]))
        feedback["occurred_at"] = (sent if sent.tzinfo else sent.replace(tzinfo=datetime.timezone.utc)).isoformat()
    except (TypeError, ValueError):  # none, or none that is one
        pass
    return feedback


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("mails", nargs="+", help="an mbox file, a Maildir, or a mail")
    for path in parser.parse_args().mails:
        for raw in mails_of(path):
            feedback = feedback_of(raw)
            if feedback["text"]:
                print(json.dumps(feedback, ensure_ascii=False))


if __name__ == "__main__":
    try:
        main()
    except FileNotFoundError as error:
        sys.exit(f"from_mailbox.py: {error.filename}: {error.strerror}")
    except BrokenPipeError:  # who reads has enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
