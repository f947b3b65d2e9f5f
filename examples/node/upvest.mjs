// A client for the portfolios API in Node.js, without dependencies. It signs requests as
// Upvest documents, with HTTP message signatures, version 15. It does not retry requests
// or renew its access token, and it sets no timeouts.
import { createHash, createPrivateKey, randomBytes, randomUUID, sign } from 'node:crypto';
import { readFileSync } from 'node:fs';

export class Client {
  // The argument is an object that maps the name of each variable that upvest-sandbox
  // prints to its value. The private key must be PEM without encryption, in
  // UPVEST_API_HTTP_SIGN_PRIVATE_KEY or in the file that
  // UPVEST_API_HTTP_SIGN_PRIVATE_KEY_FILENAME names.
  constructor(variables) {
    this.baseURL = variables.UPVEST_API_BASE_URL;
    this.id = variables.UPVEST_API_CLIENT_ID;
    this.secret = variables.UPVEST_API_CLIENT_SECRET;
    this.keyID = variables.UPVEST_API_KEY_ID;
    const pem =
      variables.UPVEST_API_HTTP_SIGN_PRIVATE_KEY ||
      readFileSync(variables.UPVEST_API_HTTP_SIGN_PRIVATE_KEY_FILENAME);
    this.key = createPrivateKey(pem);
  }

  // Requests an access token (POST /auth/token), which all later calls send.
  async login(scope = 'portfolios:read portfolios:admin') {
    const form = new URLSearchParams({
      client_id: this.id,
      client_secret: this.secret,
      grant_type: 'client_credentials',
      scope,
    });
    const { status, body } = await this.send('POST', '/auth/token', {}, form.toString());
    if (status !== 200) throw new Error(`request an access token: status ${status} ${JSON.stringify(body)}`);
    this.token = body.access_token;
  }

  // Calls an operation. The target is the path, followed by the query if there is one. To
  // repeat a POST or PATCH, pass the idempotency key of the first attempt.
  async call(method, target, value, idempotencyKey = randomUUID()) {
    const headers = { authorization: `Bearer ${this.token}` };
    if (method === 'POST' || method === 'PATCH') headers['idempotency-key'] = idempotencyKey;
    return this.send(method, target, headers, value && JSON.stringify(value));
  }

  async send(method, target, extra, body) {
    const headers = {
      accept: 'application/json',
      'upvest-client-id': this.id,
      'upvest-api-version': '1',
      ...extra,
    };
    if (body) {
      headers['content-type'] =
        target === '/auth/token' ? 'application/x-www-form-urlencoded' : 'application/json';
      headers['content-length'] = String(Buffer.byteLength(body));
      headers['content-digest'] = `sha-512=:${createHash('sha512').update(body).digest('base64')}:`;
    }
    this.sign(method, target, headers);
    const response = await fetch(this.baseURL + target, {
      method,
      headers,
      body,
      redirect: 'manual', // the signature covers this URL only
    });
    const text = await response.text();
    return { status: response.status, body: text && JSON.parse(text) };
  }

  // Adds a signature that covers the method, the path, the query and the given headers.
  sign(method, target, headers) {
    const [path, query] = target.split('?', 2);
    const components = { '@method': method, '@path': path };
    if (query !== undefined) components['@query'] = `?${query}`;
    Object.assign(components, headers);
    const created = Math.floor(Date.now() / 1000);
    const names = Object.keys(components).map((name) => `"${name}"`);
    const parameters =
      `(${names.join(' ')});keyid="${this.keyID}";created=${created};expires=${created + 60}` +
      `;nonce="${randomBytes(12).toString('hex')}"`;
    const lines = Object.entries(components).map(([name, value]) => `"${name}": ${value}`);
    lines.push(`"@signature-params": ${parameters}`);
    // Ed25519 signs the text itself. ECDSA signs the SHA-512 digest of the text, and
    // `sign` from node:crypto encodes the signature as ASN.1 DER.
    const digest = this.key.asymmetricKeyType === 'ed25519' ? null : 'sha512';
    const signature = sign(digest, Buffer.from(lines.join('\n')), this.key).toString('base64');
    headers['upvest-signature-version'] = '15';
    headers['signature-input'] = `sig1=${parameters}`;
    headers.signature = `sig1=:${signature}:`;
  }
}
