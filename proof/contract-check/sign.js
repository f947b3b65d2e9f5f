// This script requests a token, and calls the routes for allocations. The environment
// variables UPVEST_API_* contain the server's URL and the credentials. The package
// http-message-signatures creates the signatures. For each request, the script prints a
// line with the method, the path and the status. If the status is 300 or higher, the body
// of the response follows.
'use strict';
const crypto = require('node:crypto');
const fs = require('node:fs');
const http = require('node:http');
const { createRequire } = require('node:module');
const { httpbis } = createRequire(`${process.argv[2]}/sign.js`)('http-message-signatures');

const env = (name) => process.env[`UPVEST_API_${name}`];
const key = crypto.createPrivateKey(fs.readFileSync(env('HTTP_SIGN_PRIVATE_KEY_FILENAME')));
const isEd25519 = key.asymmetricKeyType === 'ed25519';
const signer = {
  id: env('KEY_ID'),
  alg: isEd25519 ? 'ed25519' : undefined,
  sign: async (base) => (isEd25519 ? crypto.sign(null, base, key) : crypto.sign('sha512', base, { key, dsaEncoding: 'der' })),
};

async function call(method, path, { body, contentType = 'application/json', token, idempotent } = {}) {
  const url = new URL(path, env('BASE_URL'));
  const headers = { accept: 'application/json', 'upvest-client-id': env('CLIENT_ID'), 'upvest-signature-version': '15' };
  const fields = ['@method', '@path', 'accept', 'upvest-client-id'];
  if (url.search) fields.push('@query');
  if (token) {
    headers.authorization = `Bearer ${token}`;
    fields.push('authorization');
  }
  if (body) {
    headers['content-type'] = contentType;
    headers['content-length'] = String(Buffer.byteLength(body));
    headers['content-digest'] = `sha-512=:${crypto.createHash('sha512').update(body).digest('base64')}:`;
    fields.push('content-type', 'content-length', 'content-digest');
  }
  if (idempotent) {
    headers['idempotency-key'] = crypto.randomUUID();
    fields.push('idempotency-key');
  }
  const now = Date.now();
  const params = ['keyid', 'created', 'expires', 'nonce'];
  if (isEd25519) params.push('alg');
  const signed = await httpbis.signMessage(
    {
      key: signer,
      name: 'sig1',
      fields,
      params,
      paramValues: { created: new Date(now), expires: new Date(now + 60000), nonce: crypto.randomBytes(12).toString('base64') },
    },
    { method, url, headers },
  );
  return new Promise((resolve, reject) => {
    const request = http.request(url, { method, headers: signed.headers }, (response) => {
      let text = '';
      response.on('data', (chunk) => { text += chunk; });
      response.on('end', () => {
        console.log(`${method} ${url.pathname} ${response.statusCode}${response.statusCode < 300 ? '' : ` ${text}`}`);
        resolve(text ? JSON.parse(text) : {});
      });
    });
    request.on('error', reject);
    request.end(body);
  });
}

async function main() {
  const form = new URLSearchParams({
    client_id: env('CLIENT_ID'),
    client_secret: env('CLIENT_SECRET'),
    grant_type: 'client_credentials',
    scope: env('SCOPES').replaceAll(',', ' '),
  });
  const { access_token: token } = await call('POST', '/auth/token', { body: form.toString(), contentType: 'application/x-www-form-urlencoded' });
  const allocation = { name: 'Ünïcode', allocation: [{ instrument_id: 'IE00B0M62Q58', instrument_id_type: 'ISIN', weight: '1' }] };
  const { id } = await call('POST', '/portfolios/allocations', { body: JSON.stringify(allocation), token, idempotent: true });
  await call('GET', `/portfolios/allocations/${id}`, { token });
  await call('GET', '/portfolios/allocations?sort=id&order=ASC&limit=10&start_date=2020-01-01T00%3A00%3A00Z', { token });
  await call('PUT', `/portfolios/allocations/${id}`, { body: JSON.stringify(allocation), token });
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
