"""A fake Bedrock that botocore judges: what comes in is held against the service model and the signature, and what
goes out is what boto3 itself accepts (test_bedrock.py has it say so).

What is answered depends on the prompt: "fault NAME" gives the error of that name, others an answer. Each request is
kept as a dict, with a list of what is wrong with it."""
import datetime
import http.server
import json
import re
import threading
import urllib.parse

import botocore.auth
import botocore.loaders
import botocore.model
import botocore.serialize
import botocore.validate
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

KEY, SECRET, TOKEN, REGION = "AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", "session/token+==", "eu-west-3"
BEARER = "bedrock-api-key-example"
MODEL = botocore.model.ServiceModel(botocore.loaders.Loader().load_service_model("bedrock-runtime", "service-2"))
FAULTS = {shape.name: shape.metadata["error"]["httpStatusCode"]
          for shape in MODEL.operation_model("InvokeModel").error_shapes}
FAULTS["ModelErrorException"] = 424


def judge_signature(method, path, headers, body):
    """What botocore would have signed, from the same request at the same time; a list of complaints."""
    given = headers.get("Authorization", "")
    if given.startswith("Bearer "):
        return [] if given == "Bearer " + BEARER else ["another bearer key"]
    match = re.fullmatch(r"AWS4-HMAC-SHA256 Credential=%s/\d{8}/%s/bedrock/aws4_request, SignedHeaders=([a-z0-9;-]+), "
                         r"Signature=[0-9a-f]{64}" % (KEY, REGION), given)
    if not match:
        return ["no signature of ours: %r" % given]
    signed = match.group(1).split(";")
    wrong = [name for name in ("host", "content-type", "x-amz-date", "x-amz-content-sha256", "x-amz-security-token")
             if name not in signed]
    when = datetime.datetime.strptime(headers["x-amz-date"], "%Y%m%dT%H%M%SZ")
    age = abs((datetime.datetime.now(datetime.timezone.utc).replace(tzinfo=None) - when).total_seconds())
    keep = {name: headers[name] for name in signed if name not in ("x-amz-date", "x-amz-security-token", "host")}
    request = AWSRequest(method, "http://%s%s" % (headers["Host"], path), headers=keep, data=body)
    botocore.auth.get_current_datetime = lambda *a, **k: when
    botocore.auth.SigV4Auth(Credentials(KEY, SECRET, TOKEN), "bedrock", REGION).add_auth(request)
    if request.headers["Authorization"] != given:
        wrong.append("signature:\n  ours     %s\n  botocore %s" % (given, request.headers["Authorization"]))
    if age > 300:
        wrong.append("dated %d s away" % age)
    return ["not signed: %s" % name if re.fullmatch("[a-z0-9-]+", name) else name for name in wrong]


def judge_shape(path, headers, body):
    """The request against the service model: valid parameters, and the bytes that botocore makes of the same ones."""
    match = re.fullmatch(r"/model/([^/]+)/(converse|invoke)", path)
    if not match:
        return None, {}, ["no operation has the path " + path]
    model_id = urllib.parse.unquote(match.group(1))
    operation = MODEL.operation_model({"converse": "Converse", "invoke": "InvokeModel"}[match.group(2)])
    content = json.loads(body)
    if operation.name == "Converse":
        parameters = {"modelId": model_id, **content}
    else:
        said = {"contentType": headers["Content-Type"], "accept": headers["Accept"]}
        parameters = {"modelId": model_id, "body": body, **{name: text for name, text in said.items() if text}}
    report = botocore.validate.ParamValidator().validate(parameters, operation.input_shape)
    wrong = [report.generate_report()] if report.has_errors() else []
    made = botocore.serialize.create_serializer(MODEL.metadata["protocol"]).serialize_to_request(parameters, operation)
    if made["url_path"] != path:
        wrong.append("botocore's path is " + made["url_path"])
    if json.loads(made["body"]) != content:
        wrong.append("botocore's body is %r" % made["body"])
    if operation.name == "InvokeModel":
        for name in ("anthropic_version", "max_tokens", "messages"):
            if name not in content:
                wrong.append("InvokeModel's body lacks " + name)
    return operation.name, content, wrong


def prompt_of(operation, content):
    return content["messages"][0]["content"][0]["text"]


def answer_of(operation, content):
    """An answer in the operation's output shape, which says back what was asked."""
    said = {"heard": prompt_of(operation, content), "ü": [1.5, None, True]}
    if operation == "Converse":
        tool = content["toolConfig"]["toolChoice"]["tool"]["name"]
        return {"output": {"message": {"role": "assistant", "content": [
                    {"text": "Let me see."}, {"toolUse": {"toolUseId": "tooluse_1", "name": tool, "input": said}}]}},
                "stopReason": "tool_use", "usage": {"inputTokens": 210, "outputTokens": 31, "totalTokens": 241},
                "metrics": {"latencyMs": 1}}
    return {"id": "msg_bdrk_1", "type": "message", "role": "assistant", "model": "claude-haiku", "content": [
                {"type": "tool_use", "id": "toolu_1", "name": content["tool_choice"]["name"], "input": said}],
            "stop_reason": "tool_use", "usage": {"input_tokens": 210, "output_tokens": 31}}


class Fake(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, judged=True):
        super().__init__(("127.0.0.1", 0), Handler)
        self.judged, self.requests, self.lock = judged, [], threading.Lock()
        self.url = "http://127.0.0.1:%d" % self.server_address[1]
        threading.Thread(target=self.serve_forever, daemon=True).start()


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        operation, content, wrong = judge_shape(self.path, self.headers, body)
        with self.server.lock:
            if self.server.judged:
                wrong += judge_signature("POST", self.path, self.headers, body)
            self.server.requests.append({"operation": operation, "path": self.path, "content": content, "wrong": wrong,
                                         "bearer": self.headers.get("Authorization", "").startswith("Bearer ")})
        fault = re.fullmatch(r"fault (\w+)", prompt_of(operation, content)) if operation else None
        if fault:
            name = fault.group(1)
            self.say(FAULTS[name], {"message": "for a test: " + name}, {"x-amzn-ErrorType": name + ":http://internal.amazon.com/"})
        else:
            self.say(200, answer_of(operation, content), {})

    def say(self, status, content, headers):
        body = json.dumps(content).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.send_header("x-amzn-RequestId", "request-%d" % len(self.server.requests))
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass
