// An OpenID Connect provider (npm: oidc-provider, certified) for the agents that check tokens.
//
//   node oidc.mjs FOLDER [--port N] [--ttl SECONDS] [--delay MILLISECONDS] [--jwks JSON] [--keys JSON] [--opaque]
//
// --delay is how long the token endpoint takes; --keys are private keys that it signs with, in place of its
// own. Clients: `service` (secret below, client_credentials), `caller` (the same, with the scope of a bridge),
// `late` (its secret has expired), `post` (its secret in the form), `signed` (private_key_jwt with the
// keys of --jwks), `person` (public: code with PKCE, device, refresh), `bridge` (signs callers in, and
// exchanges their tokens for the audience `agent`).
// `GET /requests` shows the requests to the token endpoint: the grant, the client, the error, and
// what nobody else may see: codes, verifiers, tokens.
// A person signs in at the provider's own pages for development, with any name.

import { appendFileSync } from "node:fs";
import { createServer } from "node:http";
import { createRequire } from "node:module";
import { setTimeout } from "node:timers/promises";
import { pathToFileURL } from "node:url";
import { parseArgs } from "node:util";

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: {
    port: { type: "string", default: "0" },
    ttl: { type: "string", default: "600" },
    delay: { type: "string", default: "0" },
    jwks: { type: "string", default: '{"keys":[]}' },
    keys: { type: "string" },
    opaque: { type: "boolean", default: false },
  },
});
const installed = createRequire(`${positionals[0]}/`);
const { default: Provider } = await import(pathToFileURL(installed.resolve("oidc-provider")).href);

const EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange";
const ACCESS_TOKEN = "urn:ietf:params:oauth:token-type:access_token";
const jose = createRequire(installed.resolve("oidc-provider")).resolve("jose");
const { createRemoteJWKSet, jwtVerify } = await import(pathToFileURL(jose).href);

const ttl = Number(values.ttl);
const machine = {
  grant_types: ["client_credentials"],
  redirect_uris: [],
  response_types: [],
  scope: "read write",
};
const requests = [];

// Says to the tests what nobody else may be told (noting.py).
function note(secrets) {
  const folder = process.env.TEST_CANARIES;
  const lines = secrets.map((secret) => `${JSON.stringify(secret)}\n`).join("");
  if (folder) appendFileSync(`${folder}/secrets-${process.pid}`, lines);
}

