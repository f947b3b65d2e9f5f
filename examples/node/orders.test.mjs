// Integration tests that place orders on a sandbox, with the test runner of Node.js:
//
//   upvest-sandbox -control -- node --test examples/node/orders.test.mjs
//
// Each test creates a separate world, with its own client, state, faults and journal.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { test } from 'node:test';

import { Client } from './upvest.mjs';

const allocation = '19030e36-49d4-4889-9773-6339d2e3ceee';
const account = 'dce29887-b5ed-4fa4-9a8a-8aa83dece777';
const order = {
  account_id: account,
  user_id: '4b9732bd-7496-4e91-8a5f-6360479d7fed',
  cash_amount: '100.00',
  currency: 'EUR',
  side: 'BUY',
};

// Sends a request to the control endpoint, which requires no signature.
async function control(method, path, value) {
  const response = await fetch(`${process.env.UPVEST_API_BASE_URL}/_sandbox/${path}`, {
    method,
    body: value && JSON.stringify(value),
  });
  const text = await response.text();
  assert.ok(response.ok, `${method} ${path}: ${response.status} ${text}`);
  return text && JSON.parse(text);
}

// Creates a world in which the account follows an allocation.
async function newWorld(t) {
  const state = {
    allocations: [{ id: allocation, weights: { IE00B0M62Q58: '0.7', US0378331005: '0.3' } }],
    accounts: [{ id: account, allocation_id: allocation }],
  };
  const { client_id: id, variables } = await control('POST', 'worlds', { state });
  t.after(() => control('DELETE', `worlds/${id}`));
  const client = new Client(variables);
  await client.login();
  return {
    client,
    inject: (fault) => control('POST', `worlds/${id}/faults`, fault),
    pending: async () => (await control('GET', `worlds/${id}/faults`)).data,
    // Returns the IDs of the orders that the sandbox has placed for the account.
    placed: async () => {
      const query = `operation=create_portfolios_order&account=${account}`;
      const { dropped, data } = await control('GET', `worlds/${id}/effects?${query}`);
      assert.equal(dropped, 0);
      return data.map((effect) => effect.resource_id);
    },
  };
}

test('an order that is repeated with its idempotency key is placed once', async (t) => {
  const world = await newWorld(t);
  const key = randomUUID();
  const first = await world.client.call('POST', '/portfolios/orders', order, key);
  assert.equal(first.status, 200, JSON.stringify(first.body));
  const again = await world.client.call('POST', '/portfolios/orders', order, key);
  assert.deepEqual(again, first);
  assert.deepEqual(await world.placed(), [first.body.id]);
  const list = await world.client.call('GET', `/portfolios/orders?account_id=${account}&limit=10`);
  assert.equal(list.status, 200, JSON.stringify(list.body));
  assert.deepEqual(list.body.data.map((row) => row.id), [first.body.id]);
});

test('an order whose response is lost is placed once', async (t) => {
  const world = await newWorld(t);
  await world.inject({ operation: 'create_portfolios_order', after: true, reset: true });
  const key = randomUUID();
  await assert.rejects(world.client.call('POST', '/portfolios/orders', order, key), TypeError);
  assert.deepEqual(await world.pending(), []); // the fault was applied to the request
  const [id] = await world.placed();
  const again = await world.client.call('POST', '/portfolios/orders', order, key);
  assert.equal(again.status, 200, JSON.stringify(again.body));
  assert.equal(again.body.id, id);
  assert.deepEqual(await world.placed(), [id]);
});

test('an order is not placed while the service is unavailable', async (t) => {
  const world = await newWorld(t);
  await world.inject({ operation: 'create_portfolios_order', status: 503 });
  const refused = await world.client.call('POST', '/portfolios/orders', order);
  assert.equal(refused.status, 503);
  assert.equal(refused.body.status, 503);
  assert.deepEqual(await world.placed(), []);
});
