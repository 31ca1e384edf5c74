"""Reads user data as cloud-init and a shell would, and compares it with what was asked for.

A case is a line of JSON on the standard input; the answer is a line: `ok`, or what differs.
"""

import base64
import email
import gzip
import json
import os
import shlex
import sys

import yaml

SCRIPT = "/var/lib/cloud-boot/first-boot"
PLAN = "# --- the plan"

schema = None
if os.environ.get("CLOUD_INIT_SCHEMA"):
    sys.path.insert(0, os.path.join(os.environ["CLOUD_INIT_SCHEMA"], "usr/lib/python3/dist-packages"))
    from cloudinit.config import schema as cloudinit_schema

    schema = cloudinit_schema.get_schema()


def read(format, text):
    """The cloud-config and the script in user data; what is not there is None."""
    if format == "script":
        if "\n# --- the plan" in text:
            return None, text
        packed = text.split("<<'END'", 1)[1].split("\n", 1)[1].split("\nEND\n")[0]
        return None, gzip.decompress(base64.b64decode(packed)).decode()
    if format == "cloud-config":
        assert "mime-version:" not in text[:4096].lower(), "cloud-init takes it for a message"
        assert text.startswith("#cloud-config\n")
        config = yaml.safe_load(text)
        script = contents(config["write_files"].pop(0), SCRIPT).decode()
        assert config.pop("runcmd") == [["sh", SCRIPT]]
        return config, script
    config, script = None, None
    for part in email.message_from_string(text).walk():
        if part.get_content_maintype() == "multipart":
            continue
        body = part.get_payload(decode=True)
        if part.get_content_type() == "application/gzip":
            body = gzip.decompress(body)
        body = body.decode()
        if body.startswith("#cloud-config\n"):
            config = yaml.safe_load(body) or {}
        elif body.startswith("#!/bin/sh\n"):
            script = body
    return config, script


def contents(entry, path=None):
    assert path is None or entry["path"] == path
    text, encoding = entry["content"], entry.get("encoding")
    if encoding is None:
        return text.encode()
    return gzip.decompress(base64.b64decode(text)) if encoding == "gz+b64" else base64.b64decode(text)


def steps(script):
    """The words of the plan, with the secrets in their places."""
    words = shlex.split(script.split("\n" + PLAN, 1)[1].split("\n", 1)[1])
    secrets = {}
    while not words[0].startswith("secrets="):
        name, value = words.pop(0).split("=", 1)
        secrets["$" + name] = value
    assert words.pop(0) == "secrets=%d" % len(secrets)
    assert words.pop(0) == "begin" and words.pop(-1) == "ready"
    return words.pop(0), [secrets.get(word, word) for word in words]


def compare(case):
    config, script = read(case["format"], case["text"])
    if schema is not None and config is not None:
        cloudinit_schema.validate_cloudconfig_schema(config, schema=schema, strict=True)
    if config is not None:
        files = [[entry["path"], entry["permissions"], base64.b64encode(contents(entry)).decode()]
                 for entry in config.pop("write_files", [])]
        assert files == case["files"], ("files", files, case["files"])
        assert config == case["config"], ("config", config, case["config"])
    name, words = steps(script)
    assert name == case["id"], ("id", name)
    assert words == case["words"], ("words", words, case["words"])


for line in sys.stdin:
    try:
        compare(json.loads(line))
        print("ok")
    except Exception as error:
        print(repr(error).replace("\n", " ")[:4000])
    sys.stdout.flush()
