"""A client for the portfolios API in Python 3. In addition to the standard library, it
needs the package cryptography, because the standard library has no ECDSA and no Ed25519.

It signs requests as Upvest documents, with HTTP message signatures, version 15. It does
not retry requests or renew its access token.
"""

import base64
import hashlib
import http.client
import json
import secrets
import time
import urllib.parse
import uuid

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec


class Client:
    def __init__(self, variables):
        """The argument maps the name of each variable that upvest-sandbox prints to its value.

        The private key must be PEM without encryption, in UPVEST_API_HTTP_SIGN_PRIVATE_KEY
        or in the file that UPVEST_API_HTTP_SIGN_PRIVATE_KEY_FILENAME names.
        """
        self.base = urllib.parse.urlsplit(variables["UPVEST_API_BASE_URL"])
        self.id = variables["UPVEST_API_CLIENT_ID"]
        self.secret = variables["UPVEST_API_CLIENT_SECRET"]
        self.key_id = variables["UPVEST_API_KEY_ID"]
        pem = variables["UPVEST_API_HTTP_SIGN_PRIVATE_KEY"].encode()
        if not pem:
            with open(variables["UPVEST_API_HTTP_SIGN_PRIVATE_KEY_FILENAME"], "rb") as file:
                pem = file.read()
        self.key = serialization.load_pem_private_key(pem, password=None)
        self.token = None

    def login(self, scope="portfolios:read portfolios:admin"):
        """Requests an access token (POST /auth/token), which all later calls send."""
        form = urllib.parse.urlencode({
            "client_id": self.id,
            "client_secret": self.secret,
            "grant_type": "client_credentials",
            "scope": scope,
        })
        status, body = self.send("POST", "/auth/token", {}, form)
        if status != 200:
            raise RuntimeError(f"request an access token: status {status} {body}")
        self.token = body["access_token"]

    def call(self, method, target, value=None, idempotency_key=None):
        """Calls an operation, and returns the status and the body of the response.

        The target is the path, followed by the query if there is one. To repeat a POST
        or PATCH, pass the idempotency key of the first attempt.
        """
        headers = {"authorization": f"Bearer {self.token}"}
        if method in ("POST", "PATCH"):
            headers["idempotency-key"] = idempotency_key or str(uuid.uuid4())
        return self.send(method, target, headers, json.dumps(value) if value else None)

    def send(self, method, target, extra, text):
        headers = {
            "accept": "application/json",
            "upvest-client-id": self.id,
            "upvest-api-version": "1",
            **extra,
        }
        body = text.encode() if text else None
        if body:
            is_token = target == "/auth/token"
            headers["content-type"] = (
                "application/x-www-form-urlencoded" if is_token else "application/json"
            )
            headers["content-length"] = str(len(body))
            digest = base64.b64encode(hashlib.sha512(body).digest()).decode()
            headers["content-digest"] = f"sha-512=:{digest}:"
        self.sign(method, target, headers)
        connect = http.client.HTTPConnection
        if self.base.scheme == "https":
            connect = http.client.HTTPSConnection
        connection = connect(self.base.hostname, self.base.port, timeout=30)
        try:
            connection.request(method, target, body, headers)
            response = connection.getresponse()
            received = response.read()
        finally:
            connection.close()
        return response.status, json.loads(received) if received else None

    def sign(self, method, target, headers):
        """Adds a signature that covers the method, the path, the query and the given headers."""
        path, has_query, query = target.partition("?")
        components = {"@method": method, "@path": path}
        if has_query:
            components["@query"] = "?" + query
        components.update(headers)
        created = int(time.time())
        names = " ".join(f'"{name}"' for name in components)
        parameters = (
            f'({names});keyid="{self.key_id}";created={created};expires={created + 60}'
            f';nonce="{secrets.token_hex(12)}"'
        )
        lines = [f'"{name}": {value}' for name, value in components.items()]
        lines.append(f'"@signature-params": {parameters}')
        base = "\n".join(lines).encode()
        if isinstance(self.key, ec.EllipticCurvePrivateKey):
            # The library encodes an ECDSA signature as ASN.1 DER.
            signature = self.key.sign(base, ec.ECDSA(hashes.SHA512()))
        else:
            signature = self.key.sign(base)  # Ed25519
        headers["upvest-signature-version"] = "15"
        headers["signature-input"] = f"sig1={parameters}"
        headers["signature"] = f"sig1=:{base64.b64encode(signature).decode()}:"
