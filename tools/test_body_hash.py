"""Tests of the function at the edge of infra/examples/waf: the hash is that of the body as it was sent."""

from __future__ import annotations

import base64
import hashlib
import importlib.util
import unittest
from pathlib import Path

SOURCE = Path(__file__).resolve().parent.parent / "infra/examples/waf/body_hash.py"
spec = importlib.util.spec_from_file_location("body_hash", SOURCE)
body_hash = importlib.util.module_from_spec(spec)
spec.loader.exec_module(body_hash)


def answer(**body: object) -> dict:
    """What it makes of a request with this body."""
    request = {"method": "POST", "uri": "/", "headers": {"x-tfc-task-signature": [{"value": "ab"}]}}
    if body:
        request["body"] = body
    return body_hash.handler({"Records": [{"cf": {"request": request}}]}, None)


def hash_in(request: dict) -> str:
    return request["headers"]["x-amz-content-sha256"][0]["value"]


class BodyHash(unittest.TestCase):
    def test_a_body_is_hashed_as_it_was_sent(self) -> None:
        content = '{"stage": "pre_plan", "ü": 1}\n'.encode()
        encoded = base64.b64encode(content).decode()
        expected = hashlib.sha256(content).hexdigest()
        self.assertEqual(hash_in(answer(encoding="base64", data=encoded, inputTruncated=False)), expected)
        self.assertEqual(hash_in(answer(encoding="text", data=content.decode(), inputTruncated=False)), expected)

    def test_the_request_goes_on_with_all_that_it_had(self) -> None:
        request = answer(encoding="base64", data="", inputTruncated=False)
        self.assertEqual((request["method"], request["uri"]), ("POST", "/"))
        self.assertIn("x-tfc-task-signature", request["headers"])

    def test_a_request_without_a_body_has_the_hash_of_nothing(self) -> None:
        self.assertEqual(hash_in(answer()), hashlib.sha256(b"").hexdigest())

    def test_a_body_that_was_cut_is_refused(self) -> None:
        self.assertEqual(answer(encoding="base64", data="AAAA", inputTruncated=True)["status"], "413")


if __name__ == "__main__":
    unittest.main()
