#!/usr/bin/env python3
"""An OpenID provider, as far as a Kafka and its clients need one: POST /token (client credentials) gives a JWT signed
by RS256, good for some seconds. Its public key is written to JWKS first, for the broker. Keys and signatures by openssl.

usage: token_server.py PORT FOLDER SECONDS     FOLDER/jwks.json; clients and their secrets are FOLDER/clients/NAME
"""
import base64
import http.server
import json
import os
import subprocess
import sys
import time

PORT, FOLDER, SECONDS = int(sys.argv[1]), sys.argv[2], int(sys.argv[3])
KEY = f"{FOLDER}/provider.key"


def text(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def openssl(*arguments, data=b""):
    return subprocess.run(["openssl", *arguments], input=data, capture_output=True, check=True).stdout


def token(name):
    now = int(time.time())
    claims = {"sub": name, "iss": "tests", "aud": "kafka", "iat": now, "exp": now + SECONDS}
    head = text(b'{"alg":"RS256","typ":"JWT","kid":"1"}') + "." + text(json.dumps(claims).encode())
    return head + "." + text(openssl("dgst", "-sha256", "-sign", KEY, data=head.encode()))


class Handler(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        name, _, secret = base64.b64decode(self.headers.get("Authorization", "")[len("Basic "):]).decode().partition(":")
        path = f"{FOLDER}/clients/{os.path.basename(name)}"
        good = name and os.path.exists(path) and open(path, encoding="ascii").readline().strip() == secret
        answer = {"access_token": token(name), "token_type": "Bearer", "expires_in": SECONDS} if good else {"error": "invalid_client"}
        body = json.dumps(answer).encode()
        self.send_response(200 if good else 401)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
        print("token" if good else "refused", name, flush=True)

    def log_message(self, *_):
        pass


def main():
    openssl("genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048", "-out", KEY)
    modulus = openssl("rsa", "-in", KEY, "-noout", "-modulus").decode().strip().partition("=")[2]
    jwks = {"keys": [{"kty": "RSA", "use": "sig", "alg": "RS256", "kid": "1", "n": text(bytes.fromhex(modulus)), "e": "AQAB"}]}
    with open(f"{FOLDER}/jwks.new", "w", encoding="ascii") as file:
        json.dump(jwks, file)
    os.rename(f"{FOLDER}/jwks.new", f"{FOLDER}/jwks.json")
    http.server.ThreadingHTTPServer(("127.0.0.1", PORT), Handler).serve_forever()


main()
