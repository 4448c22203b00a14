#!/usr/bin/env python3
"""Checks responses against the OpenAPI 3.1 document that describes them.

usage: check.py DOCUMENT EXCHANGES     each line of EXCHANGES is a JSON object: method, path, type, body (the request's),
                                       status, answer_type, answer, headers

Prints every mistake. Exits with 1 if there is any, or if a documented response never occurred.
"""
import json
import sys
import urllib.parse

import jsonschema

document = json.load(open(sys.argv[1]))
exchanges = [json.loads(line) for line in open(sys.argv[2])]
mistakes = []


def resolve(part):
    while "$ref" in part:
        assert part["$ref"].startswith("#/")
        target = document
        for name in part["$ref"][2:].split("/"):
            target = target[name]
        part = target
    return part


def validator(schema):
    # OpenAPI 3.1 uses JSON Schema 2020-12, and its references point into the document.
    whole = {**schema, "components": document["components"]}
    jsonschema.Draft202012Validator.check_schema(whole)
    return jsonschema.Draft202012Validator(whole, format_checker=jsonschema.FormatChecker())


def check(schema, value, what):
    for error in validator(schema).iter_errors(value):
        mistakes.append(f"{what}: {error.json_path}: {error.message[:300]}")


# A misspelled keyword would check nothing.
KEYWORDS = {
    "$ref", "type", "enum", "const", "required", "properties", "additionalProperties", "oneOf", "items", "minItems",
    "uniqueItems", "minimum", "maximum", "minLength", "maxLength", "pattern", "format", "description", "default",
}


def known(schema, place):
    for name in schema.keys() - KEYWORDS:
        mistakes.append(f"{place}: unknown keyword {name}")
    for name, part in schema.get("properties", {}).items():
        known(part, f"{place}.{name}")
    for part in schema.get("oneOf", []):
        known(part, place)
    if "items" in schema:
        known(schema["items"], place)


for name, schema in document["components"]["schemas"].items():
    known(schema, name)
    validator(schema)

seen = set()
for exchange in exchanges:
    method, status = exchange["method"].lower(), str(exchange["status"])
    path, _, query = exchange["path"].partition("?")
    what = f"{method.upper()} {path} {status}"
    operation = document["paths"].get(path, {}).get(method)
    if operation is None:
        mistakes.append(f"{what}: the operation is not documented")
        continue
    response = operation["responses"].get(status)
    if response is None:
        mistakes.append(f"{what}: the status is not documented: {exchange['answer'][:300]}")
        continue
    seen.add((method, path, status))
    response = resolve(response)
    for name, header in response.get("headers", {}).items():
        value = exchange["headers"].get(name.lower())
        if value is not None:
            check(resolve(header)["schema"], value, f"{what} {name}")
        elif header.get("required"):
            mistakes.append(f"{what}: the header field {name} is missing")
    content = response.get("content")
    if not content:
        if exchange["answer"]:
            mistakes.append(f"{what}: the response has a body, but none is documented")
    elif exchange["answer_type"] not in content:
        mistakes.append(f"{what}: the media type {exchange['answer_type']} is not documented")
    else:
        check(content[exchange["answer_type"]]["schema"], json.loads(exchange["answer"]), what)
    # An accepted request must match the document.
    parameters = map(resolve, operation.get("parameters", []))
    documented = {parameter["name"] for parameter in parameters if parameter["in"] == "query"}
    for name in urllib.parse.parse_qs(query).keys() - documented if status.startswith("2") else ():
        mistakes.append(f"{what}: the parameter {name} is not documented")
    if status.startswith("2") and exchange.get("body"):
        check(operation["requestBody"]["content"]["application/json"]["schema"], json.loads(exchange["body"]), f"{what} body")

for path, operations in document["paths"].items():
    for method, operation in operations.items():
        for status in operation["responses"]:
            if (method, path, status) not in seen:
                mistakes.append(f"{method.upper()} {path} {status}: the response never occurred")

print("\n".join(mistakes) or f"{len(exchanges)} responses match the document")
sys.exit(1 if mistakes else 0)