function provider(issuer) {
  const made = new Provider(issuer, {
    clients: [
      { client_id: "service", client_secret: "s3cret:+ %&/", ...machine },
      { client_id: "caller", client_secret: "ca11er-secret", ...machine, scope: "a2a read" },
      { client_id: "late", client_secret: "exp1red-secret", client_secret_expires_at: 1, ...machine },
      {
        client_id: "post",
        client_secret: "p0st-secret",
        token_endpoint_auth_method: "client_secret_post",
        ...machine,
      },
      {
        client_id: "signed",
        token_endpoint_auth_method: "private_key_jwt",
        token_endpoint_auth_signing_alg: "ES256",
        jwks: JSON.parse(values.jwks),
        ...machine,
      },
      {
        client_id: "person",
        application_type: "native",
        token_endpoint_auth_method: "none",
        grant_types: [
          "authorization_code",
          "refresh_token",
          "urn:ietf:params:oauth:grant-type:device_code",
        ],
        redirect_uris: ["http://127.0.0.1/callback", "http://127.0.0.1/sign-in/callback"],
        response_types: ["code"],
      },
      {
        client_id: "bridge",
        application_type: "native",
        client_secret: "br1dge-secret",
        grant_types: ["authorization_code", EXCHANGE],
        redirect_uris: ["http://127.0.0.1/sign-in/callback"],
        response_types: ["code"],
      },
    ].filter((client) => client.client_id !== "signed" || client.jwks.keys.length),
    ...(values.keys && { jwks: JSON.parse(values.keys) }),
    pkce: { required: () => true },
    scopes: ["openid", "offline_access", "read", "write", "a2a"],
    ttl: {
      AccessToken: ttl,
      ClientCredentials: ttl,
      RefreshToken: 3600,
      DeviceCode: 60,
      AuthorizationCode: 60,
      Grant: 3600,
      Session: 3600,
      Interaction: 600,
    },
    rotateRefreshToken: true,
    issueRefreshToken: async (_context, client, code) =>
      client.grantTypeAllowed("refresh_token") && code.scopes.has("offline_access"),
    features: {
      clientCredentials: { enabled: true },
      deviceFlow: { enabled: true },
      devInteractions: { enabled: true },
      introspection: { enabled: true, allowedPolicy: () => true },
      registration: { enabled: true },
      revocation: { enabled: true },
      // A token that is asked for with a resource is a JWT for it, as hosts ask for one; with --opaque a word.
      resourceIndicators: {
        enabled: true,
        useGrantedResource: () => true,
        getResourceServerInfo: (_context, resource) => ({
          scope: "a2a",
          audience: resource,
          accessTokenFormat: values.opaque ? "opaque" : "jwt",
          jwt: { sign: { alg: "RS256" } },
        }),
      },
    },
    findAccount: (_context, id) => ({ accountId: id, claims: async () => ({ sub: id }) }),
  });
  const subject_parameters = ["subject_token", "subject_token_type", "audience", "scope"];
  made.registerGrantType(EXCHANGE, exchange(made), subject_parameters);
  made.use(async (context, next) => {
    if (context.path === "/token") await setTimeout(Number(values.delay));
    await next();
    if (context.path === "/device/auth") note([context.body?.device_code].filter(Boolean));
    if (context.path === "/reg") requests.push({ grant: "registration", secrets: [] });
    if (context.path !== "/token") return;
    const { params, client } = context.oidc ?? {};
    const error = context.body?.error;
    const { code, code_verifier, refresh_token, scope, subject_token } = params ?? {};
    const given = [context.body?.access_token, context.body?.refresh_token, context.body?.id_token];
    const secrets = [code, code_verifier, refresh_token, subject_token, ...given].filter(Boolean);
    note(secrets);
    requests.push({ grant: params?.grant_type, client: client?.clientId, error, scope, secrets });
  });
  return made;
}

// Token exchange (RFC 8693): a token that this provider gave to a person, for one of the agent.
function exchange(made) {
  const keys = createRemoteJWKSet(new URL(`${made.issuer}/jwks`));
  const person = async (token) =>
    (await made.AccessToken.find(token))?.accountId ??
    (await jwtVerify(token, keys, { issuer: made.issuer })).payload.sub;
  const refused = (context, error) => {
    context.status = 400;
    context.body = { error };
  };
  return async (context) => {
    const { client, params } = context.oidc;
    if (params.subject_token_type !== ACCESS_TOKEN) return refused(context, "invalid_request");
    if (params.audience !== "agent") return refused(context, "invalid_target");
    const accountId = await person(params.subject_token).catch(() => undefined);
    if (!accountId) return refused(context, "invalid_grant");
    const grant = new made.Grant({ accountId, clientId: client.clientId });
    grant.addOIDCScope(params.scope ?? "read");
    const token = new made.AccessToken({
      accountId,
      client,
      grantId: await grant.save(),
      gty: "exchange",
      scope: params.scope ?? "read",
    });
    context.body = {
      access_token: await token.save(),
      issued_token_type: ACCESS_TOKEN,
      token_type: "Bearer",
      expires_in: token.expiration,
    };
  };
}

const server = createServer().listen(Number(values.port), "127.0.0.1", () => {
  const url = `http://127.0.0.1:${server.address().port}`;
  const answer = provider(url).callback();
  server.on("request", (request, response) => {
    if (request.url !== "/requests") return answer(request, response);
    response.setHeader("content-type", "application/json").end(JSON.stringify(requests));
  });
  console.log(JSON.stringify({ url }));
});
// The pipe closes however the test run ends, kill -9 included.
process.stdin.on("end", () => process.exit(0)).resume();
