#!/usr/bin/env python3
"""Turns mails into feedback, a JSON object a line: of an mbox file, a Maildir or single .eml files.

The text is the plain part of a mail, or its HTML (which Verbatim takes the mark-up out of), below its subject. The
sender becomes the customer, whom Verbatim keeps as a keyed hash only. A mail that can't be read is left out, and told of;
the exit status is 65 then. Needs nothing but Python.

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
    """Where each stands, and its bytes: parsed and written anew, one with a byte beyond ASCII in its head would fail."""
    if os.path.isdir(path):
        box = mailbox.Maildir(path, create=False)
        yield from ((os.path.join(path, key), box.get_bytes(key)) for key in box.keys())
        return
    with open(path, "rb") as file:
        if file.read(5) != b"From ":
            file.seek(0)
            yield path, file.read()
            return
    box = mailbox.mbox(path, create=False)
    yield from ((f"{path}: mail {number}", box.get_bytes(key)) for number, key in enumerate(box.keys(), 1))


def header(mail, name):
    try:
        return str(mail[name] or "").strip()
    except Exception:  # of one that is broken the package may raise anything
        return ""


def text_of(mail):
    body = mail.get_body(preferencelist=("plain", "html"))
    try:
        text = body.get_content() if body else ""
    except (LookupError, ValueError):  # a charset that nobody knows
        text = body.get_payload(decode=True).decode("utf-8", "replace")
    text = "\n\n".join(part for part in (header(mail, "subject"), text.strip()) if part)
    return text.replace("\0", " ").encode("utf-8", "replace").decode()  # what Verbatim takes


def feedback_of(raw):
    mail = email.message_from_bytes(raw, policy=email.policy.default)
    feedback = {"text": text_of(mail), "channel": "email"}
    number = header(mail, "message-id")
    if number:
        # the same mail is the same record; hashed, as it may hold an address
        feedback["id"] = hashlib.sha256(number.encode("utf-8", "replace")).hexdigest()[:32]
    sender = email.utils.parseaddr(header(mail, "from"))[1].lower()
    if sender:
        feedback["customer"] = sender
    try:
        sent = email.utils.parsedate_to_datetime(header(mail, "date"))
        feedback["occurred_at"] = (sent if sent.tzinfo else sent.replace(tzinfo=datetime.timezone.utc)).isoformat()
    except (TypeError, ValueError):  # none, or none that is one
        pass
    return feedback


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("mails", nargs="+", help="an mbox file, a Maildir, or a mail")
    status = 0
    for path in parser.parse_args().mails:
        for where, raw in mails_of(path):
            try:
                feedback = feedback_of(raw)
            except Exception as error:  # of a broken mail: it costs itself only
                print(f"from_mailbox.py: {where} can't be read: {error!r}", file=sys.stderr)
                status = 65
                continue
            if feedback["text"]:
                print(json.dumps(feedback, ensure_ascii=False))
    sys.stdout.flush()
    return status


if __name__ == "__main__":
    sys.stdout.reconfigure(encoding="utf-8")
    try:
        sys.exit(main())
    except FileNotFoundError as error:
        sys.exit(f"from_mailbox.py: {error.filename}: {error.strerror}")
    except BrokenPipeError:  # who reads has enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
