"""Integration tests that place orders on a sandbox, with the standard library's unittest:

    upvest-sandbox -control -- python3 examples/python/test_orders.py

Each test creates a separate world, with its own client, state, faults and journal.
"""

import json
import os
import unittest
import urllib.request
import uuid

from upvest import Client

ALLOCATION = "19030e36-49d4-4889-9773-6339d2e3ceee"
ACCOUNT = "dce29887-b5ed-4fa4-9a8a-8aa83dece777"
ORDER = {
    "account_id": ACCOUNT,
    "user_id": "4b9732bd-7496-4e91-8a5f-6360479d7fed",
    "cash_amount": "100.00",
    "currency": "EUR",
    "side": "BUY",
}


def control(method, path, value=None):
    """Sends a request to the control endpoint, which requires no signature."""
    request = urllib.request.Request(
        f"{os.environ['UPVEST_API_BASE_URL']}/_sandbox/{path}",
        data=json.dumps(value).encode() if value else None,
        method=method,
    )
    with urllib.request.urlopen(request, timeout=30) as response:
        body = response.read()
    return json.loads(body) if body else None


class OrdersTest(unittest.TestCase):
    def setUp(self):
        """Creates a world in which the account follows an allocation."""
        weights = {"IE00B0M62Q58": "0.7", "US0378331005": "0.3"}
        state = {
            "allocations": [{"id": ALLOCATION, "weights": weights}],
            "accounts": [{"id": ACCOUNT, "allocation_id": ALLOCATION}],
        }
        made = control("POST", "worlds", {"state": state})
        self.world = f"worlds/{made['client_id']}"
        self.addCleanup(control, "DELETE", self.world)
        self.client = Client(made["variables"])
        self.client.login()

    def inject(self, **fault):
        control("POST", f"{self.world}/faults", {"operation": "create_portfolios_order", **fault})

    def placed(self):
        """Returns the IDs of the orders that the sandbox has placed for the account."""
        query = f"operation=create_portfolios_order&account={ACCOUNT}"
        effects = control("GET", f"{self.world}/effects?{query}")
        self.assertEqual(effects["dropped"], 0)
        return [effect["resource_id"] for effect in effects["data"]]

    def test_repeated_order_is_placed_once(self):
        key = str(uuid.uuid4())
        status, first = self.client.call("POST", "/portfolios/orders", ORDER, key)
        self.assertEqual(status, 200, first)
        status, again = self.client.call("POST", "/portfolios/orders", ORDER, key)
        self.assertEqual((status, again), (200, first))
        self.assertEqual(self.placed(), [first["id"]])
        status, page = self.client.call("GET", f"/portfolios/orders?account_id={ACCOUNT}&limit=10")
        self.assertEqual(status, 200, page)
        self.assertEqual([row["id"] for row in page["data"]], [first["id"]])

    def test_order_with_a_lost_response_is_placed_once(self):
        self.inject(after=True, reset=True)
        key = str(uuid.uuid4())
        with self.assertRaises(ConnectionError):
            self.client.call("POST", "/portfolios/orders", ORDER, key)
        pending = control("GET", f"{self.world}/faults")["data"]
        self.assertEqual(pending, [])  # the fault was applied to the request
        orders = self.placed()
        status, again = self.client.call("POST", "/portfolios/orders", ORDER, key)
        self.assertEqual(status, 200, again)
        self.assertEqual(orders, [again["id"]])
        self.assertEqual(self.placed(), orders)

    def test_order_is_not_placed_while_the_service_is_unavailable(self):
        self.inject(status=503)
        status, problem = self.client.call("POST", "/portfolios/orders", ORDER)
        self.assertEqual((status, problem["status"]), (503, 503))
        self.assertEqual(self.placed(), [])


if __name__ == "__main__":
    unittest.main()
