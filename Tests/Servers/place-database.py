"""Writes a small location database with another implementation of the format: `place-database.py FILE city|country`."""

import sys

from mmdb_writer import MMDBWriter
from netaddr import IPSet

path, kind = sys.argv[1:3]
places = {
    "192.0.2.0/24": ("DE", "Munich", 48.1374, 11.5755, 20),
    "198.51.100.0/24": ("US", "New York", 40.7128, -74.006, 20),
    "2001:db8:1::/48": ("DE", "Berlin", 52.52, 13.405, 50),
    "203.0.113.0/25": ("AQ", None, None, None, None),
}
writer = MMDBWriter(
    ip_version=6, ipv4_compatible=True, database_type=f"Test-{kind.title()}", languages=["en", "de"],
    float_type="f64", int_type="u16")
for network, (country, city, latitude, longitude, radius) in places.items():
    record = {"country": {"iso_code": country}}
    if kind == "city" and city is not None:
        record["city"] = {"names": {"en": city, "de": "Name"}}
        record["location"] = {"latitude": latitude, "longitude": longitude, "accuracy_radius": radius}
    writer.insert_network(IPSet([network]), record)
# Invalid records: one with types that the format does not allow, and an empty one.
writer.insert_network(IPSet(["203.0.113.128/26"]), {"country": "DE", "location": {"latitude": "north", "longitude": 9}})
writer.insert_network(IPSet(["203.0.113.192/26"]), {})
writer.to_db_file(path)
