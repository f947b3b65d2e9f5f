// This plugin for Redocly CLI contains this repository's rules for openapi.yaml. The file
// redocly.yaml enables the rules.

const commonHeaders = ['upvest-client-id', 'authorization', 'signature', 'signature-input', 'upvest-api-version'];
const keyedVerbs = ['post', 'patch'];
const verbs = ['get', 'put', 'post', 'patch', 'delete', 'head', 'options', 'trace'];

const headers = (parameters, resolve) =>
  (parameters ?? []).map((parameter) => resolve(parameter).node ?? parameter).filter((p) => p.in === 'header').map((p) => p.name);

// All operations have the headers that commonHeaders lists, so every path item must
// declare these headers.
const commonHeadersOnPaths = () => ({
  PathItem(item, { report, resolve }) {
    const declared = headers(item.parameters, resolve);
    for (const name of commonHeaders.filter((name) => !declared.includes(name))) {
      report({ message: `The path item does not declare the header ${name}.` });
    }
  },
});

// A POST or PATCH can be repeated safely only with an idempotency key, so these
// operations must declare the header. All other methods are idempotent without a key, so
// they must not declare the header.
const idempotencyKey = () => ({
  PathItem(item, { report, resolve, location }) {
    for (const verb of verbs.filter((verb) => item[verb])) {
      const declared = headers([...(item.parameters ?? []), ...(item[verb].parameters ?? [])], resolve).includes('idempotency-key');
      if (declared !== keyedVerbs.includes(verb)) {
        const message = `A ${verb.toUpperCase()} ${declared ? 'must not' : 'must'} declare the header idempotency-key.`;
        report({ message, location: location.child([verb]) });
      }
    }
  },
});

const scopes = () => ({
  Operation(operation, { report }) {
    const requirements = operation.security ?? [];
    const named = requirements.every((requirement) => {
      const lists = Object.values(requirement);
      return lists.length > 0 && lists.every((list) => list.length > 0);
    });
    if (requirements.length === 0 || !named) {
      report({ message: 'The operation does not list the scopes that it requires.' });
    }
  },
});

// Upvest's support asks for the request ID, so every response, whether successful or not,
// must declare the header with this ID.
const requestID = () => ({
  Response(response, { report }) {
    if (!response.headers?.['upvest-request-id']) {
      report({ message: 'The response does not declare the header upvest-request-id.' });
    }
  },
});

// Every body must have an example, because tests, mock servers and readers use examples.
const bodyExamples = () => ({
  MediaType(media, { report }) {
    if (media.example === undefined && Object.keys(media.examples ?? {}).length === 0) {
      report({ message: 'The body has no example.' });
    }
  },
});

// Upvest's versioning policy allows new fields at any time, so no schema may forbid them.
const openObjects = () => ({
  Schema(schema, { report }) {
    if (schema.additionalProperties === false) {
      report({ message: 'The object allows no additional properties: remove additionalProperties, because new fields are compatible changes.' });
    }
  },
});

export default () => ({
  id: 'house',
  rules: {
    oas3: {
      'common-headers-on-paths': commonHeadersOnPaths,
      'idempotency-key': idempotencyKey,
      scopes,
      'request-id': requestID,
      'body-examples': bodyExamples,
      'open-objects': openObjects,
    },
  },
});
