"""Fails unless standard input is a valid CycloneDX 1.6 bill of materials, with every purl in its canonical form."""
import json
import sys

from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from packageurl import PackageURL

text = sys.stdin.read()
error = JsonStrictValidator(SchemaVersion.V1_6).validate_str(text)
if error:
    sys.exit(str(error))
for component in json.loads(text)["components"]:
    if PackageURL.from_string(component["purl"]).to_string() != component["purl"]:
        sys.exit(f"{component['purl']} is not in its canonical form")
