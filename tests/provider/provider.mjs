// A certified OpenID provider that is not ours, for the tests of single sign-on.
//   node provider.mjs '{"port":0,"key":"…","certificate":"…","client":"…","secret":"…","redirect":"…"}'
// It prints its issuer once it listens. Everybody may sign in, with any password, but for what
// `GET /test/twist?how=…` tells it to do wrong from then on.
import { generateKeyPairSync, createHmac } from "node:crypto";
import { readFileSync } from "node:fs";
import { createServer } from "node:https";
import { SignJWT, exportJWK } from "jose";
import { Provider } from "oidc-provider";

const options = JSON.parse(process.argv[2]);
const server = createServer({
  key: readFileSync(options.key),
  cert: readFileSync(options.certificate),
});
await new Promise((resolve) => server.listen(options.port, "127.0.0.1", resolve));
const issuer = `https://127.0.0.1:${server.address().port}`;

const { privateKey, publicKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
// Another process has another key, and another name for it.
const kid = `key-${process.pid}`;
const jwk = { ...(await exportJWK(privateKey)), kid, alg: "RS256", use: "sig" };
const pem = publicKey.export({ type: "spki", format: "pem" });

const accounts = {
  // Two people whom the provider tells apart and the centre does not know.
  stranger: {},
  // Somebody who writes another person's address into their own account.
  pretender: { email: "zhouqian@example.cn", email_verified: false },
};

const provider = new Provider(issuer, {
  clients: [
    {
      client_id: options.client,
      client_secret: options.secret,
      redirect_uris: [options.redirect],
      response_types: ["code"],
      grant_types: ["authorization_code"],
    },
  ],
  jwks: { keys: [jwk] },
  pkce: { required: () => true },
  cookies: { keys: ["a test's key"] },
  // As some providers do, and others do not: the rest is told by userinfo.
  conformIdTokenClaims: options.strict ?? false,
  claims: {
    openid: ["sub"],
    profile: ["preferred_username", "name"],
    email: ["email", "email_verified"],
  },
  findAccount: (_context, login) => ({
    accountId: login,
    claims: () => ({
      sub: login,
      preferred_username: login,
      email: `${login}@example.cn`,
      email_verified: true,
      ...accounts[login],
    }),
  }),
});

const later = (seconds) => Math.floor(Date.now() / 1000) + seconds;
const part = (value) => Buffer.from(JSON.stringify(value)).toString("base64url");
const signed = (claims) => new SignJWT(claims).setProtectedHeader({ alg: "RS256", kid }).sign(privateKey);

/** What can be wrong with an ID token, by name. */
const twists = {
  audience: (claims) => signed({ ...claims, aud: "somebody-else" }),
  issuer: (claims) => signed({ ...claims, iss: "https://evil.example" }),
  nonce: (claims) => signed({ ...claims, nonce: "another sign-in's" }),
  expired: (claims) => signed({ ...claims, iat: later(-4000), exp: later(-3600) }),
  unsigned: (claims) => `${part({ alg: "none" })}.${part(claims)}.`,
  shared: (claims) => {
    const text = `${part({ alg: "HS256", kid })}.${part(claims)}`;
    return `${text}.${createHmac("sha256", pem).update(text).digest("base64url")}`;
  },
  forged: (claims, token) => {
    const [header, , signature] = token.split(".");
    return `${header}.${part({ ...claims, preferred_username: "hejing" })}.${signature}`;
  },
};
let twist = null;

provider.use(async (context, next) => {
  if (context.path === "/test/twist") {
    twist = context.query.how ?? null;
    context.body = "";
    return;
  }
  if (twist === "away") context.throw(503);
  await next();
  const token = context.path === "/token" && context.body?.id_token;
  if (!token || !twists[twist]) return;
  const claims = JSON.parse(Buffer.from(token.split(".")[1], "base64url"));
  context.body = { ...context.body, id_token: await twists[twist](claims, token) };
});

server.on("request", provider.callback());
console.log(issuer);
