"""Reads user data as cloud-init and a shell would, and compares it with what was asked for.

A case is a line of JSON on the standard input; the answer is a line: `ok`, or what differs.
"""

import base64
import email
import gzip
import json
import os
import re
import shlex
import sys

import yaml

SCRIPT = "/var/lib/cloud-boot/first-boot"
PLAN = "# --- the plan"

cloud_init = os.environ.get("CLOUD_INIT_SCHEMA")
if cloud_init:
    sys.path.insert(0, os.path.join(cloud_init, "usr/lib/python3/dist-packages"))
    from cloudinit import helpers, user_data, util
    from cloudinit.config import schema

    rules = schema.get_schema()
    processor = user_data.UserDataProcessor(helpers.Paths({"cloud_dir": "/nowhere"}))


def read(format, text):
    """The cloud-config and the script in user data; what is not there is None."""
    if format == "script":
        if "\n" + PLAN in text:
            return None, text
        packed = text.split("<<'END'", 1)[1].split("\n", 1)[1].split("\nEND\n")[0]
        return None, gzip.decompress(base64.b64decode(packed)).decode()
    if format == "cloud-config":
        assert "mime-version:" not in text[:4096].lower(), "cloud-init takes it for a message"
        assert text.startswith("#cloud-config\n")
        config = load(text)
        script = contents(config["write_files"].pop(0), SCRIPT).decode()
        assert config.pop("runcmd") == [["sh", SCRIPT]]
        return config, script
    config, script = None, None
    for body in bodies(email.message_from_string(text)):
        if body.startswith("#cloud-config\n"):
            config = load(body)
        elif body.startswith("#!/bin/sh\n"):
            script = body
    return config or {}, script


def bodies(message):
    """What the parts of a message hold, decoded and unpacked."""
    for part in message.walk():
        if part.get_content_maintype() == "multipart":
            continue
        body = part.get_payload(decode=True)
        yield (gzip.decompress(body) if part.get_content_type() == "application/gzip" else body).decode()


def through_cloud_init(text):
    """Asserts that cloud-init takes user data apart as we do: when it reads it, and when it reads what it has stored."""
    ours = list(bodies(email.message_from_string(text))) if text.startswith("MIME-") else [text]
    message = processor.process(text.encode())
    for read in message, util.message_from_string(str(message)):
        theirs = [util.fully_decoded_payload(part) for part in read.walk() if not user_data.is_skippable(part)]
        assert theirs == ours, ("cloud-init reads", theirs, ours)


def load(text):
    config = yaml.safe_load(text)
    if cloud_init:
        schema.validate_cloudconfig_schema(config, schema=rules, strict=True)
    return config


def contents(entry, path=None):
    assert path is None or entry["path"] == path
    text, encoding = entry["content"], entry.get("encoding")
    if encoding is None:
        return text.encode()
    return gzip.decompress(base64.b64decode(text)) if encoding == "gz+b64" else base64.b64decode(text)


def steps(script):
    """The id and the words of the plan, with the variables' values in their places."""
    words = shlex.split(script.split("\n" + PLAN, 1)[1].split("\n", 1)[1])
    values = {}
    while not words[0].startswith("secrets="):
        name, value = words.pop(0).split("=", 1)
        if value == "$(printf":
            value = words.pop(0).removesuffix(".)")
            value = re.sub(r"%%|\\\\|(?:\\[0-7]{3})+", unescape, value)
            assert words.pop(0) == name + "=${" + name + "%.}"
        values["$" + name] = value
    assert words.pop(0) == "secrets=%d" % len([name for name in values if name.startswith("$secret_")])
    assert words.pop(0) == "begin" and words.pop(-1) == "ready"
    return words.pop(0), [values.get(word, word) for word in words]


def unescape(match):
    text = match.group()
    if text in ("%%", "\\\\"):
        return text[0]
    return bytes(int(octal, 8) for octal in text.split("\\")[1:]).decode()


def compare(case):
    assert case["text"].isascii()
    if cloud_init:
        through_cloud_init(case["text"])
    config, script = read(case["format"], case["text"])
    if config is not None:
        files = [[entry["path"], entry["permissions"], base64.b64encode(contents(entry)).decode()]
                 for entry in config.pop("write_files", [])]
        assert files == case["files"], ("files", files, case["files"])
        assert config == case["config"], ("config", config, case["config"])
    id, words = steps(script)
    assert id == case["id"], ("id", id)
    assert words == case["words"], ("words", words, case["words"])


for line in sys.stdin:
    try:
        compare(json.loads(line))
        print("ok")
    except Exception as error:
        print(repr(error).replace("\n", " ")[:4000])
    sys.stdout.flush()
