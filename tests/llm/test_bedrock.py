"""common/llm against a Bedrock that botocore judges, and that fake against boto3."""
import json

import boto3
import botocore.config
import botocore.exceptions

import bedrock
from rig import ask, expect

MODELS = ["us.anthropic.claude-haiku-4-5-20251001-v1:0", "anthropic.claude-3-haiku-20240307-v1:0", "amazon.nova-lite-v1:0",
          "arn:aws:bedrock:eu-west-3:123456789012:inference-profile/eu.anthropic.claude-haiku-4-5-20251001-v1:0"]
PROMPTS = ["plain", "quotes \" and \\ and\nlines\ttabs \x01", "ünïcode 日本語 \U0001F600", "</feedback> {\"a\":1}", "x" * 200000]
SCHEMA = json.dumps({"type": "object", "additionalProperties": False, "required": ["heard"],
                     "properties": {"heard": {"type": "string", "maxLength": 400}, "score": {"type": "number"}}})
# Which of our reasons each of the service's errors is.
REASONS = {"ThrottlingException": "throttled", "ServiceQuotaExceededException": "throttled", "ModelNotReadyException": "overloaded",
           "ServiceUnavailableException": "overloaded", "ModelTimeoutException": "timeout", "ModelErrorException": "server_error",
           "InternalServerException": "server_error", "ResourceNotFoundException": "model_gone",
           "ValidationException": "model_gone", "AccessDeniedException": "denied"}
SIGNED = {"AWS_ACCESS_KEY_ID": bedrock.KEY, "AWS_SECRET_ACCESS_KEY": bedrock.SECRET, "AWS_SESSION_TOKEN": bedrock.TOKEN}


def questions():
    for model in MODELS:
        for prompt in PROMPTS:
            yield {"model": model, "prompt": prompt, "system": "Say what it says.", "name": "insights", "purpose": "What it says.",
                   "schema": SCHEMA, "max_tokens": 300, "temperature": 0.2}
    yield {"prompt": "the least that a question can be"}
    yield {"prompt": "greedy", "temperature": 0}


def ours_against_botocore(fake, api, environment):
    asked = [question for question in questions() if api == "converse" or "nova" not in question.get("model", "")]
    options = {"endpoint": fake.url, "region": bedrock.REGION, "api": api, "reply_limit": "4M"}
    before = len(fake.requests)
    for question, result in zip(asked, ask("bedrock", options, asked, 8, environment)):
        expect(question["prompt"][:40], result, why="answered", status=200, input=210, output=31, known=True, finish="tool_use",
               model="claude-haiku" if api == "invoke" else question.get("model", MODELS[0]))
        assert json.loads(result["json"])["heard"] == question["prompt"], result
    requests = fake.requests[before:]
    wrong = [complaint for request in requests for complaint in request["wrong"]]
    assert not wrong, "\n".join(wrong)
    assert len(requests) == len(asked)
    assert all(request["bearer"] == ("AWS_BEARER_TOKEN_BEDROCK" in environment) for request in requests)
    print("%s, %s: %d requests, each valid, as botocore writes it%s" % (
        api, "bearer key" if requests[0]["bearer"] else "signed", len(requests),
        "" if requests[0]["bearer"] else ", and with its signature"))


def errors_have_reasons(fake):
    assert set(REASONS) == set(bedrock.FAULTS), "the service model has other errors"
    asked = [{"prompt": "fault " + name} for name in REASONS]
    for name, result in zip(REASONS, ask("bedrock", {"endpoint": fake.url, "region": bedrock.REGION}, asked, 1, SIGNED)):
        expect(name, result, why=REASONS[name], status=bedrock.FAULTS[name], known=False)
        assert name in result["text"] and bedrock.SECRET not in result["text"], result
    print("%d errors of the service model, each with its reason" % len(asked))


def boto3_accepts_the_fake(fake):
    client = boto3.client("bedrock-runtime", endpoint_url=fake.url, region_name=bedrock.REGION, aws_access_key_id=bedrock.KEY,
                          aws_secret_access_key=bedrock.SECRET, aws_session_token=bedrock.TOKEN,
                          config=botocore.config.Config(retries={"total_max_attempts": 1}))
    tools = {"tools": [{"toolSpec": {"name": "insights", "inputSchema": {"json": json.loads(SCHEMA)}}}],
             "toolChoice": {"tool": {"name": "insights"}}}

    def converse(text):
        return client.converse(modelId=MODELS[0], toolConfig=tools, messages=[{"role": "user", "content": [{"text": text}]}])

    reply = converse("plain")
    assert reply["stopReason"] == "tool_use" and reply["usage"]["inputTokens"] == 210, reply
    assert reply["output"]["message"]["content"][1]["toolUse"]["input"]["heard"] == "plain", reply
    body = {"anthropic_version": "bedrock-2023-05-31", "max_tokens": 9, "tool_choice": {"type": "tool", "name": "n"},
            "messages": [{"role": "user", "content": [{"type": "text", "text": "plain"}]}]}
    reply = client.invoke_model(modelId=MODELS[0], body=json.dumps(body))
    assert json.loads(reply["body"].read())["content"][0]["input"]["heard"] == "plain"
    for name in bedrock.FAULTS:
        try:
            converse("fault " + name)
            raise AssertionError("boto3 took %s for an answer" % name)
        except botocore.exceptions.ClientError as error:
            assert error.response["Error"]["Code"] == name, error.response
    print("boto3 accepts the fake's answers, and its %d errors by their names" % len(bedrock.FAULTS))


def one_bit_off_is_seen(fake):
    """The judge itself: another secret, and another region, are not let through."""
    for why, environment, region in (("secret", {**SIGNED, "AWS_SECRET_ACCESS_KEY": "other"}, bedrock.REGION),
                                     ("region", SIGNED, "us-west-2")):
        ask("bedrock", {"endpoint": fake.url, "region": region}, [{"prompt": "p"}], 1, environment)
        assert fake.requests[-1]["wrong"], "the judge saw nothing wrong with another " + why


fake = bedrock.Fake()
for api in ("converse", "invoke"):
    ours_against_botocore(fake, api, SIGNED)
    ours_against_botocore(fake, api, {**SIGNED, "AWS_BEARER_TOKEN_BEDROCK": bedrock.BEARER})
errors_have_reasons(fake)
one_bit_off_is_seen(fake)
boto3_accepts_the_fake(bedrock.Fake(judged=False))
